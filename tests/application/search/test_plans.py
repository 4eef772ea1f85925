"""The plans of searches, on both databases: "Query plans are checked in, so that a lost index shows"."""

from collections.abc import Callable
from typing import cast

import pytest
from sqlalchemy import event, text

from strongroom.adapters.sql.search import finder
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.search import find
from strongroom.application.tracking import experiments
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.domain.search.schema import Entity
from tests.application.conftest import World

SEARCHES: dict[Entity, Callable[..., object]] = {
    Entity.ASSET: find.assets,
    Entity.VERSION: find.versions,
    Entity.RUN: find.runs,
    Entity.LOGGED_MODEL: find.found_logged_models,
    Entity.TRACE: find.traces,
}
SCOPED = {Entity.RUN, Entity.LOGGED_MODEL, Entity.TRACE}
MEASURED = "ix_logged_model_value_search (experiment_id=? AND key_id=?"
ON_ONE = "ix_logged_model_value_dataset (experiment_id=? AND key_id=? AND dataset_id=?"
EVALUATED = "ix_evaluation_value_search (key_id=?"
SAID = "ix_logged_model_param_search (experiment_id=? AND key_id=?"
METRIC, PARAM = "ix_run_value_search (experiment_id=? AND key_id=?", "ix_run_param_search (experiment_id=? AND key_id=?"
TAG = "ix_tag_value (workspace_id=? AND owner_kind=? AND key_id=? AND <expr>=?)"
SORTS = "TEMP B-TREE"

# what is asked, by what it is ordered -> what SQLite says, what PostgreSQL says; with ! what they may not say
ALONG: dict[tuple[Entity, str, str], tuple[list[str], list[str]]] = {
    (Entity.RUN, "metrics.loss > 0.5", "metrics.loss DESC"): (
        [f"SEARCH driver USING COVERING INDEX {METRIC} AND last>?)", "!" + SORTS],
        ["Scan Backward using ix_run_value_search on run_value driver", "last > ", "!Sort"],
    ),
    (Entity.RUN, "", "metrics.loss"): (
        [f"SEARCH driver USING COVERING INDEX {METRIC} AND last>?)", "!" + SORTS],
        ["using ix_run_value_search on run_value driver", "!Sort"],
    ),
    (Entity.RUN, "", "params.depth"): (
        [PARAM + " AND number>?)"],
        ["using ix_run_param_search on run_param driver"],
    ),
    (Entity.RUN, "", ""): (
        ["SEARCH run USING INDEX ix_run_experiment (experiment_id=?)", "!" + SORTS],
        ["Scan Backward using ix_run_experiment on run", "!Sort"],
    ),
    (Entity.RUN, "metrics.acc > 0.5", "metrics.loss"): (
        [METRIC + " AND last>?)", "PRIMARY KEY (run_id=? AND key_id=?)"],
        ["using ix_run_value_search on run_value driver", "using pk_run_value on run_value"],
    ),
    (Entity.RUN, "metrics.acc > 0.5 AND params.depth IN (1, 7) AND tags.team = 'x'", "metrics.loss"): (
        [METRIC + " AND last>?)", "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)", "!" + SORTS],
        # from the value to its run and never the other way, whatever is expected of the filter
        ["using ix_run_value_search on run_value driver", "Index Cond: (id = (driver.run_id + '0'::bigint))", "!Sort"],
    ),
    (Entity.VERSION, "", ""): (
        ["SEARCH version USING INDEX ix_version_workspace (workspace_id=?)", "!" + SORTS],
        ["Scan Backward using", " on version", "!Sort"],
    ),
    (Entity.VERSION, "kind = 'model'", "updated_at DESC"): (
        ["SEARCH version USING INDEX ix_version_updated (workspace_id=?)", "!" + SORTS],
        ["Scan Backward using ix_version_updated on version", "!Sort"],
    ),
    (Entity.ASSET, "description != 'x'", ""): (
        ["SEARCH asset USING INDEX ix_asset_workspace (workspace_id=?)", "!" + SORTS],
        ["Scan Backward using", " on asset", "!Sort"],
    ),
    (Entity.VERSION, "properties.f1 > 0.5", "properties.f1 DESC"): (
        ["ix_object_property_number (owner_kind=? AND key_id=? AND number>?)", "!" + SORTS],
        ["Scan Backward using ix_object_property_number on object_property driver"],
    ),
    (Entity.VERSION, "tags.team = 'x' AND properties.f1 > 0.5 AND stage = 'prod'", ""): (
        ["SEARCH tag USING INDEX " + TAG, "SEARCH version USING INTEGER PRIMARY KEY (rowid=?)", "!" + SORTS],
        ["Scan Backward using ix_tag_value on tag", "using pk_version on version", "!Sort"],
    ),
    (Entity.VERSION, "alias = 'champion' AND NOT locked = TRUE", ""): (
        ["ix_alias_name (name=?)", "SEARCH version USING INTEGER PRIMARY KEY (rowid=?)", "!" + SORTS],
        ["using pk_version on version", "!Sort"],
    ),
    # the cheapest of those that are good and fast
    (Entity.VERSION, "evaluations.acc >= 0.9 AND evaluations.loss <= 500", "evaluations.f1"): (
        [f"driver USING INDEX {EVALUATED})", "evaluation_value USING PRIMARY KEY (version_id=? AND key_id=?)"],
        ["using ix_evaluation_value_search on evaluation_value driver", "using pk_evaluation_value"],
    ),
    (Entity.LOGGED_MODEL, "", ""): (
        ["SEARCH logged_model USING INDEX ix_logged_model_experiment (experiment_id=?)", "!" + SORTS],
        ["Scan Backward using ix_logged_model_experiment on logged_model", "!Sort"],
    ),
    (Entity.LOGGED_MODEL, "", "metrics.loss DESC"): (
        [
            f"SEARCH driver USING INDEX {MEASURED} AND last>?)",
            "SEARCH other USING PRIMARY KEY (model_id=? AND key_id=?)",
        ],
        ["Scan Backward using ix_logged_model_value_search on logged_model_value driver", "!Sort"],
    ),
    (Entity.LOGGED_MODEL, "status = 'ready'", "metrics.loss ON 'd1'"): (
        [f"SEARCH driver USING INDEX {ON_ONE} AND last>?)"],
        ["using ix_logged_model_value_dataset on logged_model_value driver"],
    ),
    (Entity.LOGGED_MODEL, "", "params.depth"): (
        [SAID + " AND number>?)"],
        ["using ix_logged_model_param_search on logged_model_param driver"],
    ),
}  # fmt: skip

# the first statements count what an index finds
FOUND: dict[tuple[Entity, str], tuple[str, str]] = {
    (Entity.VERSION, "tags.team = 'x'"): (TAG, "ix_tag_value"),
    (Entity.VERSION, "properties.f1 > 0.5"): (
        "ix_object_property_number (owner_kind=? AND key_id=? AND number>?)", "ix_object_property_number",
    ),
    (Entity.VERSION, "properties.format = 'onnx'"): (
        "ix_object_property_text (owner_kind=? AND key_id=? AND <expr>=?)", "ix_object_property_text",
    ),
    (Entity.VERSION, "alias = 'champion'"): ("ix_alias_name (name=?)", "ix_alias_name"),
    (Entity.VERSION, "name = 'churn'"): (
        "ix_asset_workspace_name (workspace_id=? AND name=?)", "ix_asset_workspace_name",
    ),
    (Entity.VERSION, "text CONTAINS 'w77'"): ("SCAN document_index VIRTUAL TABLE", "ix_document_words"),
    (Entity.VERSION, "evaluations.loss > 990"): (EVALUATED + " AND value>?)", "ix_evaluation_value_search"),
    (Entity.RUN, "metrics.loss > 990"): (METRIC + " AND last>?)", "ix_run_value_search"),
    (Entity.RUN, "params.depth IN (1, 2)"): (PARAM + " AND number=?)", "ix_run_param_search"),
    (Entity.VERSION, "stage = 'rare'"): ("ix_stage_name (name=?)", "ix_stage_name"),
    (Entity.RUN, "dataset.name = 'd7'"): ("ix_node_name (workspace_id=? AND name=?)", "ix_node_name"),
    (Entity.RUN, "dataset.digest = 'x7'"): ("ix_node_digest (workspace_id=? AND digest=?)", "ix_node_digest"),
    (Entity.LOGGED_MODEL, "metrics.loss ON 'd1' > 990"): (ON_ONE + " AND last>?)", "ix_logged_model_value_"),
    (Entity.LOGGED_MODEL, "metrics.loss > 990"): (MEASURED + " AND last>?)", "ix_logged_model_value_search"),
    (Entity.LOGGED_MODEL, "dataset.name = 'd7'"): (
        "ix_logged_model_value_measured (dataset_id=?)", "ix_logged_model_value_",  # 18 skips through a longer one
    ),
    (Entity.TRACE, "feedback.score < 0.001"): (
        "ix_assessment_number (experiment_id=? AND kind=? AND name=? AND number<?)", "ix_assessment_number",
    ),
    (Entity.TRACE, "expectation.answer = 'a7'"): (
        "ix_assessment_text (experiment_id=? AND kind=? AND name=? AND <expr>=?)", "ix_assessment_text",
    ),
    (Entity.TRACE, "run = 'r7'"): ("ix_trace_link_target (kind=? AND target_id=?)", "ix_trace_link_target"),
    (Entity.LOGGED_MODEL, "params.depth = 3"): (SAID + " AND number=?)", "ix_logged_model_param_search"),
    (Entity.RUN, "params.seed = 'x' OR tags.team = 'y'"): (
        "ix_run_param_text (experiment_id=? AND key_id=? AND <expr>=?)", "ix_run_param_text",
    ),
}  # fmt: skip

# as it was then: what holds still, and what held until later, each by its own index
THEN: dict[tuple[Entity, str], tuple[list[str], list[str]]] = {
    (Entity.VERSION, "alias = 'champion'"): (
        ["ix_alias_name (name=?)", "ix_alias_name_past (name=? AND valid_to>?)"],
        ["ix_alias_name", "ix_alias_name_past"],
    ),
    (Entity.VERSION, "stage = 'rare'"): (
        ["ix_stage_name (name=?)", "ix_stage_name_past (name=? AND valid_to>?)"],
        ["ix_stage_name", "ix_stage_name_past"],
    ),
    (Entity.VERSION, "tags.team = 'x1'"): (
        [TAG, "ix_tag_value_past (workspace_id=? AND owner_kind=? AND key_id=? AND <expr>=? AND valid_to>?)"],
        ["ix_tag_value", "ix_tag_value_past"],
    ),
    (Entity.RUN, "tags.team = 'x1'"): ([TAG, "ix_tag_value_past"], ["ix_tag_value", "ix_tag_value_past"]),
    (Entity.LOGGED_MODEL, "tags.team = 'x1'"): ([TAG, "ix_tag_value_past"], ["ix_tag_value", "ix_tag_value_past"]),
}


@pytest.fixture
def experiment_uid(world: World) -> str:
    return world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e", "vision"))).uid


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Whether what an index finds is taken for few."""

    def few(*, few: bool) -> None:
        monkeypatch.setattr(finder, "CANDIDATES_MOST", 5_000 if few else -1)
        monkeypatch.setattr(finder, "CHECKED_MOST", 20_000 if few else -1)

    return few


def is_sqlite(world: World) -> bool:
    return world.executor.__class__.__name__ == "SqliteExecutor"


def plans(world: World, entity: Entity, what: str, order: str, experiment_uid: str, at: int | None = None) -> list[str]:
    """The plans of the statements of a search, by those who run them."""
    sqlite = is_sqlite(world)
    found: list[str] = []

    def explain(_c: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        word = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
        rows = cursor.connection.execute(f"{word} {statement}", parameters)  # type: ignore[attr-defined]
        found.append("\n".join(str(row[3 if sqlite else 0]) for row in rows))

    def work(call: Call) -> None:
        uids = [experiment_uid] if entity in SCOPED else []
        question = find.asked(entity, what, [order] if order else [], experiment_uids=uids, at=at)
        connection = cast("SqlTransaction", call.tx).connection
        event.listen(connection, "before_cursor_execute", explain)
        try:
            SEARCHES[entity](call, question, PageRequest())
        finally:
            event.remove(connection, "before_cursor_execute", explain)

    world.read("admin", work)
    return found


def holds(plan: str, wanted: list[str]) -> bool:
    return all((line.removeprefix("!") in plan) != line.startswith("!") for line in wanted)


@pytest.mark.parametrize("asked", ALONG, ids=str)
def test_a_walk_is_along_an_index(
    world: World, experiment_uid: str, asked: tuple[Entity, str, str], ways: Callable[..., None]
) -> None:
    if not is_sqlite(world):
        pytest.skip("plans of SQLite")
    ways(few=False)
    found = plans(world, *asked, experiment_uid)
    assert any(holds(plan, ALONG[asked][0]) for plan in found), "\n\n".join(found)


@pytest.mark.parametrize("asked", FOUND, ids=str)
def test_what_few_rows_fit_is_found_by_an_index(world: World, experiment_uid: str, asked: tuple[Entity, str]) -> None:
    """SQLite has no statistics: unless told it would begin with the index of an equality, whatever is behind it."""
    if not is_sqlite(world):
        pytest.skip("plans of SQLite")
    found = plans(world, *asked, "", experiment_uid)
    assert sum(FOUND[asked][0] in plan for plan in found) == 2, "\n\n".join(found)  # counting, then fetching
    assert any("SCAN found" in plan and "USING INTEGER PRIMARY KEY (rowid=?)" in plan for plan in found), found


@pytest.mark.parametrize("asked", THEN, ids=str)
def test_past_times_are_found_by_an_index(world: World, experiment_uid: str, asked: tuple[Entity, str]) -> None:
    """``at=T`` for aliases, stages and tags: no search of a past time reads a table of what held through."""
    if not is_sqlite(world):
        pytest.skip("plans of SQLite")
    found = plans(world, *asked, "", experiment_uid, at=5_000)
    assert sum(holds(plan, THEN[asked][0]) for plan in found) == 2, "\n\n".join(found)
    assert not any(f"SCAN {table}" in plan for plan in found for table in ("tag", "alias", "stage")), found


ROWS = 20_000
FILL = """
INSERT INTO asset (id, uid, workspace_id, namespace_id, kind, name, slug, visibility, created_by, recorded_at)
  SELECT i, 'a' || i, {workspace}, {namespace}, 'model', 'n' || i, 's' || i, 'workspace', {actor}, i
  FROM generate_series(1000, 3000) i;
INSERT INTO version (id, uid, asset_id, namespace_id, workspace_id, number, state, created_by, recorded_at)
  SELECT i, 'v' || i, 1000 + i % 2000, {namespace}, {workspace}, i, 'live', {actor}, i
  FROM generate_series(1000, {rows}) i;
INSERT INTO name_dict (id, workspace_id, text)
  SELECT 1000 + i, {workspace}, (ARRAY['loss', 'acc', 'depth', 'seed', 'team', 'f1', 'format'])[i]
  FROM generate_series(1, 7) i;
INSERT INTO tag (workspace_id, owner_kind, owner_id, key_id, value, set_by, valid_from)
  SELECT {workspace}, k, i, 1005, (ARRAY['x', 'y', 'z'])[i % 3 + 1], {actor}, i
  FROM generate_series(1000, {rows}) i, unnest(ARRAY['version', 'run']) k;
INSERT INTO tag (workspace_id, owner_kind, owner_id, key_id, value, set_by, valid_from, valid_to)
  SELECT {workspace}, k, i, 1005, 'x' || i % 500, {actor}, 1, 1 + i
  FROM generate_series(1000, {rows}) i, unnest(ARRAY['version', 'run', 'logged_model']) k;
INSERT INTO tag (workspace_id, owner_kind, owner_id, key_id, value, set_by, valid_from)
  SELECT {workspace}, 'logged_model', i, 1005, 'x' || i % 500, {actor}, i FROM generate_series(1000, {rows}) i;
INSERT INTO stage (asset_id, version_id, name, set_by, from_seq, valid_from)
  SELECT 1000 + i % 2000, i, CASE WHEN i % 400 = 0 THEN 'rare' ELSE 'production' END, {actor}, 1, i
  FROM generate_series(1000, {rows}) i;
INSERT INTO stage (asset_id, version_id, name, set_by, from_seq, valid_from, valid_to)
  SELECT 1000 + i % 2000, i, CASE WHEN i % 300 = 0 THEN 'rare' ELSE 'production' END, {actor}, 1, 1, i
  FROM generate_series(1000, {rows}) i;
INSERT INTO alias (asset_id, name, version_id, etag, set_by, from_seq, valid_from, valid_to)
  SELECT 1000 + i % 2000, CASE WHEN i < 1500 THEN 'champion' ELSE 'a' || i END, i, 1, {actor}, 1, 1, i
  FROM generate_series(1000, {rows}) i;
INSERT INTO node (id, uid, workspace_id, dialect, foreign_id, kind, name, digest, created_by, recorded_at)
  SELECT i, 'n' || i, {workspace}, 'native', i::text, 'dataset', 'd' || i % 500, 'x' || i % 700, {actor}, i
  FROM generate_series(1000, 6000) i;
INSERT INTO edge (workspace_id, source_kind, source_id, type, target_kind, target_id, recorded_at)
  SELECT {workspace}, 'node', 1000 + i % 5000, 'input', 'run', i, 1 FROM generate_series(1000, {rows}) i;
INSERT INTO logged_model (id, uid, workspace_id, experiment_id, name, type, status, created_by, recorded_at, updated_at)
  SELECT i, 'l' || i, {workspace}, {experiment}, 'n', '', 'ready', {actor}, i, i FROM generate_series(1000, {rows}) i;
INSERT INTO logged_model_param (model_id, key_id, text, number, experiment_id)
  SELECT i, 1003, (i % 500)::text, i % 500, {experiment} FROM generate_series(1000, {rows}) i;
INSERT INTO logged_model_value (model_id, key_id, dataset_id, experiment_id, last, last_step, last_time, count)
  SELECT i, 1001, d, {experiment}, i % 997, 1, 1, 1
  FROM generate_series(1000, {rows}) i, unnest(ARRAY[0, 1000 + i % 5000]) d;
INSERT INTO evaluation_value
  (version_id, key_id, dataset_digest, dataset_name, dataset_asset_id, newest, value, evaluation_id, rank)
  SELECT i, k, 'd', '', 0, true, i % 997, i, i FROM generate_series(1000, {rows}) i, unnest(ARRAY[1001, 1002, 1006]) k;
INSERT INTO object_property (owner_kind, owner_id, key_id, type, text, number)
  SELECT 'version', i, k, CASE k WHEN 1006 THEN 'float' ELSE 'str' END, CASE k WHEN 1007 THEN 'onnx' || i % 50 END,
         CASE k WHEN 1006 THEN i * 1.0 / {rows} END
  FROM generate_series(1000, {rows}) i, unnest(ARRAY[1006, 1007]) k;
INSERT INTO alias (asset_id, name, version_id, etag, set_by, from_seq, valid_from)
  SELECT 1000 + i % 2000, CASE WHEN i < 1500 THEN 'champion' ELSE 'a' || i END, i, 1, {actor}, 1, 1
  FROM generate_series(1000, {rows}) i;
INSERT INTO run (id, uid, workspace_id, experiment_id, name, kind, state, created_by, started_at, recorded_at)
  SELECT i, 'r' || i, {workspace}, {experiment}, 'n', '', 'running', {actor}, i, i FROM generate_series(1000, {rows}) i;
INSERT INTO run_value (run_id, key_id, experiment_id, last, last_step, last_time, min, max, count)
  SELECT i, k, {experiment}, i % 997, 1, 1, 1, 1, 1 FROM generate_series(1000, {rows}) i, unnest(ARRAY[1001, 1002]) k;
INSERT INTO run_param (run_id, key_id, text, number, once, experiment_id)
  SELECT i, k, (i % 500)::text, i % 500, true, {experiment}
  FROM generate_series(1000, {rows}) i, unnest(ARRAY[1003, 1004]) k;
INSERT INTO trace (id, uid, workspace_id, experiment_id, trace_id, run_id, name, state, started_at, told, spans, size,
                   created_by, recorded_at, updated_at)
  SELECT i, 't' || i, {workspace}, {experiment}, i::text, i, 'n', 'ok', i, true, 0, 0, {actor}, i, i
  FROM generate_series(1000, {rows}) i;
INSERT INTO trace_link (trace_id, kind, target_id, recorded_at)
  SELECT i, 'run', i, 1 FROM generate_series(1000, {rows}) i;
INSERT INTO assessment (uid, trace_id, experiment_id, kind, name, value, text, number, source, source_id, rationale,
                        valid, created_by, recorded_at, updated_at)
  SELECT k || i, i, {experiment}, k, CASE k WHEN 'feedback' THEN 'score' ELSE 'answer' END, '1',
         CASE k WHEN 'expectation' THEN 'a' || i % 500 END, CASE k WHEN 'feedback' THEN i * 1.0 / {rows} END,
         'human', 'u', '', true, {actor}, i, i
  FROM generate_series(1000, {rows}) i, unnest(ARRAY['feedback', 'expectation']) k;
INSERT INTO document (id, words)
  SELECT i * 8 + 1, array_to_tsvector(ARRAY['\ue000version{workspace}', 'common', 'w' || i % 1000])
  FROM generate_series(1000, {rows}) i;
ANALYZE
"""


def fill(call: Call) -> None:
    """So many rows that PostgreSQL reads no table whole; it plans by their statistics."""
    connection = cast("SqlTransaction", call.tx).connection
    numbers = {"workspace": call.workspace.id, "rows": ROWS}
    for table in ("principal", "namespace", "experiment"):
        name = "actor" if table == "principal" else table
        numbers[name] = connection.execute(text(f"SELECT min(id) FROM {table}")).scalar_one()  # noqa: S608 - ours
    for statement in FILL.split(";"):
        connection.execute(text(statement.format(**numbers).replace(":", "\\:").replace("\\:\\:", "::")))


def test_plans_on_postgresql(world: World, experiment_uid: str, ways: Callable[..., None]) -> None:
    if is_sqlite(world):
        pytest.skip("plans of PostgreSQL")
    world.command("admin", fill)
    wrong = []
    for past, (_, both) in THEN.items():
        ways(few=True)
        found = plans(world, *past, "", experiment_uid, at=5_000)
        if not any(holds(plan, both) for plan in found):
            wrong.append("\n\n".join([str(past), *found]))
    for few, asked, wanted in (
        *((False, asked, wanted) for asked, (_, wanted) in ALONG.items()),
        *((True, (*asked, ""), [index]) for asked, (_, index) in FOUND.items()),
    ):
        ways(few=few)
        found = plans(world, *asked, experiment_uid)
        if not any(holds(plan, wanted) for plan in found):
            wrong.append("\n\n".join([str(asked), *found]))
    assert not wrong, "\n\n\n".join(wrong)
