"""Evaluations and comparisons: whether they say what the audit log bound, and the tables made of them what they say."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from strongroom.application.integrity.findings import Finding, Hurt, Kind
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.evaluations.model import Evaluation
from strongroom.domain.evaluations.statement import compared, digest, statement

RECORDS_AT_ONCE: Final = 1_000
_ACTIONS: Final = tuple(f"evaluation.{verb}" for verb in ("record", "correct", "retract", "compare"))


@dataclass(slots=True)
class _Said:
    """What the log has of a version: statements by uid (None of a release that bound none), and what stands no more."""

    statements: dict[str, str | None] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


def check(tx: Transaction, version_id: int) -> list[Finding]:
    """What is wrong with the evaluations of a version, each looked at with the first version that shares it."""
    version = tx.versions.by_id(version_id)
    name = tx.integrity.name_of(version.asset_id)
    hurts = [Hurt("asset", name, version.number)]
    known: dict[str, _Said] = {}
    found: list[Finding] = []
    for id_ in tx.evaluations.first_held(version_id):
        for what, wrong, bound in _of(tx, id_, known):
            where = f"{what} of version {version.number} of {name}"
            found.append(Finding(Kind.EVALUATION, bound or "", where, 0, {"why": wrong}, hurts=hurts))
    if tx.evaluations.stale(version_id):
        where = f"values for search of version {version.number} of {name}"
        found.append(Finding(Kind.EVALUATION, "", where, 0, {"why": "other values than its evaluations"}, hurts=hurts))
    return found


def _of(tx: Transaction, id_: int, known: dict[str, _Said]) -> Iterator[tuple[str, str, str | None]]:
    """What is named, what is wrong with it, and the digest that the log has."""
    try:
        one = tx.evaluations.by_ids([id_])[id_]
    except (ValueError, KeyError, TypeError):
        yield f"evaluation {tx.evaluations.heads([id_])[id_].uid}", "unreadable", None
        return
    home = tx.versions.by_id(one.version_id).uid
    said = known[home] if home in known else known.setdefault(home, _said(tx, home))
    bound = said.statements.get(one.uid)
    yield from ((f"evaluation {one.uid}", wrong, bound) for wrong in _wrong(tx, one, home, said))
    for made in tx.evaluations.comparisons(id_, None, RECORDS_AT_ONCE):
        if made.challenger_id != id_:
            continue
        heads, bound = tx.evaluations.heads([made.champion_id]), said.statements.get(made.uid)
        if bound not in (None, digest(compared(made, heads[made.champion_id].uid, one.uid))):
            yield f"comparison {made.uid}", "other words or numbers than were recorded", bound


def _wrong(tx: Transaction, one: Evaluation, home: str, said: _Said) -> Iterator[str]:
    if one.uid not in said.statements and one.origin_uid is None:  # copies of older releases had no record
        yield "no record of it"
    dataset = None if one.data.version_id is None else tx.versions.by_id(one.data.version_id).uid
    if said.statements.get(one.uid) not in (None, digest(statement(one, home, dataset))):
        yield "other words or numbers than were recorded"
    if tx.evaluations.metrics(one.id) != {measure.name: measure.value for measure in one.measures}:
        yield "other metrics than it says"
    if one.current and one.uid in said.gone:
        yield "it stands, though it was corrected or retracted"


def _said(tx: Transaction, version_uid: str) -> _Said:
    said, about = _Said(), {"actor": None, "since": None, "until": None}
    for action in _ACTIONS:
        after: tuple[int] | None = None
        while rows := tx.audit.list(
            None, action=action, subject_uid=version_uid, after=after, limit=RECORDS_AT_ONCE, **about
        ):
            for row in rows:
                _note(said, action, json.loads(row.body)["details"])
            after = (rows[-1].id,)
    return said


def _note(said: _Said, action: str, details: dict[str, str | None]) -> None:
    if action == "evaluation.retract":
        said.gone.add(str(details["evaluation"]))
        return
    uid = details["comparison" if action == "evaluation.compare" else "evaluation"]
    said.statements[str(uid)] = details.get("statement")
    if old := details.get("supersedes"):
        said.gone.add(old)
