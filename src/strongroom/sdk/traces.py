"""Traces: what requests to models and agents did, span by span, and what is said of them."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from strongroom.sdk.api import Api
from strongroom.sdk.finding import search
from strongroom.sdk.lookup import experiment_uid
from strongroom.sdk.models import Scalar
from strongroom.sdk.run_models import Experiment
from strongroom.sdk.trace_models import Assessment, Span, Trace

TraceRef = str | Trace
"""A trace by its uid or its OpenTelemetry id (32 hex digits), or the answer itself."""


class _Count(msgspec.Struct, frozen=True):
    deleted: int = 0
    linked: int = 0


def uid_of(trace: TraceRef) -> str:
    """What names it in an address."""
    return trace if isinstance(trace, str) else trace.uid


class Traces:
    """``client.traces``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def record(
        self,
        experiment: str | Experiment,
        trace_id: str | None = None,
        *,
        spans: Sequence[Mapping[str, Any]] = (),
        run: Any = None,  # noqa: ANN401 - a Run, an answer about one, or its uid
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, Scalar] | None = None,
        **told: Any,
    ) -> Trace:
        """Record a trace, its spans, or both, in any order.

        :param trace_id: OpenTelemetry's, 32 hex digits; a fresh one when left out.
        :param spans: each with span_id, name, start_ns (nanoseconds since 1970), and what else `trace.record` takes.
        :param told: what you say of the whole: name, state, request_id, session, started_at, duration_us, request,
            response.
        """
        return self._api.call(
            "trace.record",
            Trace,
            uid=experiment_uid(self._api, experiment),
            trace_id=trace_id or secrets.token_hex(16),
            spans=[*spans],
            run_uid=getattr(run, "uid", run),
            tags=dict(tags or {}),
            properties=dict(properties or {}),
            **told,
        )

    def get(self, trace: TraceRef) -> Trace:
        """One trace with what was said of it."""
        return self._api.call("trace.get", Trace, uid=uid_of(trace))

    def spans(self, trace: TraceRef) -> Iterator[Span]:
        """The spans of a trace by their start."""
        return self._api.every("trace.spans", Span, uid=uid_of(trace))

    def list(
        self,
        experiment: str | Experiment,
        *,
        state: str | None = None,
        session: str | None = None,
        run: Any = None,  # noqa: ANN401 - a Run, an answer about one, or its uid
    ) -> Iterator[Trace]:
        """Traces of an experiment, latest start first."""
        return self._api.every(
            "trace.list",
            Trace,
            uid=experiment_uid(self._api, experiment),
            state=state,
            session=session,
            run_uid=getattr(run, "uid", run),
        )

    def search(
        self,
        filter: str = "",  # noqa: A002 - the API's word
        *,
        order_by: Sequence[str] = (),
        experiments: Sequence[str | Experiment] = (),
    ) -> Iterator[Trace]:
        """Traces that fit a filter (docs/search.md), in some experiments or in all that you may see."""
        uids = [experiment_uid(self._api, one) for one in experiments]
        return search(self._api, "trace", Trace, filter=filter, order_by=order_by, experiment_uids=uids)

    def tag(self, trace: TraceRef, tags: Mapping[str, str | None]) -> Trace:
        """Set tags."""
        return self._api.call("trace.tag", Trace, uid=uid_of(trace), tags=dict(tags))

    def untag(self, trace: TraceRef, keys: Sequence[str]) -> Trace:
        """Remove tags."""
        return self._api.call("trace.untag", Trace, uid=uid_of(trace), keys=[*keys])

    def link(self, run: Any, traces: Sequence[TraceRef]) -> int:  # noqa: ANN401 - a Run, an answer about one, or its uid
        """Link traces with a run; returns how many links are new."""
        refs = [uid_of(trace) for trace in traces]
        return self._api.call("trace.link_run", _Count, uid=getattr(run, "uid", run), traces=refs).linked

    def use(self, trace: TraceRef, version: Any) -> Trace:  # noqa: ANN401 - a version or its uid
        """Say that a trace used a version, such as that of a prompt."""
        uid = getattr(version, "uid", version)
        return self._api.call("trace.link_version", Trace, uid=uid_of(trace), version_uid=uid)

    def assess(
        self,
        trace: TraceRef,
        name: str,
        value: Any,  # noqa: ANN401 - any JSON
        *,
        kind: str = "feedback",
        rationale: str = "",
        source: str = "human",
        source_id: str = "",
        **more: Any,
    ) -> Assessment:
        """Say something of a trace. :param more: span_id, metadata, overrides, failure."""
        said = {"name": name, "value": value, "kind": kind, "rationale": rationale, "source": source}
        return self._api.call("assessment.create", Assessment, uid=uid_of(trace), source_id=source_id, **said, **more)

    def reassess(self, assessment: str | Assessment, **changes: Any) -> Assessment:
        """Say it otherwise. :param changes: name, value, failure, rationale, metadata."""
        return self._api.call("assessment.update", Assessment, uid=getattr(assessment, "uid", assessment), **changes)

    def unassess(self, assessment: str | Assessment) -> None:
        """Take an assessment back for good."""
        self._api.send("assessment.delete", uid=getattr(assessment, "uid", assessment))

    def delete(self, trace: TraceRef) -> None:
        """Delete a trace for good, with its spans and all that was said of it."""
        self._api.send("trace.delete", uid=uid_of(trace))

    def delete_until(self, experiment: str | Experiment, until: datetime, most: int = 1_000) -> int:
        """Delete the oldest traces of an experiment that started until a time; returns how many there were."""
        uid = experiment_uid(self._api, experiment)
        return self._api.call("trace.delete_some", _Count, uid=uid, until=until, most=most).deleted
