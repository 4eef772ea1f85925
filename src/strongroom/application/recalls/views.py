"""What callers are shown of recalls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.lineage.views import VertexView
from strongroom.application.ports.recalls import AGAIN, LAST
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.recalls.model import Exemption, Recall


@dataclass(frozen=True, slots=True)
class RecallView:
    """A recall; one that was lifted says when, by whom and why.

    `kind` is version, digest, dataset or licence, `subject` what it names. `digest` is of the tree of the version that
    it names, or the digest that it names. `complete` is false while its reach is still being followed. `reached` counts
    the vertices of lineage that it reaches, in answers about one recall.
    """

    uid: str
    kind: str
    subject: str
    digest: str | None
    downstream: bool
    reason: str
    created_by: str
    created_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_reason: str
    complete: bool
    reached: int | None


@dataclass(frozen=True, slots=True)
class ExemptionView:
    """That a principal or team may pull what is recalled until a time. `state` is asked, given, expired or ended."""

    uid: str
    recall: str
    for_kind: str
    for_uid: str
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    until: datetime
    given_by: str | None
    given_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A release with a version that a recall reaches; `environment` and `mode` where it runs."""

    line: str
    number: int
    release_uid: str
    environment: str | None
    mode: str | None


@dataclass(frozen=True, slots=True)
class RunsOnView:
    """A target that runs such a release, or should; `running` says whether it reported so."""

    environment: str
    line: str
    name: str
    uid: str
    running: bool


@dataclass(frozen=True, slots=True)
class ReaderView:
    """A principal that read a version's bytes, how often, and in which hour last."""

    uid: str | None
    name: str
    reads: int
    last: datetime


@dataclass(frozen=True, slots=True)
class OwnerView:
    """A principal or team to be told: who published the version, or administers its asset."""

    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class AffectedView:
    """Something that a recall reaches, so many edges away from what it names.

    `barred`: it is not pulled. Each list has at most 20 items; `more` says that one has more.
    """

    vertex: VertexView
    distance: int
    barred: bool
    aliases: Sequence[str]
    releases: Sequence[PlaceView]
    targets: Sequence[RunsOnView]
    consumers: Sequence[ReaderView]
    owners: Sequence[OwnerView]
    more: bool


def recall_view(call: Call, one: Recall, *, counted: bool = False) -> RecallView:
    """A recall for anybody who may read recalls."""
    work = call.tx.recalls.work(one.id)
    return RecallView(
        one.uid,
        one.kind.value,
        one.subject,
        one.digest,
        one.downstream,
        one.reason,
        one.created_by,
        time_of(one.recorded_at),
        maybe_time(one.lifted_at),
        one.lifted_by,
        one.lifted_reason,
        complete=work is None or work.phase in {AGAIN, LAST},
        reached=call.tx.recalls.count(one.id) if counted else None,
    )


def exemption_view(call: Call, one: Exemption, recall: Recall) -> ExemptionView:
    """An exemption for anybody who may read recalls."""
    return ExemptionView(
        one.uid,
        recall.uid,
        one.for_kind,
        one.for_uid,
        one.reason,
        one.state(call.now),
        one.asked_by,
        time_of(one.asked_at),
        time_of(one.until),
        one.given_by,
        maybe_time(one.given_at),
        one.ended_by,
        maybe_time(one.ended_at),
    )
