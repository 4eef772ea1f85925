"""The migrations make exactly the schema that the code uses, both ways, on both databases."""

import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Inspector, Row, inspect, text

from strongroom.adapters.sql import migrate
from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.migrate import BASE, Standing, move, revision_of, standing
from strongroom.adapters.sql.migrations import HEAD, REVISIONS
from strongroom.adapters.sql.tables import metadata
from strongroom.bootstrap.installation import require_schema
from strongroom.bootstrap.settings import Storage
from strongroom.domain.errors import Conflict, Invalid

#: SQLAlchemy cannot read SQLite's indexes on expressions back; the plan tests of search hold that they are used.
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")

VERSIONS = Path(migrate.__file__).with_name("migrations") / "versions"


def engine_of(url: str) -> Engine:
    return sqlite_engine(url, write=True) if is_sqlite(url) else postgres_engine(url, pool_size=1)


def execute(url: str, statement: str) -> Sequence[Row[Any]]:
    engine = engine_of(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.all() if result.returns_rows else []
    finally:
        engine.dispose()


def described(url: str) -> dict[str, Any]:
    """Everything that the database itself says of its tables: a stronger comparison than Alembic's own."""
    engine = engine_of(url)
    try:
        inspector = inspect(engine)
        tables = sorted(set(inspector.get_table_names()) - {"alembic_version"})
        triggers = {"triggers": found} if (found := _triggers(engine)) else {}
        return {**triggers, **{table: _table(inspector, table) for table in tables}}
    finally:
        engine.dispose()


def _triggers(engine: Engine) -> list[str]:
    """What the database does by itself, with its functions."""
    sqlite = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
    postgres = """
        SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal UNION ALL
        SELECT prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
    """
    with engine.connect() as connection:
        rows = connection.execute(text(sqlite if engine.dialect.name == "sqlite" else postgres)).scalars()
        return sorted(" ".join(row.split()) for row in rows)


def _table(inspector: Inspector, table: str) -> dict[str, Any]:
    columns = {
        column["name"]: (str(column["type"]), column["nullable"], column["default"], column.get("autoincrement"))
        for column in inspector.get_columns(table)
    }
    return {
        "columns": columns,
        "primary key": inspector.get_pk_constraint(table),
        "foreign keys": sorted(map(repr, inspector.get_foreign_keys(table))),
        "unique": sorted(map(repr, inspector.get_unique_constraints(table))),
        "indexes": sorted(repr(_plain(index)) for index in inspector.get_indexes(table)),
    }


def _plain(index: Mapping[str, Any]) -> dict[str, Any]:
    return {**index, "dialect_options": {name: str(value) for name, value in index.get("dialect_options", {}).items()}}


def test_the_migrated_schema_is_that_of_the_tables(empty_url: str) -> None:
    move(empty_url)
    migrated = described(empty_url)
    move(empty_url, BASE)
    engine = engine_of(empty_url)
    with engine.begin() as connection:
        metadata.create_all(connection)
    engine.dispose()
    made = described(empty_url)
    assert migrated.keys() == made.keys()
    for table, description in made.items():
        assert migrated[table] == description, table


def test_tables_without_rowid_stay_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'strongroom.db'}"
    move(url)
    rows = execute(url, "SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'")
    wanted = {table.name for table in metadata.sorted_tables if table.dialect_options["sqlite"]["with_rowid"] is False}
    assert {row[0] for row in rows if not row[0].startswith("document_index_")} == wanted  # those are SQLite's own


def test_up_down_and_up_again(empty_url: str) -> None:
    assert revision_of(empty_url) is None
    assert move(empty_url) == (None, HEAD)
    assert move(empty_url) == (HEAD, HEAD)
    assert [tuple(row) for row in execute(empty_url, "SELECT id, size, epoch FROM audit_log")] == [(1, 0, 0)]
    before = described(empty_url)
    assert move(empty_url, BASE) == (HEAD, None)
    assert described(empty_url) == {}
    assert move(empty_url) == (None, HEAD)
    assert described(empty_url) == before


def test_the_list_of_revisions_is_that_of_the_files() -> None:
    found = {}
    for path in sorted(VERSIONS.glob("[0-9]*.py")):
        source = path.read_text()
        revision = re.search(r'^revision = "(.*)"$', source, re.MULTILINE)
        down = re.search(r'^down_revision = (?:None|"(.*)")$', source, re.MULTILINE)
        assert revision, path
        assert down, path
        found[revision[1]] = down[1]
    assert tuple(found) == REVISIONS
    assert tuple(found.values()) == (None, *REVISIONS[:-1])


def test_what_is_not_ours_is_left_alone(empty_url: str) -> None:
    execute(empty_url, "CREATE TABLE somebody_elses (id INTEGER)")
    with pytest.raises(Conflict, match="not Strongroom's"):
        move(empty_url)
    with pytest.raises(Conflict, match="not Strongroom's"):
        revision_of(empty_url)
    assert set(described(empty_url)) == {"somebody_elses"}


def test_an_unknown_revision_is_refused(empty_url: str) -> None:
    with pytest.raises(Invalid, match="no revision"):
        move(empty_url, "9999")
    move(empty_url)
    execute(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match="newer release"):
        move(empty_url)


def test_a_server_refuses_older_and_newer_schemas_and_never_migrates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(data=tmp_path / "data")
    assert require_schema(storage)
    assert not require_schema(storage)
    execute(storage.database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match="newer release"):
        require_schema(storage)
    monkeypatch.setattr(migrate, "REVISIONS", ("0000", *REVISIONS))
    execute(storage.database_url, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(Conflict, match=r"strongroom migrate --data .*/data"):
        require_schema(storage)
    assert revision_of(storage.database_url) == "0000"


def test_where_a_revision_stands() -> None:
    assert [standing(revision) for revision in (None, HEAD, "9999")] == [
        Standing.EMPTY,
        Standing.CURRENT,
        Standing.NEWER,
    ]


def test_two_that_start_at_once_on_an_empty_database_both_find_it_made(empty_url: str) -> None:
    results: list[object] = []

    def start() -> None:
        try:
            results.append(move(empty_url)[1])
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            results.append(error)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [HEAD, HEAD]
