"""What is recorded of a logged model, covered like what is recorded of a run (domain.md N15).

It goes into the hash chain of the run that measured, else of the run that put the model out; where there is none, the
command leaves an audit record with its digest.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from strongroom.application.call import Call
from strongroom.application.tracking import recording
from strongroom.domain.audit.record import Subject
from strongroom.domain.tracking.logged_models import LoggedModel, Measurement


def cover(call: Call, model: LoggedModel, said: Mapping[str, object], measured: Sequence[Measurement] = ()) -> None:
    """Cover what was said and measured of a locked model; the caller checked rights.

    :param said: plain JSON: params, tags, paths and digests.
    """
    parts: dict[int | None, dict[str, object]] = {model.run_id: dict(said)} if said else {}
    rows: dict[int | None, list[object]] = {}
    for one in measured:
        rows.setdefault(one.run_id or model.run_id, []).append(_row(one))
    for run_id, points in rows.items():
        parts.setdefault(run_id, {})["points"] = points
    for run_id in sorted(parts, key=lambda id_: id_ or 0):  # runs are locked in the order of their ids
        _cover(call, model, run_id, parts[run_id])


def _cover(call: Call, model: LoggedModel, run_id: int | None, part: Mapping[str, object]) -> None:
    if run_id is not None:
        recording.extend_chain(call, call.tx.runs.by_id(run_id), {"logged_model": model.uid, **part})
        return
    whole = json.dumps(part, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    call.record("logged_model.log", Subject("logged_model", model.uid), {"batch": digest}, event=False)


def _row(one: Measurement) -> list[object]:
    point = one.point
    return [one.key, point.step, point.time_us, repr(point.value), one.dataset_id]
