"""Evaluations recorded, corrected and retracted. What is written stays; what was wrong gets a successor or a reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.folders import possessed_by
from strongroom.application.artifacts.reading import stored
from strongroom.application.call import Call, asset_target
from strongroom.application.edge import Edge
from strongroom.application.evaluations import finding
from strongroom.application.evaluations.views import EvaluationView, evaluation_views
from strongroom.application.lineage import graph
from strongroom.application.registry import versions
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotPossessed
from strongroom.domain.evaluations import fields
from strongroom.domain.evaluations.model import Data, Evaluation, Judge, Measure, Rows, SliceMeasure
from strongroom.domain.evaluations.statement import bounded, digest, statement
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import clean_reason
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.model import Asset, Version, VersionState


@dataclass(frozen=True, slots=True)
class RecordEvaluation:
    """What was measured of a version.

    :param dataset_uid: a version that is ours, whose digest and name are then the data set's; or `dataset_digest`
        says it, of whatever algorithm; with neither the evaluation is unbound.
    :param evaluated_at: microseconds since 1970, as claimed.
    :param rows: SHA-256 of a Parquet file with the results of single rows, sent to the version's asset before.
    """

    name: str
    metrics: Sequence[Measure]
    slices: Sequence[SliceMeasure] = ()
    dataset_uid: str | None = None
    dataset_digest: str = ""
    dataset_name: str = ""
    commit: str = ""
    path: str = ""
    judge: Judge | None = None
    rows: str | None = None
    note: str = ""
    properties: Mapping[str, object] = field(default_factory=dict)
    evaluated_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """A command whose fields are clean."""

    command: RecordEvaluation
    rows: Rows | None = None
    corrects: str | None = None
    reason: str = ""


async def record(edge: Edge, version_uid: str, command: RecordEvaluation) -> EvaluationView:
    """Record an evaluation of a version.

    :raises Conflict: the version is a link, a draft or in the trash, or has too many. :raises NotPossessed: the rows'
        file was not sent. :raises Invalid: a field is wrong, or the file is none of rows.
    """
    said = await _checked(edge, lambda call: _evaluated(call, version_uid), command)
    return await edge.finish(lambda call: _record(call, version_uid, said))


def record_here(call: Call, version_uid: str, command: RecordEvaluation) -> EvaluationView:
    """The same, without results of single rows, in a transaction that is under way."""
    return _record(call, version_uid, _Said(replace(_clean(command), rows=None)))


async def correct(edge: Edge, uid: str, command: RecordEvaluation, reason: str) -> EvaluationView:
    """Record a successor of an evaluation that was wrong; both stay, and the successor stands.

    Where the version that was evaluated is in the trash or purged, any live copy that shares it serves; see `_place`.

    :raises Conflict: it was corrected or retracted before.
    """
    why = clean_reason(reason)
    said = await _checked(edge, lambda call: _evaluated(call, _place(call, uid)), command)
    return await edge.finish(lambda call: _record(call, _place(call, uid), replace(said, corrects=uid, reason=why)))


def retract(call: Call, uid: str, reason: str) -> EvaluationView:
    """Say that an evaluation stands no more, without a successor.

    :raises Conflict: it was corrected or retracted before.
    """
    why = clean_reason(reason)
    asset, version = versions.locked(call, _place(call, uid, trashed=True), Permission.EVALUATION_WRITE)
    old = _standing(call, uid, version, trashed=True)
    gone = call.tx.evaluations.retract(old, call.now, call.actor.id, why)
    _changed(call, old, [old.data.digest])
    _unlink(call, gone)
    asset = call.tx.assets.advance(asset)
    details: dict[str, Json] = {"evaluation": uid, "dataset": old.data.digest or None}
    call.record("evaluation.retract", Subject("version", version.uid), details, asset=asset)
    return evaluation_views(call, [gone])[0]


def _place(call: Call, uid: str, *, trashed: bool = False) -> str:
    """The uid of the version by which an evaluation is changed: the one that was evaluated, as long as it is live.

    Then any live copy that shares it, which the caller may evaluate: nobody could put it right otherwise.

    :param trashed: whether the one that was evaluated may be in the trash, for who may evaluate it.
    """
    write = Permission.EVALUATION_WRITE
    call.ask(write)
    one = call.tx.evaluations.by_uid(call.workspace.id, uid)
    if one is None:
        return _home(call, finding.found(call, uid, write))  # which is none
    home = call.tx.versions.by_id(one.version_id)
    asset = call.tx.assets.by_id(home.asset_id)
    kept = asset.deleted_at is None and home.state in {VersionState.LIVE, VersionState.TRASHED}
    serves = trashed and kept and call.allows(write, asset_target(asset))
    if not (serves or (kept and home.state is VersionState.LIVE)):
        for shared, owner in finding.live_holders(call, one):
            if call.allows(write, asset_target(owner)):
                return shared
    return _home(call, finding.found(call, uid, write))


def _home(call: Call, one: Evaluation) -> str:
    return call.tx.versions.by_id(one.version_id).uid


# -- before it is written ----------------------------------------------------------------------------------------


async def _checked(edge: Edge, look: Callable[[Call], tuple[Asset, Version]], command: RecordEvaluation) -> _Said:
    """Fields cleaned, rights asked for, and the file of rows looked into, before the transaction that writes."""

    def begin(call: Call) -> StoredBlob | None:
        asset, _version = look(call)
        _data(call, command)
        return _sent(call, asset, command.rows)

    said = _Said(_clean(command))
    blob = await edge.read(begin)
    if blob is None:
        return said
    if edge.gateway.rows is None:
        raise Invalid("This server takes no results of single rows.")
    return replace(said, rows=await edge.gateway.rows.describe(blob))


def _clean(command: RecordEvaluation) -> RecordEvaluation:
    measures = fields.clean_measures(command.metrics)
    data = fields.clean_data(command.dataset_digest, command.dataset_name)
    if command.dataset_uid is not None and data.digest:
        raise Invalid("The data set is named by its version or by a digest.")
    code = fields.clean_code(command.commit, command.path)
    return replace(
        command,
        name=fields.clean_name(command.name),
        metrics=measures,
        slices=fields.clean_slices(command.slices, measures),
        dataset_digest=data.digest,
        dataset_name=data.name,
        commit=code.commit,
        path=code.path,
        judge=fields.clean_judge(command.judge),
        note=fields.clean_note(command.note),
        properties=fields.clean_properties(command.properties),
        evaluated_at=fields.clean_time(command.evaluated_at),
    )


def _evaluated(call: Call, uid: str) -> tuple[Asset, Version]:
    """The version, when it may be evaluated; its links show what is said of it."""
    asset, version = versions.by_uid(call, uid, Permission.EVALUATION_WRITE)
    if version.state is not VersionState.LIVE or asset.deleted_at is not None:
        raise Conflict("Only a published version outside the trash is evaluated.", state=version.state.value)
    versions.must_be_own(version)
    return asset, version


def _data(call: Call, command: RecordEvaluation) -> Data:
    """The data set; where it is a version that the caller may read, its digest and name are those of the registry.

    :raises Invalid: the caller calls such a version something else.
    """
    if command.dataset_uid is None:
        return fields.clean_data(command.dataset_digest, command.dataset_name)
    asset, version = versions.by_uid(call, command.dataset_uid, Permission.ASSET_READ)
    if command.dataset_name not in ("", asset.path):
        raise Invalid(f"The data set is called {asset.path!r} here; leave dataset_name out.", name=asset.path)
    if version.tree is None or version.state is not VersionState.LIVE:
        raise Conflict("The data set is not published, or in the trash.", state=version.state.value)
    return Data(version.tree, asset.path, version.id)


def _sent(call: Call, asset: Asset, sha256: str | None) -> StoredBlob | None:
    """The file of rows. :raises NotPossessed: its bytes were not sent (domain.md N16)."""
    if sha256 is None:
        return None
    found = possessed_by(call, asset.id, [sha256]).get(sha256)
    if found is None:
        raise NotPossessed("Send these bytes first.", digests=[sha256], count=1)
    return stored(found)


# -- writing -----------------------------------------------------------------------------------------------------


def _record(call: Call, version_uid: str, said: _Said) -> EvaluationView:
    asset, version = versions.locked(call, version_uid, Permission.EVALUATION_WRITE)
    asset, version = _evaluated(call, version.uid)
    old = _standing(call, said.corrects, version) if said.corrects else None
    if call.tx.evaluations.count(version.id) >= fields.EVALUATIONS_MOST:
        most = fields.EVALUATIONS_MOST
        raise Conflict(f"A version has at most {most} evaluations.", limit=most)
    _sent(call, asset, said.rows.sha256 if said.rows else None)
    data = _data(call, said.command)
    holders = _holders(call, old) if old else [version.id, *(one.id for one in call.tx.versions.links(version.id))]
    new = _new(call, version, data, said, old)
    spelled = bounded(statement(new, version.uid, said.command.dataset_uid))
    new = call.tx.evaluations.add(new, holders)
    if old is not None:
        call.tx.evaluations.supersede(old, new.id)
        _unlink(call, old)
    _changed(call, new, [data.digest, old.data.digest if old else ""])
    if data.version_id is not None:
        graph.link(call, Vertex("version", data.version_id), EdgeType.EVALUATION, Vertex("version", version.id))
    details: dict[str, Json] = {"evaluation": new.uid, "dataset": data.digest or None, "metrics": len(new.measures)}
    details["statement"] = digest(spelled)
    details |= {"rows": said.rows.sha256 if said.rows else None} | ({"supersedes": old.uid} if old else {})
    asset = call.tx.assets.advance(call.tx.assets.by_id(asset.id))
    action = "evaluation.correct" if old else "evaluation.record"
    call.record(action, Subject("version", version.uid), details, asset=asset)
    return evaluation_views(call, [new])[0]


def _new(call: Call, version: Version, data: Data, said: _Said, old: Evaluation | None) -> Evaluation:
    command = said.command
    return Evaluation(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        version_id=version.id,
        name=command.name,
        measures=tuple(command.metrics),
        slices=tuple(command.slices),
        data=data,
        code=fields.clean_code(command.commit, command.path),
        judge=command.judge,
        rows=said.rows,
        note=command.note,
        properties=command.properties,
        recorded_by=call.actor.id,
        recorded_at=call.now,
        evaluated_at=command.evaluated_at,
        root_id=old.root_id if old else 0,
        supersedes_id=old.id if old else None,
        reason=said.reason,
    )


def _standing(call: Call, uid: str, by: Version, *, trashed: bool = False) -> Evaluation:
    """The evaluation that is changed by a version, with its row locked and those of all that share it.

    :raises Conflict: it stands no more; or the version that was evaluated came back, and is asked now.
    """
    found = call.tx.evaluations.by_uid(call.workspace.id, uid)
    assert found is not None  # noqa: S101 - `_place` found it
    one = call.tx.evaluations.lock(found.id)
    if not one.current:
        raise Conflict("The evaluation was corrected or retracted before.")
    _holders(call, one)
    if _place(call, uid, trashed=trashed) != by.uid:
        raise Conflict("The version that was evaluated changed meanwhile; try again.")
    return one


def _holders(call: Call, one: Evaluation) -> list[int]:
    """The versions that share it, their rows locked, so that nobody begins to share it meanwhile."""
    locked: list[int] = []
    while set(found := call.tx.evaluations.holders(one.id)) - set(locked):
        locked = list(found)
        call.tx.evaluations.lock_versions(locked)
    return locked


def _changed(call: Call, one: Evaluation, digests: Sequence[str]) -> None:
    """What is decided on the evidence of these versions is to be decided again."""
    holders = _holders(call, one)
    call.tx.evaluations.refresh(holders, digests)
    call.tx.evaluations.bump(holders)


def _unlink(call: Call, gone: Evaluation) -> None:
    """Take the edge from the data set back, when no evaluation that stands is left on it."""
    dataset = gone.data.version_id
    if dataset is None or call.tx.evaluations.rests_on(gone.version_id, dataset):
        return
    source, target = Vertex("version", dataset), Vertex("version", gone.version_id)
    edge = call.tx.lineage.edge(source, EdgeType.EVALUATION, target)
    if edge is not None:
        call.tx.lineage.remove_edge(call.workspace.id, edge, call.actor.id, "The evaluation stands no more.")
