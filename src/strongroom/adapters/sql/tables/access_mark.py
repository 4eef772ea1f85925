"""Whether what calls are admitted on has changed: one mark, which the database itself replaces at every change of it.

Whoever remembers facts of `WATCHED` under the mark that stood there may use them in any transaction that finds the
same mark (decision 25). A mark is random, never a count: one that was rolled back cannot come again.

SQLite replaces it at once. PostgreSQL does so as the transaction commits, so that the row is locked for that long only
and nothing is waited for behind it.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Integer, String, Table, event, insert, text

from strongroom.adapters.sql.tables.base import metadata

access_mark = Table(
    "access_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mark", String(36), nullable=False),
)

#: All tables that the answers of `strongroom.adapters.sql.admission` are made of; a test compares.
WATCHED: Final = ("namespace", "principal", "recall", "role_grant", "team", "team_member", "token", "workspace")

_SQLITE = """
CREATE TRIGGER access_mark_{table}_{event} AFTER {event} ON {table}
BEGIN UPDATE access_mark SET mark = lower(hex(randomblob(16))) WHERE id = 1; END
"""
_POSTGRES_FUNCTION = """
CREATE FUNCTION access_mark_replace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('strongroom.access_marked', true) IS DISTINCT FROM txid_current()::text THEN
        UPDATE access_mark SET mark = gen_random_uuid()::text WHERE id = 1;
        PERFORM set_config('strongroom.access_marked', txid_current()::text, true);
    END IF;
    RETURN NULL;
END
$$
"""
_POSTGRES = """
CREATE CONSTRAINT TRIGGER access_mark_{table} AFTER INSERT OR UPDATE OR DELETE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_mark_replace()
"""


def triggers(dialect: str) -> Sequence[str]:
    """The statements that make the database replace the mark."""
    if dialect == "sqlite":
        return [_SQLITE.format(table=table, event=name) for table in WATCHED for name in ("INSERT", "UPDATE", "DELETE")]
    return [_POSTGRES_FUNCTION, *(_POSTGRES.format(table=table) for table in WATCHED)]


@event.listens_for(metadata, "after_create")
def _watch(_target: object, connection: Connection, **_: Any) -> None:
    """Where the tables are made at once, as the migrations would leave them."""
    for statement in triggers(connection.dialect.name):
        connection.execute(text(statement))
    connection.execute(insert(access_mark).values(id=1, mark="0"))
