"""What gates ask of others: expressions about plain data, stored policies, decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from strongroom.application.paging import Key
from strongroom.domain.gates.question import StoredPolicy


class Expressions(Protocol):
    """Evaluates expressions of CEL that are within bounds (`domain.gates.bounds`), off the event loop."""

    async def evaluate(self, expressions: Sequence[str], view: Mapping[str, Any]) -> Sequence[object]:
        """Of each its truth value, or a text that says why it gives none; in a bounded time, whatever they do."""
        ...


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """What came of a question about a version, with all that it needs to be asked again.

    :param body: the policies with their digests, and of each rule its result and reason.
    :param evidence: SHA-256 of what the rules saw.
    """

    id: int
    uid: str
    workspace_id: int
    version_id: int
    kind: str
    target: str
    source: str
    passed: bool
    evidence: str
    body: Mapping[str, Any]
    decided_by: str
    recorded_at: int


class Policies(Protocol):
    """Policies of workspaces, each with all its versions."""

    def standing(self, workspace_id: int) -> Sequence[StoredPolicy]:
        """Those that are in force, each in its present version, by name."""
        ...

    def lock(self, workspace_id: int, name: str) -> StoredPolicy | None:
        """One in its present version, in force or not, locked until the end of the transaction."""
        ...

    def by_uid(self, workspace_id: int, uid: str, number: int | None = None) -> StoredPolicy | None: ...
    def put(self, policy: StoredPolicy, actor_id: int, /) -> StoredPolicy:
        """Store its next version, or the first (its `id` is 0), and set it in force.

        :raises AlreadyExists: another was stored under its name just now.
        """
        ...

    def retire(self, policy: StoredPolicy, at: int, /) -> StoredPolicy: ...
    def count(self, workspace_id: int) -> int: ...
    def list(self, workspace_id: int, after: Key | None, limit: int) -> Sequence[StoredPolicy]:
        """All, each in its present version, by id."""
        ...

    def versions(self, policy_id: int, after: Key | None, limit: int) -> Sequence[StoredPolicy]:
        """The latest first."""
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """Where a version stands now: at a stage, under an alias, in an environment. :param guarded: a protected alias."""

    kind: str
    target: str
    version_id: int
    guarded: bool = False


class Decisions(Protocol):
    """What gates said; never changed."""

    def add(self, decision: StoredDecision, evidence: str, actor_id: int, /) -> int:
        """Store one (its `id` is ignored) with what the rules saw; its id."""
        ...

    def by_id(self, id_: int, /) -> StoredDecision: ...

    def positions(self, workspace_id: int, limit: int) -> Sequence[Position]:
        """Where live versions of a workspace stand now, those in environments first."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> StoredDecision | None: ...
    def evidence(self, digest: str) -> str: ...
    def list(self, version_id: int, after: Key | None, limit: int) -> Sequence[StoredDecision]:
        """Of a version, the latest first."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """That a version passed gates and stands where they let it, and what the last look at it found.

    :param decision_id: that let it pass. :param risk_since: since when it would not pass any more; None while it would.
    :param reasons: what the rules said then.
    """

    workspace_id: int
    version_id: int
    kind: str
    target: str
    decision_id: int
    risk_since: int | None = None
    reasons: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at what stands rested on. :param mark: policies and flags. :param epoch: the version's."""

    mark: str
    epoch: int
    at: int


class Standings(Protocol):
    """What passed gates and stands there since."""

    def stand(self, standing: Standing, /) -> None:
        """A version has just passed: it is looked at soon, and is at no risk there until then."""
        ...

    def workspaces(self) -> Sequence[int]:
        """Where something stands that passed, by id."""
        ...

    def mark(self, workspace_id: int) -> str:
        """Changes with every policy and every flag of the workspace."""
        ...

    def due(self, workspace_id: int, mark: str, before: int, risky_before: int, limit: int) -> Sequence[Standing]:
        """Those whose version, policies or flags have changed since the last look, or that was before `before`.

        :param risky_before: the same for those at risk.
        """
        ...

    def get(self, version_id: int, kind: str, target: str) -> Standing | None:
        """One, locked until the end of the transaction."""
        ...

    def there(self, standing: Standing) -> bool:
        """Whether the version is still in that place."""
        ...

    def looked(self, standing: Standing, look: Look) -> None:
        """Keep what a look found."""
        ...

    def drop(self, standing: Standing) -> None: ...
    def at_risk(self, version_id: int) -> Sequence[Standing]:
        """Of a version, those that would not pass any more."""
        ...

    def list_at_risk(
        self, workspace_id: int, version_id: int | None, after: Key | None, limit: int
    ) -> Sequence[Standing]:
        """Of a workspace or one version of it, by version, kind and target."""
        ...
