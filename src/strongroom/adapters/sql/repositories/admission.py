"""What calls are admitted on, in SQL: remembered where that is as good as read."""

from collections.abc import Sequence

from strongroom.adapters.sql.admission import GRANTS_MOST, Facts
from strongroom.adapters.sql.repositories.base import Context, Repository
from strongroom.adapters.sql.repositories.grants import SqlGrants
from strongroom.adapters.sql.repositories.recalls import SqlRecalls
from strongroom.adapters.sql.repositories.tokens import SqlTokens
from strongroom.adapters.sql.repositories.workspaces import SqlWorkspaces
from strongroom.application.ports.identity import Held
from strongroom.application.ports.recalls import Standing
from strongroom.domain.registry.model import Workspace


class SqlAdmission(Repository):
    """See :class:`strongroom.application.ports.identity.Admission`.

    :param facts: those that are true where the transaction stands now.
    """

    def __init__(self, context: Context, facts: Facts) -> None:
        super().__init__(context)
        self._facts = facts

    def holder(self, token_id: str) -> Held | None:
        return self._facts.get(self._connection, ("holder", token_id), lambda: self._holder(token_id), _is_small)

    def _holder(self, token_id: str) -> Held | None:
        found = SqlTokens(self._context).holder(token_id)
        return Held(*found, SqlGrants(self._context).resolve(found[1])) if found else None

    def workspace(self, slug: str) -> Workspace | None:
        workspaces = SqlWorkspaces(self._context)
        return self._facts.get(self._connection, ("workspace", slug), lambda: workspaces.by_slug(slug))

    def home(self, workspace_id: int) -> Workspace:
        workspaces = SqlWorkspaces(self._context)
        found = self._facts.get(self._connection, ("home", workspace_id), lambda: workspaces.by_id(workspace_id))
        assert found is not None  # noqa: S101 - a foreign key says that it is there
        return found

    def standing(self, workspace_id: int) -> Sequence[Standing]:
        recalls = SqlRecalls(self._context)
        found = self._facts.get(self._connection, ("recalls", workspace_id), lambda: recalls.standing(workspace_id))
        return found or ()


def _is_small(held: Held) -> bool:
    return len(held.grants) <= GRANTS_MOST
