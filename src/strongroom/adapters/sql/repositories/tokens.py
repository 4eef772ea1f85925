"""Tokens in SQL: the id in clear, the secret as a hash only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from sqlalchemy import BigInteger, bindparam, insert, or_, select, tuple_, update

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.tables import principal, token
from strongroom.application.paging import Key
from strongroom.domain.identity.model import Principal, TokenRow

MINUTE_US = 60_000_000
_TOKEN = [field.name for field in fields(TokenRow)]
_PRINCIPAL = [field.name for field in fields(Principal)]
_HOLDER = Prepared(
    select(
        *(token.c[name] for name in _TOKEN),
        *(principal.c[name].label(f"holder_{name}") for name in _PRINCIPAL),
    )
    .join(principal, principal.c.id == token.c.principal_id)
    .where(token.c.id == bindparam("token_id"))
)


class SqlTokens(Repository):
    """See :class:`strongroom.application.ports.identity.Tokens`."""

    def get(self, token_id: str) -> TokenRow | None:
        row = self._connection.execute(select(token).where(token.c.id == token_id)).one_or_none()
        return load(TokenRow, row) if row else None

    def holder(self, token_id: str) -> tuple[TokenRow, Principal] | None:
        row = _HOLDER.one(self._connection, token_id=token_id)
        if row is None:
            return None
        return TokenRow(*row[: len(_TOKEN)]), Principal(*row[len(_TOKEN) :])

    def add(self, new: TokenRow) -> None:
        self._connection.execute(insert(token).values(asdict(new)))

    def list(self, principal_id: int, after: Key | None, limit: int) -> Sequence[TokenRow]:
        query = select(token).where(token.c.principal_id == principal_id)
        if after is not None:
            query = query.where(tuple_(token.c.recorded_at, token.c.id) < tuple_(*after))
        query = query.order_by(token.c.recorded_at.desc(), token.c.id.desc()).limit(limit)
        return [load(TokenRow, row) for row in self._connection.execute(query)]

    def revoke(self, token_id: str, at: int) -> bool:
        statement = update(token).where(token.c.id == token_id, token.c.revoked_at.is_(None)).values(revoked_at=at)
        return self._connection.execute(statement).rowcount > 0

    def revoke_all(self, principal_id: int, at: int) -> int:
        own = (token.c.principal_id == principal_id, token.c.revoked_at.is_(None))
        return self._connection.execute(update(token).where(*own).values(revoked_at=at)).rowcount

    def touch(self, used: Mapping[str, int]) -> None:
        if not used:
            return
        time = bindparam("used_at", type_=BigInteger())
        statement = (
            update(token)
            .where(
                token.c.id == bindparam("token_id"), or_(token.c.last_used_at.is_(None), token.c.last_used_at < time)
            )
            .values(last_used_at=time)
        )
        # in the order of ids, so that two servers never wait for each other
        rows = [{"token_id": id_, "used_at": at - at % MINUTE_US} for id_, at in sorted(used.items())]
        self._connection.execute(statement, rows)
