"""Traces at size, on SQLite and on PostgreSQL: searches, one trace with its spans, figures; use cases, no HTTP.

    .venv/bin/python -m benchmarks.traces [--traces 10000] [--spans 10] [--only sqlite|postgres] [--repeat 10] [--plans]

Loads traces of four experiments (seven of ten in the first) with spans, a tag and an assessment each, and prints
Markdown rows: what, how many were found, median milliseconds and those of our own process (SQLite included); with
`--plans` how the database goes about it.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, insert, text

from benchmarks.search import Clock, Loader, database, open_executor
from strongroom.adapters.sql import tables as t
from strongroom.adapters.sql.engine import postgres_engine, sqlite_engine
from strongroom.adapters.sql.migrate import move
from strongroom.application.call import Call
from strongroom.application.identity import setup
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.search import find
from strongroom.application.tracking import traces
from strongroom.domain.errors import Invalid
from strongroom.domain.search.schema import Entity
from strongroom.domain.tracking.figures import ATTRIBUTES, DURATION, ROWS, Figures, Kind, Member, Of, Summary

SECOND = 1_000_000
BEGAN = 1_700_000_000 * SECOND
KEYS = {"team": 1_000, "mlflow.trace.tokenUsage": 1_001}
FILTERS = {
    "the latest": "",
    "of a stretch of time, 1 in 100": "started_at BETWEEN {early} AND {late}",
    "tag of 1 in 10": "tags.team = 't3'",
    "tag of 1 in 1,000": "tags.ticket = 'T-77'",
    "state of 1 in 20": "state = 'error'",
    "state and tag": "state = 'error' AND tags.team = 't3'",
    "duration above": "duration_us > 990000",
    "name of a span, 1 in 1,000": "spans.name = 'tool-77'",
    "name of a span in every trace": "spans.name = 'think'",
    "a span's type and status": "SPAN (spans.type = 'TOOL' AND spans.status = 'error')",
    "an attribute of a span, 1 in 10": "spans.attributes.model = 'm3'",
    "an expression over spans": "spans.name MATCHES '^tool-7[0-9]$' AND state = 'error'",
    "feedback": "feedback.good = FALSE",
    "session of ten": "session = 's77'",
}


class TraceLoader(Loader):
    """Rows of traces, as the repositories write them."""

    def fill(self, count: int, spans: int, namespace_id: int) -> None:
        for name, id_ in {**KEYS, "ticket": 1_002}.items():
            self.add(t.name_dict, id=id_, workspace_id=self.workspace_id, text=name)
        for id_ in range(1, 5):
            row = self.common(id_)
            row["uid"] = f"00000000-0000-7000-8000-00000000000{id_}"
            self.add(t.experiment, **row, namespace_id=namespace_id, name=f"exp-{id_}")
        self.flush()
        for id_ in range(1, count + 1):
            self.trace(id_, spans)
        self.flush()

    def trace(self, id_: int, spans: int) -> None:
        draw = self.random.random
        experiment_id = 1 if draw() < 0.7 else self.random.randint(2, 4)
        began, state = BEGAN + id_ * SECOND, "error" if draw() < 0.05 else "ok"
        self.add(
            t.trace, **self.common(id_), experiment_id=experiment_id, trace_id=f"{id_:032x}", name=f"chat-{id_ % 5}",
            state=state, session=f"s{id_ // 10}", started_at=began, duration_us=int(draw() * SECOND), told=True,
            spans=spans, size=spans * 400, updated_at=began,
        )  # fmt: skip
        self.tag("trace", id_, KEYS["team"], f"t{self.random.randint(0, 9)}")
        self.tag("trace", id_, 1_002, f"T-{self.random.randint(0, 999)}")
        usage = json.dumps({"input_tokens": id_ % 500, "output_tokens": id_ % 90})
        self.add(
            t.object_property, owner_kind="trace", owner_id=id_, key_id=KEYS["mlflow.trace.tokenUsage"], type="str",
            text=usage, number=None,
        )  # fmt: skip
        good = "true" if draw() < 0.9 else "false"
        self.add(
            t.assessment, uid=self.common(id_)["uid"], trace_id=id_, experiment_id=experiment_id, kind="feedback",
            name="good", value=good, text=good, number=float(good == "true"), source="human", source_id="",
            rationale="", metadata="{}", valid=True, created_by=self.actor_id, recorded_at=began, updated_at=began,
        )  # fmt: skip
        for number in range(spans):
            self.span(id_, number, experiment_id, began)

    def span(self, trace_id: int, number: int, experiment_id: int, began: int) -> None:
        name = "answer" if number == 0 else "think" if number % 2 else f"tool-{self.random.randint(0, 999)}"
        attributes = {"model": f"m{trace_id % 10}", "mlflow.llm.cost": '{"total_cost": 0.5}', "text": "x" * 200}
        body = {"name": name, "kind": "internal", "message": "", "attributes": attributes, "events": [], "links": []}
        told = json.dumps(body)
        start = (began + number) * 1_000
        self.add(
            t.span, trace_id=trace_id, span_id=f"{number + 1:016x}", experiment_id=experiment_id,
            parent_id=None if number == 0 else f"{1:016x}", name=name, type="TOOL" if name[:4] == "tool" else "LLM",
            status="error" if self.random.random() < 0.01 else "ok", start_ns=start, end_ns=start + 5_000_000,
            size=len(told), body=told,
        )  # fmt: skip


def load(kind: str, url: str, count: int, spans: int) -> None:
    """Fill a new database."""
    move(url)
    executor = open_executor(kind, url)
    workspace = asyncio.run(executor.command(setup.ensure_default_workspace))
    executor.close()
    began = time.monotonic()
    engine = sqlite_engine(url, write=True) if kind == "sqlite" else postgres_engine(url, pool_size=1)
    with engine.begin() as connection:
        actor_id = connection.execute(text("SELECT id FROM principal")).scalars().first() or 0
        namespace_id = connection.execute(text("SELECT id FROM namespace")).scalars().first()
        if namespace_id is None:
            row = {"uid": Clock().new_uid(), "workspace_id": workspace.id, "path": "", "slug_path": ""}
            made = insert(t.namespace).values(**row, recorded_at=0).returning(t.namespace.c.id)
            namespace_id = connection.execute(made).scalar_one()
        TraceLoader(connection, workspace.id, actor_id).fill(count, spans, namespace_id)
    if kind == "postgres":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    print(f"{kind}: {count:,} traces of {spans} spans loaded in {time.monotonic() - began:.0f} s", flush=True)


def questions(count: int) -> dict[str, Callable[[Call], object]]:
    """What is asked: each gives what was found."""
    places = ("00000000-0000-7000-8000-000000000001",)
    middle = BEGAN + count // 2 * SECOND
    window = {"early": f"'{_iso(middle)}'", "late": f"'{_iso(middle + count // 100 * SECOND)}'"}

    def searching(told: str) -> Callable[[Call], object]:
        question = find.asked(Entity.TRACE, told.format(**window), experiment_uids=places)
        return lambda call: find.traces(call, question, PageRequest(100)).items

    def figures(of: Figures) -> Callable[[Call], object]:
        return lambda call: find.trace_figures(call, None, places, of)

    def whole(call: Call) -> object:
        return traces.whole(call, f"{count // 2:032x}")[1]

    summaries = (Summary(Kind.AVERAGE), Summary(Kind.PERCENTILE, 95))
    costs = Figures(Of.SPAN, Member("mlflow.llm.cost", "total_cost"), (Summary(Kind.SUM),), (ATTRIBUTES + "model",))
    early, late = middle, middle + count // 100 * SECOND
    return {
        **{f"traces: {name}": searching(told) for name, told in FILTERS.items()},
        "one trace with its spans": whole,
        "figures: traces a day": figures(Figures(Of.TRACE, ROWS, (Summary(Kind.COUNT),), step_s=86_400)),
        "figures: latency by name, p95": figures(Figures(Of.TRACE, DURATION, summaries, ("name",))),
        "figures: tokens": figures(Figures(Of.TRACE, Member("mlflow.trace.tokenUsage", "input_tokens"), summaries)),
        "figures: spans by type": figures(Figures(Of.SPAN, ROWS, (Summary(Kind.COUNT),), ("type",))),
        "figures: spans by type, 1 in 100 traces": figures(
            Figures(Of.SPAN, ROWS, (Summary(Kind.COUNT),), ("type",), since=early, until=late)
        ),
        "figures: cost by model": figures(costs),
        "figures: feedback by value": figures(Figures(Of.ASSESSMENT, ROWS, (Summary(Kind.COUNT),), ("name", "value"))),
    }


def _iso(us: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(us // SECOND))


@contextmanager
def plans() -> Iterator[None]:
    """Print how the database goes about the statements that are run meanwhile."""
    within: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401
        if within or not statement.startswith("SELECT") or "trace" not in statement:
            return
        within.append(statement)
        asked = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, COSTS OFF) "
        for row in connection.exec_driver_sql(asked + statement, parameters):
            print("      ", row[-1])
        print("      --")
        within.clear()

    event.listen(Engine, "before_cursor_execute", explain)
    yield
    event.remove(Engine, "before_cursor_execute", explain)


def measured(work: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Median of the time, and of this process's part of it on the processors, in milliseconds."""
    times = []
    for _ in range(repeat):
        began, busy = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - began, time.process_time() - busy))
    return statistics.median(one for one, _ in times) * 1000, statistics.median(one for _, one in times) * 1000


def measure(kind: str, url: str, count: int, repeat: int, *, explain: bool) -> None:
    """Ask everything; print Markdown rows."""
    executor = open_executor(kind, url)
    workspace = asyncio.run(executor.command(setup.ensure_default_workspace))

    def ask(question: Callable[[Call], object]) -> Any:  # noqa: ANN401 - whatever it finds
        def work(tx: Transaction) -> object:
            return question(setup.as_system(tx, workspace))

        return asyncio.run(executor.read(work))

    for name, question in questions(count).items():
        try:
            found = len(ask(question))
            took, busy = measured(lambda: ask(question), repeat)  # noqa: B023 - called at once
            print(f"| {kind} | {name} | {found} | {took:.1f} | {busy:.1f} |", flush=True)
        except Invalid as refused:
            print(f"| {kind} | {name} | refused: {refused.message} |", flush=True)
        if explain:
            with plans():
                ask(question)
    executor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=10_000)
    parser.add_argument("--spans", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--plans", action="store_true")
    given = parser.parse_args()
    for kind in [given.only] if given.only else ["sqlite", "postgres"]:
        with database(kind) as url:
            load(kind, url, given.traces, given.spans)
            measure(kind, url, given.traces, given.repeat, explain=given.plans)


if __name__ == "__main__":
    main()
