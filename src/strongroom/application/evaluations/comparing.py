"""Champion and challenger: two evaluations on the same data compared row by row, and the answer kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.reading import stored
from strongroom.application.call import Call, Refusal
from strongroom.application.edge import Edge
from strongroom.application.evaluations import finding
from strongroom.application.paging import Page, PageRequest
from strongroom.application.views import time_of
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.evaluations.comparing import Comparison, Outcome, Plan, clean_plan
from strongroom.domain.evaluations.model import Direction, Evaluation, Measure
from strongroom.domain.evaluations.statement import compared, digest
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.values import clean_key


@dataclass(frozen=True, slots=True)
class Compare:
    """What to compare, and how; see `Plan`. The seed is drawn where none is given, and kept either way."""

    champion_uid: str
    metric: str
    alpha: float
    resamples: int
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """A comparison: what was asked, what came of it, and whether both evaluations still stand."""

    uid: str
    champion: str
    challenger: str
    metric: str
    better: Direction
    alpha: float
    seed: int
    resamples: int
    pairs: int
    difference: float
    low: float | None
    high: float | None
    verdict: str
    standing: bool
    recorded_by: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class _Two:
    champion: Evaluation
    challenger: Evaluation
    better: Direction
    files: tuple[StoredBlob, StoredBlob]


async def compare(edge: Edge, challenger_uid: str, asked: Compare) -> ComparisonView:
    """Compare; needs the right to evaluate the challenger, and to read the bytes of both.

    :raises Conflict: one stands no more, they are on different data or none that is known, or one has no rows.
    :raises Invalid: they have no such metric alike, no row in common, or a number is out of bounds.
    """
    metric = clean_key(asked.metric)
    two = await edge.read(lambda call: _two(call, challenger_uid, asked.champion_uid, metric))
    if edge.gateway.rows is None:
        raise Invalid("This server takes no results of single rows.")
    seed = asked.seed if asked.seed is not None else await edge.read(_drawn)
    plan = clean_plan(Plan(two.better, asked.alpha, seed, asked.resamples))
    outcome = await edge.gateway.rows.compare(*two.files, metric, plan)

    def finish(call: Call) -> ComparisonView:
        again = _two(call, challenger_uid, asked.champion_uid, metric)
        return _keep(call, again, metric, plan, outcome)

    return await edge.finish(finish)


def _drawn(call: Call) -> int:
    return int.from_bytes(call.tx.random_bytes(6), "big")


def _two(call: Call, challenger_uid: str, champion_uid: str, metric: str) -> _Two:
    challenger = finding.found(call, challenger_uid, Permission.EVALUATION_WRITE)
    champion = finding.found(call, champion_uid, Permission.ASSET_READ)
    if champion.id == challenger.id:
        raise Invalid("An evaluation is compared with another.")
    if not (champion.current and challenger.current):
        raise Conflict("One of the evaluations was corrected or retracted.")
    if not champion.data.bound or champion.data.digest != challenger.data.digest:
        raise Conflict("The evaluations are not on the same data set.")
    sides = [_measure(one, metric) for one in (champion, challenger)]
    if (sides[0].better, sides[0].unit) != (sides[1].better, sides[1].unit):
        raise Invalid("The metric means one thing here and another there: unit or direction differ.")
    files = _file(call, champion), _file(call, challenger)
    return _Two(champion, challenger, sides[0].better, files)


def _measure(one: Evaluation, metric: str) -> Measure:
    found = next((measure for measure in one.measures if measure.name == metric), None)
    if found is None:
        raise Invalid("One of the evaluations has no such metric.")
    return found


def _file(call: Call, one: Evaluation) -> StoredBlob:
    finding.found(call, one.uid, Permission.VERSION_BYTES)
    blob = call.tx.blobs.by_sha256([one.rows.sha256]).get(one.rows.sha256) if one.rows else None
    if blob is None:
        raise Conflict("One of the evaluations has no results of single rows.")
    return stored(blob)


def _keep(call: Call, two: _Two, metric: str, plan: Plan, outcome: Outcome) -> ComparisonView:
    own = call.tx.versions.by_id(two.challenger.version_id)
    asset = call.tx.assets.lock(own.asset_id)
    made = call.tx.evaluations.add_comparison(
        Comparison(
            0,
            call.tx.new_uid(),
            call.workspace.id,
            two.champion.id,
            two.challenger.id,
            metric,
            plan,
            outcome,
            call.actor.id,
            call.now,
        )
    )
    details: dict[str, Json] = {"comparison": made.uid, "champion": two.champion.uid, "challenger": two.challenger.uid}
    details |= {"verdict": outcome.verdict.value, "pairs": outcome.pairs}
    details["statement"] = digest(compared(made, two.champion.uid, two.challenger.uid))
    asset = call.tx.assets.advance(asset)
    call.record("evaluation.compare", Subject("version", own.uid), details, asset=asset)
    return _views(call, [made])[0]


def get(call: Call, uid: str) -> ComparisonView:
    """One comparison, for who may read both evaluations. :raises NotFound: none, or not visible."""
    call.ask(Permission.ASSET_READ)
    one = call.tx.evaluations.comparison(call.workspace.id, uid)
    shown = _views(call, [one]) if one else []
    if not shown:
        call.refusal = Refusal(Permission.ASSET_READ, Subject("comparison", uid)) if one else None
        call.absent = True
        raise NotFound("There is no such comparison.")
    return shown[0]


def listed(call: Call, evaluation_uid: str, page: PageRequest) -> Page[ComparisonView]:
    """Comparisons of an evaluation, the latest first, without those with one that the caller may not see."""
    one = finding.found(call, evaluation_uid, Permission.ASSET_READ)
    listing = f"comparisons/{one.id}"
    rows = call.tx.evaluations.comparisons(one.id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: (row.id,))
    return Page(_views(call, kept.items), kept.next_page_token)


def _views(call: Call, found: Sequence[Comparison]) -> list[ComparisonView]:
    ids = sorted({id_ for one in found for id_ in (one.champion_id, one.challenger_id)})
    sides = call.tx.evaluations.heads(sorted(finding.seen(call, ids)))
    who = call.tx.lineage.uids_of(sorted({one.recorded_by for one in found}))
    return [
        ComparisonView(
            one.uid,
            sides[one.champion_id].uid,
            sides[one.challenger_id].uid,
            one.metric,
            one.plan.better,
            one.plan.alpha,
            one.plan.seed,
            one.plan.resamples,
            one.outcome.pairs,
            one.outcome.difference,
            one.outcome.low,
            one.outcome.high,
            one.outcome.verdict.value,
            sides[one.champion_id].current and sides[one.challenger_id].current,
            who.get(one.recorded_by),
            time_of(one.recorded_at),
        )
        for one in found
        if {one.champion_id, one.challenger_id} <= sides.keys()
    ]
