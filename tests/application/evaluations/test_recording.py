"""Evaluations: recorded, corrected, retracted; audited, and each a reason to decide again."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import audit, outbox
from strongroom.application.evaluations import finding, recording
from strongroom.application.evaluations.recording import RecordEvaluation
from strongroom.application.evaluations.views import EvaluationView
from strongroom.application.lineage import graph
from strongroom.application.registry import versions
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from strongroom.domain.evaluations import fields
from strongroom.domain.evaluations.model import Judge, Measure, SliceMeasure
from tests.application.evaluations.conftest import DATA, LATENCY, QUALITY, edge, epoch, listed, names, record
from tests.promises.support import Site, make_asset, make_draft, publish, reference


def correct(site: Site, uid: str, *metrics: Measure, who: str = "contributor", **more: Any) -> EvaluationView:
    said = RecordEvaluation(**{"name": "suite", "metrics": metrics, "dataset_digest": DATA, **more})
    return asyncio.run(recording.correct(edge(site, who), uid, said, "wrong unit"))


def retract(site: Site, uid: str, who: str = "contributor", reason: str = "leaked") -> EvaluationView:
    return site.world.command(who, lambda call: recording.retract(call, uid, reason))


def test_all_that_is_said_is_shown(site: Site, version: VersionView) -> None:
    """ "metric, data set digest, code reference, judge, quality / latency / cost with units, per-slice" results."""
    made = record(
        site, version.uid, QUALITY, LATENCY,
        slices=[SliceMeasure("de", "accuracy", 0.7, 10)], commit="abc123", path="eval/run.py", note="n",
        judge=Judge("panel", "2", "judge:3"), properties={"shots": 5}, dataset_name="holdout",
    )  # fmt: skip
    (seen,) = listed(site.world, version.uid)
    assert seen == made == site.world.read("viewer", lambda call: finding.get(call, made.uid))
    assert (list(seen.metrics), [one.value for one in seen.slices]) == ([QUALITY, LATENCY], [0.7])
    assert (seen.data.bound, seen.data.digest, seen.data.name) == (True, DATA, "holdout")
    assert (seen.code.commit, seen.judge, seen.properties) == ("abc123", Judge("panel", "2", "judge:3"), {"shots": 5})
    assert (seen.version_uid, seen.standing, seen.recorded_by) == (version.uid, True, site.world.uid("contributor"))


def test_each_change_is_audited_is_an_event_and_raises_the_epoch(site: Site, version: VersionView) -> None:
    """ "each bumps the version's evidence_epoch" (domain.md, Alias CAS)."""
    before = len(_told(site))
    first = record(site, version.uid)
    assert epoch(site, version.uid) == 1
    second = correct(site, first.uid, replace(QUALITY, value=0.85))
    assert epoch(site, version.uid) == 2
    retract(site, second.uid)
    assert epoch(site, version.uid) == 3
    told = _told(site)[before:]
    assert [action for action, _ in told] == ["evaluation.record", "evaluation.correct", "evaluation.retract"]
    assert [json.loads(body)["evaluation"] for _, body in told] == [first.uid, second.uid, second.uid]
    assert json.loads(told[1][1])["supersedes"] == first.uid
    digests = [json.loads(body).get("statement", "") for _, body in told]
    assert [len(one) for one in digests] == [64, 64, 0]
    assert digests[0] != digests[1]
    assert all(json.loads(body)["subject"] == ["version", version.uid] for _, body in told)


def _told(site: Site) -> list[tuple[str, str]]:
    """Events, each of which has an audit record of the same action."""
    with site.connect() as connection:
        query = select(outbox.c.type, outbox.c.body).join(audit, audit.c.id == outbox.c.audit_id)
        rows = connection.execute(query.where(audit.c.action == outbox.c.type).order_by(outbox.c.audit_id))
        return [(row.type, row.body) for row in rows]


def test_what_is_wrong_gets_a_successor_and_both_stay(site: Site, version: VersionView) -> None:
    """ "immutable once written, corrected by a successor and retractable with a reason"."""
    first = record(site, version.uid)
    second = correct(site, first.uid, replace(QUALITY, value=0.85))
    assert [one.uid for one in listed(site.world, version.uid)] == [second.uid]
    new, old = listed(site.world, version.uid, history=True)
    assert (new.supersedes, new.reason, new.standing) == (first.uid, "wrong unit", True)
    assert (old.superseded_by, old.standing, list(old.metrics)) == (second.uid, False, [QUALITY])
    with pytest.raises(Conflict, match="corrected or retracted"):
        correct(site, first.uid, QUALITY)
    with pytest.raises(Conflict, match="corrected or retracted"):
        retract(site, first.uid)
    gone = retract(site, second.uid)
    assert (gone.standing, gone.retracted_reason) == (False, "leaked")
    assert gone.retracted_by == site.world.uid("contributor")
    assert listed(site.world, version.uid) == []
    with pytest.raises(Invalid):
        retract(site, second.uid, reason=" ")


def test_a_data_set_of_ours_is_its_digest_and_an_edge(site: Site, version: VersionView) -> None:
    """ "data set digest (a version reference resolved to its digest, or a digest; absent = stored unbound)"."""
    data = publish(site, make_asset(site, "holdout", visibility="private").uid, [reference("rows", "data")])
    made = record(site, version.uid, dataset_uid=data.uid, dataset_digest="")
    assert (made.data.digest, made.data.version_uid) == (data.tree, data.uid)
    others = listed(site.world, version.uid)[0].data
    assert (others.digest, others.version_uid) == (data.tree, None), "the digest is told, not what may not be seen"
    assert _edges(site, version.uid) == [("evaluation", data.uid)]
    retract(site, made.uid)
    assert _edges(site, version.uid) == []
    unbound = record(site, version.uid, dataset_digest="")
    assert (unbound.data.bound, unbound.data.digest) == (False, "")
    assert record(site, version.uid, dataset_digest=f"sha256:{DATA}").data.digest == DATA


def _edges(site: Site, uid: str) -> list[tuple[str, str]]:
    drawn = site.world.read("contributor", lambda call: graph.walk(call, "version", uid, "up", depth=1))
    return [(edge.type, str(drawn.vertices[edge.source].uid)) for edge in drawn.edges]


def test_an_edge_stays_while_another_evaluation_is_on_the_data_set(site: Site, version: VersionView) -> None:
    data = publish(site, make_asset(site, "holdout").uid, [reference("rows", "data")])
    first = record(site, version.uid, dataset_uid=data.uid, dataset_digest="")
    record(site, version.uid, dataset_uid=data.uid, dataset_digest="")
    correct(site, first.uid, QUALITY)
    assert _edges(site, version.uid) == [("evaluation", data.uid)]


def test_lists_are_narrowed_by_name_and_metric(site: Site, version: VersionView) -> None:
    record(site, version.uid, QUALITY, name="a")
    record(site, version.uid, LATENCY, name="b")
    assert names(site.world, version.uid) == ["b", "a"]
    assert names(site.world, version.uid, name="a") == ["a"]
    assert names(site.world, version.uid, metric="p95") == ["b"]
    assert names(site.world, version.uid, metric="none") == []


def test_who_may_not_see_the_version_sees_no_evaluation(site: Site) -> None:
    secret = publish(site, make_asset(site, "secret", "admin", visibility="private").uid, who="admin")
    made = record(site, secret.uid, who="admin")
    with pytest.raises(NotFound):
        site.world.read("viewer", lambda call: finding.get(call, made.uid))
    with pytest.raises(NotFound):
        listed(site.world, secret.uid)
    with pytest.raises(NotFound):
        retract(site, made.uid, "viewer")
    with pytest.raises(NotFound):
        record(site, secret.uid, who="viewer")


def test_a_viewer_reads_and_does_not_write(site: Site, version: VersionView) -> None:
    made = record(site, version.uid)
    with pytest.raises(Forbidden):
        record(site, version.uid, who="viewer")
    with pytest.raises(Forbidden):
        retract(site, made.uid, "viewer")
    with pytest.raises(Forbidden):
        correct(site, made.uid, QUALITY, who="viewer")


def test_what_is_not_published_is_not_evaluated(site: Site, model: AssetView, version: VersionView) -> None:
    with pytest.raises(Conflict):
        record(site, make_draft(site, model.uid))
    made = record(site, version.uid)
    site.world.command("maintainer", lambda call: versions.delete(call, version.uid, release_aliases=True, etag=None))
    with pytest.raises(Conflict):
        record(site, version.uid)
    assert retract(site, made.uid).standing is False, "what is in the trash may still be taken back"


def test_a_version_has_a_bounded_number(site: Site, version: VersionView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "EVALUATIONS_MOST", 1)
    record(site, version.uid)
    with pytest.raises(Conflict, match="at most 1"):
        record(site, version.uid)


def test_what_is_refused_leaves_nothing(site: Site, version: VersionView) -> None:
    before = site.counts("evaluation", "audit")
    unread = {"metrics": (Measure("m", float("nan")),)}, {"name": ""}, {"judge": Judge("")}, {"rows": "0" * 64}
    for more in unread:
        said: dict[str, Any] = {"name": "n", "metrics": (QUALITY,), **more}
        with pytest.raises((Invalid, Conflict)):
            asyncio.run(recording.record(edge(site, "contributor"), version.uid, RecordEvaluation(**said)))
    assert site.counts("evaluation", "audit") == before
