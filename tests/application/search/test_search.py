"""What a search shows and to whom, pages while rows come in, past times, and what it costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from sqlalchemy import event, text

from strongroom.adapters.sql.search import deadline, finder
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, tags
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.search import find
from strongroom.application.tracking import experiments, recording, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.recording import Batch, LogParam, LogPoint
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.views import RunView
from strongroom.domain.errors import BadPageToken, Invalid, NotFound, Unauthenticated
from strongroom.domain.search.schema import Entity
from tests.application.conftest import World

RUN = Entity.RUN


def begin(world: World, experiment_uid: str, loss: float | None = None, **params: str) -> RunView:
    def work(call: Call) -> RunView:
        view = runs.create(call, CreateRun(experiment_uid))
        points = [LogPoint("loss", loss)] if loss is not None else []
        recording.log(call, view.uid, Batch(params=[LogParam(k, v) for k, v in params.items()], points=points))
        return view

    return world.command("contributor", work)


@pytest.fixture
def experiment_uid(world: World) -> str:
    made = world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e", "vision")))
    return made.uid


def search_runs(world: World, who: str, what: str, order: list[str], page: PageRequest, *uids: str) -> Page[RunView]:
    return world.read(who, lambda call: find.runs(call, find.asked(RUN, what, order, "active", uids), page))


@pytest.mark.parametrize("candidates", [5_000, 0], ids=["by candidates", "along the order"])
def test_pages_neither_lose_nor_repeat_rows_while_rows_come_in(
    world: World, experiment_uid: str, candidates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "CANDIDATES_MOST", candidates)
    before = {begin(world, experiment_uid, loss=n % 5 if n % 4 else None, depth=str(n % 2)).uid for n in range(24)}
    found: list[str] = []
    token = None
    while True:
        page = search_runs(world, "viewer", "params.depth < 2", ["metrics.loss DESC"], PageRequest(5, token))
        found += [view.uid for view in page.items]
        for loss in (9.0, 2.0, None):  # before, around and after the place
            begin(world, experiment_uid, loss=loss, depth="1")
        if (token := page.next_page_token) is None or len(found) > 200:
            break
    assert len(found) == len(set(found))
    assert before <= set(found)


def test_only_what_the_caller_may_see_is_found(world: World, experiment_uid: str) -> None:
    begin(world, experiment_uid, loss=1.0)
    for visibility in ("workspace", "private"):
        made = CreateAsset("model", visibility, visibility=visibility, tags={"team": "x"})
        world.command("contributor", lambda call, made=made: assets.create(call, made))  # type: ignore[misc]
    question = find.asked(Entity.ASSET, "tags.team = 'x' OR NOT name = 'nobody'")
    seen = {
        who: {view.name for view in world.read(who, lambda call: find.assets(call, question, PageRequest())).items}
        for who in ("admin", "contributor", "viewer", "stranger")
    }
    both = {"workspace", "private"}
    assert seen == {"admin": both, "contributor": both, "viewer": {"workspace"}, "stranger": set()}
    for order in ([], ["metrics.loss"]):
        assert search_runs(world, "stranger", "", order, PageRequest()).items == []
        assert len(search_runs(world, "viewer", "", order, PageRequest()).items) == 1
    with pytest.raises(NotFound):
        search_runs(world, "stranger", "", [], PageRequest(), experiment_uid)
    with pytest.raises(Unauthenticated):
        world.read(None, lambda call: find.runs(call, find.asked(RUN, ""), PageRequest()))


def test_tags_and_aliases_as_they_were(world: World) -> None:
    made = world.command("contributor", lambda c: assets.create(c, CreateAsset("model", "m", tags={"team": "x"})))
    then = world.read("contributor", lambda call: call.now)
    world.clock.advance(1_000_000)
    world.command("contributor", lambda call: tags.set_tags(call, "asset", made.uid, {"team": "y"}))

    def found(what: str, at: int | None) -> int:
        question = find.asked(Entity.ASSET, what, at=at)
        return len(world.read("viewer", lambda call: find.assets(call, question, PageRequest())).items)

    assert [found("tags.team = 'x'", None), found("tags.team = 'x'", then)] == [0, 1]
    assert [found("tags.team = 'y'", None), found("tags.team = 'y'", then)] == [1, 0]
    assert found("tags.team IS NULL", then - 10_000_000) == 1


def test_a_token_serves_the_question_it_came_from(world: World, experiment_uid: str) -> None:
    for _ in range(3):
        begin(world, experiment_uid)
    page = search_runs(world, "viewer", "", [], PageRequest(1))
    with pytest.raises(BadPageToken):
        search_runs(world, "viewer", "", ["name"], PageRequest(1, page.next_page_token))


@contextmanager
def counted(call: Call) -> Iterator[list[str]]:
    """The statements of this transaction alone: others run beside it, such as those that number the audit log."""
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    connection = cast("SqlTransaction", call.tx).connection
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_a_page_costs_the_same_queries_however_many_rows_it_has(world: World, experiment_uid: str) -> None:
    """Aliases, tags, params and metrics come with the rows."""
    for n in range(30):
        begin(world, experiment_uid, loss=float(n), depth=str(n))

    def cost(call: Call, size: int) -> int:
        question = find.asked(RUN, "params.depth >= 0 AND metrics.loss >= 0", ["metrics.loss"])
        with counted(call) as statements:
            assert len(find.runs(call, question, PageRequest(size)).items) == size
        return len(statements)

    counts = [world.read("viewer", lambda call, size=size: cost(call, size)) for size in (1, 10, 25)]  # type: ignore[misc]
    assert 0 < counts[0] == counts[1] == counts[2] <= 15


NESTED = (
    "(tags.a = '1' OR tags.b = '2') AND tags.c = '3' OR tags.d = '4'",
    "((tags.a = '1' OR (params.b = 2 OR metrics.c = 1) AND params.e = 'x') AND tags.c = '3') OR tags.d = '4'",
    "tags.d = '4' OR (params.b = 2 OR metrics.c = 1) AND (tags.a = '5' OR metrics.d > 4)",
)


@pytest.mark.parametrize("what", NESTED)
def test_an_or_within_an_or_is_answered_from_indexes_too(world: World, experiment_uid: str, what: str) -> None:
    """SQLite knows no UNION in a UNION: `near "(": syntax error`."""
    begin(world, experiment_uid, loss=1.0, b="2", e="x")
    search_runs(world, "viewer", what, ["metrics.loss"], PageRequest())


HOSTILE = (
    "name = 'x''; DROP TABLE run; --'",
    "tags.`'; DROP TABLE run; --` = ''' OR 1=1 --'",
    "params.`x\" OR \"1\"=\"1` LIKE '%'' OR ''1''=''1'",
    "name LIKE '[a-z]*?' OR name ILIKE '\\%\\_' OR name LIKE '%%%%%%%%%%%%%%%%%%%%x'",
    "metrics.x > 1e308 OR metrics.x < -1e308 OR params.y = 9223372036854775807",
    "name IN ('\U0001f600', 'ﷺ', '\u0131', '\u0130', 'ß')",
    " OR ".join(f"tags.k{n} = 'v'" for n in range(500)),
    " AND ".join(f"NOT metrics.k{n} = 1" for n in range(500)),
    " AND ".join(f"(params.k{n} < 1 OR tags.t = 'x')" for n in range(250)),
    "(NOT " * 25 + "name = 'a'" + ")" * 25,
    "(name = 'b' OR uid = 'c' AND " * 15 + "name = 'a'" + ")" * 15,
    "NOT (name = 'b' OR NOT (uid = 'c' AND " * 7 + "name = 'a'" + "))" * 7,
    "params.x IN (" + ",".join(map(str, range(1_000))) + ")",
)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_filters_that_are_filters_are_only_that(world: World, experiment_uid: str, number: int) -> None:
    begin(world, experiment_uid, loss=1.0)
    for order in ([], ["metrics.x DESC", "params.y", "tags.`'; --`", "name", "started_at DESC"]):
        search_runs(world, "viewer", HOSTILE[number], order, PageRequest())
    assert len(search_runs(world, "viewer", "", [], PageRequest()).items) == 1


def test_a_search_that_takes_too_long_is_refused(world: World) -> None:
    def work(tx: Transaction) -> None:
        connection = cast("SqlTransaction", tx).connection
        forever = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        with deadline.bounded(connection, 0.2):
            connection.execute(text(forever))

    with pytest.raises(Invalid, match="too many rows"):
        world.read_tx(work)


PLANS = {
    "metric range, by that metric": (
        ("metrics.loss > 0.5", ["metrics.loss DESC"]),
        [
            "SEARCH driver USING COVERING INDEX ix_run_value_search (experiment_id=? AND key_id=? AND last>?)",
            "!TEMP B-TREE",
        ],
    ),
    "no filter, by a metric": (
        ("", ["metrics.loss"]),
        [
            "SEARCH driver USING COVERING INDEX ix_run_value_search (experiment_id=? AND key_id=? AND last>?)",
        ],
    ),
    "no filter, by a param": (
        ("", ["params.depth"]),
        ["ix_run_param_search (experiment_id=? AND key_id=? AND number>?)"],
    ),
    "latest first": (("", []), ["SEARCH run USING INDEX ix_run_experiment (experiment_id=?)", "!TEMP B-TREE"]),
    "metric and other metric": (
        ("metrics.acc > 0.5", ["metrics.loss"]),
        ["ix_run_value_search (experiment_id=? AND key_id=? AND last>?)", "PRIMARY KEY (run_id=? AND key_id=?)"],
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_plans_on_sqlite(world: World, experiment_uid: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if world.executor.__class__.__name__ != "SqliteExecutor":
        pytest.skip("plans of SQLite")
    monkeypatch.setattr(finder, "CANDIDATES_MOST", -1)
    (what, order), wanted = PLANS[name]
    begin(world, experiment_uid, loss=1.0, depth="1")
    plan = explained(world, lambda: search_runs(world, "admin", what, order, PageRequest(), experiment_uid))
    for line in wanted:
        assert (line.removeprefix("!") in plan) != line.startswith("!"), plan


PROBES = {
    "tags.team = 'x'": "USING INDEX ix_tag_value (workspace_id=? AND owner_kind=? AND key_id=? AND <expr>=?)",
    "properties.f1 > 0.5": "ix_object_property_number (owner_kind=? AND key_id=? AND number>?)",
    "properties.format = 'onnx'": "ix_object_property_text (owner_kind=? AND key_id=? AND <expr>=?)",
    "alias = 'champion'": "ix_alias_name (name=?)",
    "name = 'churn'": "ix_asset_workspace_name (workspace_id=? AND name=?)",
}


@pytest.mark.parametrize("what", PROBES)
def test_candidates_of_versions_come_from_an_index_on_sqlite(world: World, what: str) -> None:
    if world.executor.__class__.__name__ != "SqliteExecutor":
        pytest.skip("plans of SQLite")
    question = find.asked(Entity.VERSION, what)
    plan = explained(world, lambda: world.read("admin", lambda call: find.versions(call, question, PageRequest())))
    assert PROBES[what] in plan, plan


def explained(world: World, work: Callable[[], object]) -> str:
    """The plans of the statements of a search, as SQLite explains them."""
    plans: list[str] = []

    def explain(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT") and "row_number" not in statement:
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[attr-defined]
            plans.extend(str(row[3]) for row in rows)

    engine = world.executor._reader  # type: ignore[union-attr]
    event.listen(engine, "before_cursor_execute", explain)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    return "\n".join(plans)
