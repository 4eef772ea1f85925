"""What is recorded of logged models: params set once, measurements, tags; `covering` says what proves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call
from strongroom.application.lineage import nodes
from strongroom.application.lineage.nodes import AddNode
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry.assets import clean_tags
from strongroom.application.tracking import logged_lookup, runs
from strongroom.application.tracking.covering import cover
from strongroom.application.tracking.logged_models import clean_params
from strongroom.application.tracking.logged_views import (
    LoggedModelView,
    MeasuredView,
    datasets_of,
    logged_model_view,
    measured_view,
)
from strongroom.domain.errors import Conflict, Invalid, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_tag_key
from strongroom.domain.tracking.logged_models import POINTS_OF_MODEL_MOST, LoggedModel, Measurement
from strongroom.domain.tracking.model import Run
from strongroom.domain.tracking.values import Param, Point, clean_key, written

MEASURED_MOST = 1_000
"""Points in one batch."""
PARAMS_OF_MODEL_MOST = 10_000
TAGS_OF_MODEL_MOST = 500


@dataclass(frozen=True, slots=True)
class Measure:
    """A point from outside. `run_uid` is the run that measured; data sets are told apart by name and digest.

    Without a time it has that of the transaction, microseconds since 1970.
    """

    key: str
    value: float
    step: int = 0
    time_us: int | None = None
    run_uid: str | None = None
    dataset: str | None = None
    dataset_digest: str | None = None


@dataclass(frozen=True, slots=True)
class ModelBatch:
    """What is recorded of a logged model at once: all of it or nothing."""

    params: Mapping[str, str] = field(default_factory=dict)
    points: Sequence[Measure] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)


def log(call: Call, uid: str, batch: ModelBatch) -> LoggedModelView:
    """Record a batch, whatever the model's status. Sending the same points again records them again.

    :raises Conflict: the model is in the trash; a param has another value (`key`).
    :raises TooLarge: above 1,000 points or 200 params at once, or 1,000,000 points in all.
    """
    if len(batch.points) > MEASURED_MOST:
        raise TooLarge(f"A batch has at most {MEASURED_MOST} points.", limit=MEASURED_MOST)
    params, tags = clean_params(batch.params), clean_tags(batch.tags)
    experiment, model = logged_lookup.locked(call, uid, Permission.RUN_WRITE)
    measured = _measured(call, batch.points)
    _put_params(call, model, params)
    _put_points(call, model, measured)
    _put_tags(call, model, tags)
    if params or measured or tags:
        said = {"params": {param.key: param.value for param in params}, "tags": tags}
        cover(call, model, {key: value for key, value in said.items() if value}, measured)
        call.tx.logged_models.touch(model)
    return logged_model_view(call, experiment, call.tx.logged_models.by_id(model.id))


def _measured(call: Call, points: Sequence[Measure]) -> list[Measurement]:
    """The points with the ids of their data sets and of their runs, which the caller may write."""
    found_runs: dict[str, Run] = {}
    datasets: dict[tuple[str, str | None], int] = {}
    measured = []
    for point in points:
        if point.run_uid is not None and point.run_uid not in found_runs:
            found_runs[point.run_uid] = _measuring_run(call, point.run_uid)
        at = call.now if point.time_us is None else point.time_us
        run = found_runs[point.run_uid] if point.run_uid is not None else None
        dataset_id = _dataset(call, point, datasets)
        clean = Point.of(point.step, at, point.value)
        measured.append(Measurement(clean_key(point.key), clean, run.id if run else None, dataset_id))
    return measured


def _measuring_run(call: Call, run_uid: str) -> Run:
    _, run = runs.by_uid(call, run_uid, Permission.RUN_WRITE)
    if run.deleted_at is not None:
        raise Conflict("The run is in the trash; restore it first.")
    return run


def _dataset(call: Call, point: Measure, known: dict[tuple[str, str | None], int]) -> int | None:
    """The node of the data set that a point names: the same as for a run that names it as its input."""
    if point.dataset is None:
        if point.dataset_digest is not None:
            raise Invalid("A data set's digest comes with its name.")
        return None
    named = point.dataset, point.dataset_digest
    if named not in known:
        known[named] = nodes.ensure(call, AddNode(point.dataset, digest=point.dataset_digest))[0].id
    return known[named]


def _put_params(call: Call, model: LoggedModel, params: Sequence[Param]) -> None:
    if not params:
        return
    known = call.tx.logged_models.params(model, [param.key for param in params])
    for param in params:
        written(known.get(param.key), param)
    new = [param for param in params if param.key not in known]
    total, _ = call.tx.logged_models.params_of([model.id], 1).get(model.id, (0, ()))
    if total + len(new) > PARAMS_OF_MODEL_MOST:
        raise TooLarge(f"A logged model has at most {PARAMS_OF_MODEL_MOST} params.", limit=PARAMS_OF_MODEL_MOST)
    call.tx.logged_models.put_params(model, new)


def _put_points(call: Call, model: LoggedModel, measured: Sequence[Measurement]) -> None:
    if measured and call.tx.logged_models.count_points(model.id) + len(measured) > POINTS_OF_MODEL_MOST:
        raise TooLarge(f"A logged model has at most {POINTS_OF_MODEL_MOST} points.", limit=POINTS_OF_MODEL_MOST)
    call.tx.logged_models.measure(model, measured)


def _put_tags(call: Call, model: LoggedModel, tags: Mapping[str, str | None]) -> None:
    if not tags:
        return
    present = {tag.key for tag in call.tx.tags.current("logged_model", [model.id]).get(model.id, ())}
    if len(present | tags.keys()) > TAGS_OF_MODEL_MOST:
        raise TooLarge(f"A logged model has at most {TAGS_OF_MODEL_MOST} tags.", limit=TAGS_OF_MODEL_MOST)
    call.tx.tags.set(call.workspace.id, "logged_model", model.id, tags, call.actor.id)


def remove_tags(call: Call, uid: str, keys: Sequence[str]) -> LoggedModelView:
    """Remove tags; keys without a tag do not matter."""
    wanted = [clean_tag_key(key) for key in keys]
    experiment, model = logged_lookup.locked(call, uid, Permission.RUN_WRITE)
    removed = call.tx.tags.remove(call.workspace.id, "logged_model", model.id, wanted)
    if removed:
        cover(call, model, {"untagged": sorted(removed)})
        call.tx.logged_models.touch(model)
    return logged_model_view(call, experiment, call.tx.logged_models.by_id(model.id))


def points(call: Call, uid: str, key: str, page: PageRequest) -> Page[MeasuredView]:
    """Points of one metric by step, then time; those equal in both as they came. An unknown key has no points."""
    _, model = logged_lookup.by_uid(call, uid, Permission.RUN_READ)
    key = clean_key(key)
    listing = f"measured/{model.id}/{key}"
    rows = call.tx.logged_models.points(model.id, key, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: row[0])
    datasets = datasets_of(call, [row[1] for row in kept.items])
    return kept.map(lambda row: measured_view(row[1], row[2], datasets))
