"""``trace search`` and ``trace show``: requests to models and agents, for people."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.sdk.trace_models import Span

Order = Annotated[list[str] | None, Parameter(negative_iterable="")]


def search(
    filter: str = "",  # noqa: A002 - the API's word
    *,
    experiment: Annotated[list[str] | None, Parameter(negative_iterable="")] = None,
    order_by: Order = None,
    limit: int = 100,
    common: Common | None = None,
) -> None:
    """Traces that fit a filter, such as "state = 'error' AND spans.type = 'TOOL' AND feedback.good = FALSE".

    Parameters
    ----------
    filter:
        Left out, all of them; docs/search.md has the language.
    experiment:
        Only traces of it, as namespace/name; repeat it for several.
    order_by:
        A field, alone or with ASC or DESC; repeat it for ties. Latest start first when left out.
    limit:
        At most so many rows.
    """
    common = common or NONE
    with common.client() as client:
        found = client.traces.search(filter, order_by=order_by or (), experiments=experiment or ())
        columns = ("experiment", "name", "state", "started_at", "duration_us", "span_count", "trace_id")
        output.rows(islice(found, limit), as_json=common.json, columns=columns)


def show(trace: str, *, common: Common | None = None) -> None:
    """One trace with its spans as a tree, each with how long it took.

    Parameters
    ----------
    trace:
        Its uid, or OpenTelemetry's trace id.
    """
    common = common or NONE
    with common.client() as client:
        found = client.traces.get(trace)
        spans = list(client.traces.spans(found))
    if common.json:
        output.emit({"trace": found, "spans": spans})
        return
    output.line(f"{output.text(found.name) or found.trace_id}  {found.state}  {found.experiment}")
    for key in ("request", "response", "session", "run_uid"):
        if getattr(found, key):
            output.line(f"  {key}: {output.text(getattr(found, key))}")
    for one in found.assessments:
        output.line(
            f"  {one.kind} {output.text(one.name)} = {output.text(one.value)}{'' if one.valid else ' (overridden)'}"
        )
    for line in tree(spans):
        output.line(line)


def tree(spans: Sequence[Span]) -> Iterator[str]:
    """A line a span, below its parent and moved to the right; one whose parent is missing stands at the left."""
    known = {span.span_id for span in spans}
    below: dict[str | None, list[Span]] = {}
    for span in spans:
        parent = span.parent_id if span.parent_id in known else None
        below.setdefault(parent, []).append(span)
    waiting = [(span, 0) for span in reversed(below.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        took = "" if span.end_ns is None else f"  {(span.end_ns - span.start_ns) / 1e6:.1f} ms"
        of = f" [{span.type}]" if span.type else ""
        failed = f"  {span.status}: {output.text(span.message)}" if span.status == "error" else ""
        yield f"{'  ' * depth}{output.text(span.name)}{of}{took}{failed}"
        waiting += [(child, depth + 1) for child in reversed(below.get(span.span_id, []))]
