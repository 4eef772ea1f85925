"""What calls are admitted on is remembered, and never older than the database: nothing that was revoked works."""

import asyncio
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Engine, TextClause, event, inspect, text

from strongroom.adapters.sql import admission
from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.migrate import move
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.adapters.sql.tables import metadata
from strongroom.adapters.sql.tables.access_mark import WATCHED
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.identity import setup
from strongroom.application.identity.authentication import authenticate
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap.clock import MachineClock
from strongroom.domain.errors import Unauthenticated
from strongroom.domain.identity.model import Team
from strongroom.domain.identity.roles import Level, Permission, Scope
from strongroom.domain.identity.tokens import Token
from tests.support.postgres import Postgres

T = TypeVar("T")
Server = SqliteExecutor | PostgresExecutor
MARK = "SELECT mark FROM access_mark"
TIME = 1_700_000_000_000_000


def engine_of(url: str) -> Engine:
    return sqlite_engine(url, write=True) if is_sqlite(url) else postgres_engine(url, pool_size=1)


def server_of(url: str) -> Server:
    clock = MachineClock()
    return SqliteExecutor(url, clock) if is_sqlite(url) else PostgresExecutor(url, clock, connections=2)


class Site:
    """Two servers on one migrated database; `member` reads `default` by a team's grant on the namespace `n`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.here, self.there = server_of(url), server_of(url)
        self.token = self.command(self.there, self._people)

    def _people(self, tx: Transaction) -> Token:
        workspace = setup.ensure_default_workspace(tx)
        granter = setup.ensure_principal_with_token(tx, "root", "admin", "default", server=True)
        token = setup.ensure_principal_with_token(tx, "member", None, "default", server=False)
        held, root = tx.tokens.holder(token.id), tx.tokens.holder(granter.id)
        assert held is not None
        assert root is not None
        self.workspace, self.member, self.root = workspace, held[1], root[1]
        self.namespace = tx.namespaces.add(workspace.id, "n", "n", "")
        self.team: Team = tx.teams.add(workspace.id, "team", "")
        tx.teams.add_member(self.team.id, self.member.id)
        self.scope = Scope(Level.NAMESPACE, workspace.id, "n", None)
        tx.grants.add("team", self.team.uid, self.scope, "viewer", self.root.id)
        return token

    def command(self, server: Server, work: Callable[[Transaction], T]) -> T:
        return asyncio.run(server.command(work))

    def read(self, work: Callable[[Transaction], T], *, brief: bool = False) -> T:
        return asyncio.run(self.here.read(work, brief=brief))

    def sees(self, tx: Transaction) -> bool:
        """Whether the token is good here and the member may read in `n`; what every call asks first."""
        try:
            caller = authenticate(tx, self.token)
        except Unauthenticated:
            return False
        return any(grant.scope.namespace == "n" for grant in caller.access.grants)

    def close(self) -> None:
        self.here.close()
        self.there.close()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "strongroom.db"
    move(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Site]:
    if request.param == "sqlite":
        made = Site(f"sqlite:///{shutil.copyfile(migrated, tmp_path / 'strongroom.db')}")
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        made = Site(server.create_database(server.template("migrated", move_to_head)))
    yield made
    made.close()


def move_to_head(url: str) -> None:
    move(url)


def statements_of(work: Callable[[], object]) -> list[str]:
    """All that reaches a database meanwhile, but for the numbering of the log."""
    found: list[str] = []

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread().name != "sequencer":
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        work()
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
    return found


def _everything(site: Site, tx: Transaction) -> None:
    """Every fact that is remembered."""
    known = tx.admission()
    assert known.holder(site.token.id)
    assert known.workspace("default")
    assert known.home(site.workspace.id).slug == "default"
    assert tx.namespaces.by_path(site.workspace.id, "n")
    assert not known.standing(site.workspace.id)


def _tables_in(statements: list[str]) -> set[str]:
    words = {word for statement in statements for word in re.findall(r'\b(?:FROM|JOIN)\s+"?(\w+)', statement)}
    return words & set(metadata.tables)


def test_what_is_remembered_is_made_of_watched_tables_only(site: Site) -> None:
    """A table that admission comes to read and nobody watches would leave what was revoked working."""
    read = statements_of(lambda: site.read(lambda tx: _everything(site, tx)))
    assert _tables_in(read) == {*WATCHED, "access_mark"}
    again = statements_of(lambda: site.read(lambda tx: _everything(site, tx)))
    assert _tables_in(again) == {"access_mark"}
    assert len([statement for statement in again if "access_mark" in statement]) == 1


def _rows(site: Site) -> Mapping[str, Mapping[str, object]]:
    """A row that each watched table takes."""
    here, member, uid = site.workspace.id, site.member.id, "00000000-0000-7000-8000-000000000000"
    named = {"uid": uid, "recorded_at": TIME}
    placed = {"workspace_id": here, "valid_from": TIME}
    grant = {"subject_kind": "user", "subject_uid": site.member.uid, "scope_kind": "workspace", "role": "viewer"}
    return {
        "namespace": {**named, "workspace_id": here, "path": "new", "slug_path": "new", "description": ""},
        "principal": {**named, "kind": "user", "name": "new", "name_key": "new"},
        "recall": {**named, "workspace_id": here, "kind": "digest", "subject": "", "reason": "", "created_by": member},
        "role_grant": {"uid": uid, **grant, **placed, "granted_by": member},
        "team": {**named, "workspace_id": here, "name": "new"},
        "team_member": {"team_id": site.team.id, "principal_id": site.root.id, "valid_from": TIME},
        "token": {"id": "SRNEW", "principal_id": member, "secret_hash": "0" * 64, "recorded_at": TIME},
        "workspace": {**named, "slug": "new", "description": ""},
    }


@pytest.mark.parametrize("table", WATCHED)
def test_any_change_of_a_watched_table_replaces_the_mark(site: Site, table: str) -> None:
    """The access epoch is bumped by ANY insert, update of any column, or delete."""
    row = _rows(site)[table]
    columns = ", ".join(row)
    insert = text(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(f':{name}' for name in row)})")  # noqa: S608
    own, value = next(iter(row.items()))
    if table == "team_member":
        own, value = "principal_id", site.root.id
    engine = engine_of(site.url)

    def mark_after(statement: TextClause, values: Mapping[str, object]) -> str:
        with engine.begin() as connection:
            assert connection.execute(statement, values).rowcount >= 1
        with engine.connect() as connection:
            return str(connection.execute(text(MARK)).scalar_one())

    marks = [mark_after(insert, row)]
    for column in inspect(engine).get_columns(table):
        name = column["name"]
        same = text(f"UPDATE {table} SET {name} = {name} WHERE {own} = :value")  # noqa: S608 - names of ours
        marks.append(mark_after(same, {"value": value}))
    marks.append(mark_after(text(f"DELETE FROM {table} WHERE {own} = :value"), {"value": value}))  # noqa: S608
    engine.dispose()
    assert len(set(marks)) == len(marks)
    assert set(_rows(site)) == set(WATCHED)


def test_what_changes_nothing_of_admission_leaves_the_mark(site: Site) -> None:
    engine = engine_of(site.url)
    with engine.connect() as connection:
        before = connection.execute(text(MARK)).scalar_one()
    site.command(site.there, lambda tx: tx.settings.put("a", "b"))
    site.command(site.there, lambda tx: tx.tags.set(site.workspace.id, "run", 1, {"word": None}, site.root.id))
    with engine.connect() as connection:
        assert connection.execute(text(MARK)).scalar_one() == before
    engine.dispose()


ENDINGS: Mapping[str, Callable[[Site, Transaction], object]] = {
    "token": lambda site, tx: tx.tokens.revoke(site.token.id, tx.now()),
    "grant": lambda site, tx: tx.grants.revoke_of(site.team.uid),
    "member": lambda site, tx: tx.teams.remove_member(site.team.id, site.member.id),
    "team": lambda site, tx: tx.teams.delete(site.team),
    "principal": lambda site, tx: tx.principals.update(site.member, display_name="", disabled_at=tx.now()),
    "namespace": lambda site, tx: tx.namespaces.delete(site.namespace, tx.now()),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_another_server_ended_works_nowhere_any_more(site: Site, ending: str) -> None:
    """Nothing revoked works: with the next transaction, on every process."""
    assert site.command(site.here, site.sees)
    assert site.read(site.sees)
    assert site.read(site.sees, brief=True)
    site.command(site.there, lambda tx: ENDINGS[ending](site, tx))
    assert not site.read(site.sees, brief=True)
    assert not site.read(site.sees)
    assert not site.command(site.here, site.sees)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_transaction_sees_what_it_ended_itself(site: Site, ending: str) -> None:
    def work(tx: Transaction) -> bool:
        assert site.sees(tx)
        ENDINGS[ending](site, tx)
        return site.sees(tx)

    assert site.command(site.here, site.sees)
    assert not site.command(site.here, work)
    assert not site.read(site.sees)


def test_what_was_undone_is_not_remembered(site: Site) -> None:
    """A mark that was rolled back never stands there again, whatever was found under it."""

    def undone(tx: Transaction) -> None:
        tx.tokens.revoke(site.token.id, tx.now())
        assert not site.sees(tx)
        raise Unauthenticated("no")

    for _ in range(2):
        with pytest.raises(Unauthenticated):
            site.command(site.here, undone)
        assert site.command(site.here, site.sees)
        assert site.read(site.sees)
    site.command(site.here, lambda tx: tx.tokens.revoke(site.token.id, tx.now()))
    assert not site.command(site.here, site.sees)


def test_a_fact_found_while_something_changed_is_not_remembered(site: Site) -> None:
    """PostgreSQL's commands see each statement's own moment: what is of two of them is not kept under either mark."""
    if is_sqlite(site.url):
        pytest.skip("SQLite's transactions see one moment")

    def work(tx: Transaction) -> object:
        assert isinstance(tx, SqlTransaction)
        facts = tx._remembered.at(tx.connection)

        def find() -> str:
            engine = engine_of(site.url)
            with engine.begin() as connection:
                connection.execute(text("UPDATE token SET description = 'x'"))
            engine.dispose()
            return "torn"

        assert facts.get(tx.connection, "fact", find) == "torn"
        return facts.get(tx.connection, "fact", lambda: "found again")

    assert site.command(site.here, work) == "found again"


def test_where_the_triggers_are_missing_nothing_is_remembered(site: Site) -> None:
    engine = engine_of(site.url)
    with engine.begin() as connection:
        on = "" if is_sqlite(site.url) else " ON token"
        connection.execute(text(f"DROP TRIGGER access_mark_token{'_UPDATE' if not on else ''}{on}"))
    engine.dispose()
    fresh = server_of(site.url)
    try:
        assert asyncio.run(fresh.read(site.sees))
        site.command(site.there, lambda tx: tx.tokens.revoke(site.token.id, tx.now()))
        assert not asyncio.run(fresh.read(site.sees))
    finally:
        fresh.close()


def test_what_is_remembered_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "FACTS_MOST", 1)
    site.read(lambda tx: _everything(site, tx))
    assert site.read(site.sees)
    assert len(site.here._remembered._kept[1]) <= 4

    def many(tx: Transaction) -> None:
        for number in range(admission.GRANTS_MOST):
            tx.namespaces.add(site.workspace.id, f"m{number}", f"m{number}", "")
            place = Scope(Level.NAMESPACE, site.workspace.id, f"m{number}", None)
            tx.grants.add("team", site.team.uid, place, "viewer", site.root.id)

    site.command(site.there, many)
    assert site.read(site.sees)
    assert site.read(lambda tx: authenticate(tx, site.token).access.enters(site.workspace.id))
    assert ("holder", site.token.id) not in site.here._remembered._kept[1]


def test_permissions_of_what_is_remembered_are_those_of_the_database(site: Site) -> None:
    """A grant that is added counts at once as well."""
    from strongroom.domain.identity.access import Target

    target = Target(site.workspace.id, "elsewhere")
    may = lambda tx: authenticate(tx, site.token).access.allows(Permission.RUN_WRITE, target)  # noqa: E731
    assert not site.read(may)
    wide = Scope(Level.WORKSPACE, site.workspace.id, None, None)
    site.command(site.there, lambda tx: tx.grants.add("team", site.team.uid, wide, "contributor", site.root.id))
    assert site.read(may)
    assert site.command(site.here, may)
