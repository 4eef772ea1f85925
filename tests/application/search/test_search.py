"""What a search shows and to whom, pages while rows come in, past times, and what it costs."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import event, text

from strongroom.adapters.sql.search import deadline, finder, residual
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, tags
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
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
    ("(tags.a = '1' OR tags.b = '2') AND tags.c = '3' OR tags.d = '4'", {"a": "1", "c": "3"}),
    (
        "((tags.a = '1' OR (params.b = 2 OR metrics.c = 1) AND params.e = 'x') AND tags.c = '3') OR tags.d = '4'",
        {"a": "0", "c": "3"},
    ),
    ("tags.d = '4' OR (params.b = 2 OR metrics.c = 1) AND (tags.a = '5' OR metrics.d > 4)", {"a": "5"}),
)


@pytest.mark.parametrize(("what", "said"), NESTED)
def test_an_or_within_an_or_is_answered_from_indexes_too(
    world: World, experiment_uid: str, what: str, said: dict[str, str | None]
) -> None:
    """SQLite knows no UNION in a UNION: `near "(": syntax error`."""
    begun = begin(world, experiment_uid, loss=1.0, b="2", e="x")
    world.command("contributor", lambda call: recording.log(call, begun.uid, Batch(tags=said)))
    begin(world, experiment_uid, loss=1.0, b="3", e="y")
    found = search_runs(world, "viewer", what, ["metrics.loss"], PageRequest())
    assert [run.uid for run in found.items] == [begun.uid]


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


def test_expressions_are_of_re2(world: World, experiment_uid: str) -> None:
    found = begin(world, experiment_uid, loss=1.0, model="resnet-50")

    def search(what: str) -> list[str]:
        return [view.uid for view in search_runs(world, "viewer", what, [], PageRequest()).items]

    assert search(r"params.model MATCHES '^resnet-\d+$'") == [found.uid]
    assert search("NOT params.model MATCHES '^vgg' AND metrics.loss > 0") == [found.uid]
    assert search("params.model MATCHES '(?i)RESNET' OR metrics.loss < 0") == [found.uid]
    assert search("NOT (params.model MATCHES 'resnet' OR params.none MATCHES 'x')") == []
    for wrong in ("(", "(?=x)", r"(a)\1", "a{1000}{1000}", r"\p{Klingon}"):
        with pytest.raises(Invalid, match="no RE2 expression"):
            search(f"params.model MATCHES '{wrong}'")
    with pytest.raises(Invalid, match="at most 10 regular"):
        search(" OR ".join(["params.model MATCHES 'a'"] * 11))


def test_no_expression_takes_more_than_linear_time(world: World, experiment_uid: str) -> None:
    """Over 5,000 letters an engine that goes back would not end before the suite gives up."""
    begin(world, experiment_uid, model="a" * 5_000)
    for evil in ("(a+)+b", "(a|aa)+$b", "(.*)(.*)(.*)(.*)(.*)b", "^(([a-z])+.)+[A-Z]([a-z])+$"):
        what = f"params.model MATCHES '{evil}'"
        assert search_runs(world, "viewer", what, [], PageRequest()).items == []


def test_expressions_are_checked_on_so_many_rows(
    world: World, experiment_uid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RE2 expressions "only as a residual filter on a bounded number of candidates"."""
    monkeypatch.setattr(residual, "READ_MOST", 10)
    monkeypatch.setattr(residual, "CHUNK", 4)
    uids = [begin(world, experiment_uid, loss=float(n), model=f"m{n}").uid for n in range(12)]
    order = ["metrics.loss"]
    with pytest.raises(Invalid, match="at most 10 rows") as refused:
        search_runs(world, "viewer", "params.model MATCHES 'nothing'", order, PageRequest())
    assert refused.value.details["limit"] == 10
    narrow = search_runs(world, "viewer", "params.model MATCHES '[05]$' AND metrics.loss < 9", order, PageRequest())
    assert [view.uid for view in narrow.items] == [uids[0], uids[5]]
    first = search_runs(world, "viewer", "params.model MATCHES 'm'", order, PageRequest(5))
    rest = search_runs(world, "viewer", "params.model MATCHES 'm'", order, PageRequest(7, first.next_page_token))
    assert [view.uid for view in (*first.items, *rest.items)] == uids


def test_full_text_over_names_descriptions_and_cards(world: World) -> None:
    def found(what: str, who: str = "viewer") -> set[str]:
        question = find.asked(Entity.ASSET, what)
        return {view.name for view in world.read(who, lambda call: find.assets(call, question, PageRequest())).items}

    made = (
        CreateAsset("model", "churn", description="Who leaves", card="# Churn\n\nTrained on **Müller** invoices."),
        CreateAsset("model", "credit-risk", tags={"team": "risk"}),
        CreateAsset("model", "hidden", visibility="private", description="leaves"),
    )
    uids = [world.command("contributor", lambda call, one=one: assets.create(call, one)).uid for one in made]  # type: ignore[misc]
    assert found("text CONTAINS 'müller TRAINED'") == {"churn"}
    assert found("text CONTAINS 'leav*'") == {"churn"}
    assert found("text CONTAINS 'leav*'", "contributor") == {"churn", "hidden"}
    assert found("text CONTAINS 'c*' AND NOT text CONTAINS 'invoices'") == {"credit-risk"}
    assert found("text CONTAINS 'ris*' AND tags.team = 'risk'") == {"credit-risk"}
    world.command("contributor", lambda call: assets.update(call, uids[0], UpdateAsset(card="Nothing of it."), None))
    assert found("text CONTAINS 'müller'") == set()
    assert found("text CONTAINS 'nothing leaves'") == {"churn"}
    world.command("maintainer", lambda call: assets.rename(call, uids[0], None, "attrition", None))
    assert found("text CONTAINS 'churn'") == set()
    assert found("text CONTAINS 'attrition'") == {"attrition"}


def test_a_search_that_takes_too_long_is_refused(world: World) -> None:
    def work(tx: Transaction) -> None:
        connection = cast("SqlTransaction", tx).connection
        forever = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        with deadline.bounded(connection, 0.2):
            connection.execute(text(forever))

    with pytest.raises(Invalid, match="too many rows"):
        world.read_tx(work)


def test_its_statements_share_one_time(world: World) -> None:
    """ "a search that runs longer than 10 s is ended": not each of its statements."""

    def work(tx: Transaction) -> None:
        connection = cast("SqlTransaction", tx).connection
        some = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) SELECT count(*) FROM n"
        with deadline.bounded(connection, 0.6):
            for _ in range(1_000):
                connection.execute(text(some))

    with pytest.raises(Invalid, match="too many rows"):
        world.read_tx(work)


def test_what_expressions_take_counts(world: World, experiment_uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the statements of a search no database looks at the clock; here a second goes by at each look."""
    for n in range(12):
        begin(world, experiment_uid, model=f"m{n}")
    monkeypatch.setattr(residual, "CHUNK", 1)
    seconds = itertools.count()
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    with pytest.raises(Invalid, match="too many rows"):
        search_runs(world, "viewer", "params.model MATCHES 'nothing'", [], PageRequest())
