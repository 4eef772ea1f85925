"""An evaluation, or a comparison, in one spelling: what the audit log binds by its SHA-256.

The same values give the same bytes: keys sorted, no white space, UTF-8, floats in the shortest form that reads back.
"""

import hashlib
import json
from dataclasses import asdict

from strongroom.domain.errors import TooLarge
from strongroom.domain.evaluations.comparing import Comparison
from strongroom.domain.evaluations.fields import STATEMENT_LARGEST
from strongroom.domain.evaluations.model import Evaluation


def statement(one: Evaluation, version_uid: str, dataset_uid: str | None) -> bytes:
    """What an evaluation says.

    :param version_uid: of what was evaluated. :param dataset_uid: of the version that is its data set; the name that
        the registry has for that may change, and is not part of it.
    """
    data = {"digest": one.data.digest, "name": "" if one.data.resolved else one.data.name, "version": dataset_uid}
    said: dict[str, object] = {"uid": one.uid, "version": version_uid, "name": one.name, "data": data}
    said |= {"code": asdict(one.code)}
    said |= {"metrics": [asdict(each) for each in one.measures], "slices": [asdict(each) for each in one.slices]}
    said |= {"judge": asdict(one.judge) if one.judge else None, "rows": asdict(one.rows) if one.rows else None}
    said |= {"note": one.note, "properties": dict(one.properties), "reason": one.reason, "origin": one.origin_uid}
    return _spelled({**said, "evaluated_at": one.evaluated_at, "recorded_at": one.recorded_at})


def compared(one: Comparison, champion_uid: str, challenger_uid: str) -> bytes:
    """What a comparison was asked, and what came of it."""
    said = {"uid": one.uid, "champion": champion_uid, "challenger": challenger_uid, "metric": one.metric}
    return _spelled({**said, "plan": asdict(one.plan), "outcome": asdict(one.outcome), "recorded_at": one.recorded_at})


def digest(spelled: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(spelled).hexdigest()


def bounded(spelled: bytes) -> bytes:
    """The same. :raises TooLarge: it has more bytes than an evaluation may."""
    if len(spelled) > STATEMENT_LARGEST:
        kib = STATEMENT_LARGEST // 1024
        raise TooLarge(f"An evaluation has at most {kib} KiB; say less of slices.", limit=STATEMENT_LARGEST)
    return spelled


def _spelled(said: object) -> bytes:
    text = json.dumps(said, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode(errors="surrogatepass")
