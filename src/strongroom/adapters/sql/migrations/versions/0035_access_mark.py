"""A mark that the database replaces whenever something changes that calls are admitted on (decision 25).

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

_TABLES = ("namespace", "principal", "role_grant", "team", "team_member", "token", "workspace")
_EVENTS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        "access_mark",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("mark", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_mark")),
    )
    op.execute("INSERT INTO access_mark (id, mark) VALUES (1, '0')")
    if op.get_bind().dialect.name == "sqlite":
        _watch_sqlite()
    else:
        _watch_postgres()


def _watch_sqlite() -> None:
    for table in _TABLES:
        for event in _EVENTS:
            op.execute(
                f"CREATE TRIGGER access_mark_{table}_{event} AFTER {event} ON {table} BEGIN "  # noqa: S608 - names of ours
                "UPDATE access_mark SET mark = lower(hex(randomblob(16))) WHERE id = 1; END"
            )


def _watch_postgres() -> None:
    op.execute(
        "CREATE FUNCTION access_mark_replace() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF current_setting('strongroom.access_marked', true) IS DISTINCT FROM txid_current()::text THEN "
        "UPDATE access_mark SET mark = gen_random_uuid()::text WHERE id = 1; "
        "PERFORM set_config('strongroom.access_marked', txid_current()::text, true); "
        "END IF; RETURN NULL; END $$"
    )
    for table in _TABLES:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER access_mark_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_mark_replace()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in _TABLES:
            for event in _EVENTS:
                op.execute(f"DROP TRIGGER access_mark_{table}_{event}")
    else:
        for table in _TABLES:
            op.execute(f"DROP TRIGGER access_mark_{table} ON {table}")
        op.execute("DROP FUNCTION access_mark_replace()")
    op.drop_table("access_mark")
