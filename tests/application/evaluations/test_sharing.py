"""Links show the evaluations of their source, copies keep them, purged versions have none."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from strongroom.application.call import Call
from strongroom.application.evaluations import finding, recording
from strongroom.application.evaluations.views import EvaluationView
from strongroom.application.paging import PageRequest
from strongroom.application.ports.collection import Part
from strongroom.application.registry import copying, links, purging, versions, workspaces
from strongroom.application.registry.copying import CopyVersion
from strongroom.application.registry.links import LinkVersion
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import Conflict, Forbidden, NotFound
from tests.application.evaluations.conftest import LATENCY, QUALITY, edge, epoch, listed, names, record, send, table
from tests.promises.support import Site, make_asset, publish


def link(site: Site, uid: str, to: AssetView) -> VersionView:
    return asyncio.run(links.link(site.edge("admin"), uid, LinkVersion(to.uid)))


def copy(site: Site, uid: str, **to: Any) -> VersionView:
    return asyncio.run(copying.copy(edge(site, "root"), uid, CopyVersion(**{"name": "copy", **to})))


def standing(site: Site, uid: str, workspace: str | None = None) -> list[tuple[str, float]]:
    """What search sees of a version."""

    def look(call: Call) -> list[tuple[str, float]]:
        found = call.tx.versions.by_uid(call.workspace.id, uid)
        assert found is not None
        return sorted((one.metric, one.value) for one in call.tx.evaluations.standing(found.id, 100))

    return site.world.read("root", look, workspace)


def test_a_link_shows_them_through_to_who_reads_the_link_only(site: Site, model: AssetView) -> None:
    """domain.md N7: "a version whose [...] evaluations and findings are those of another version"."""
    source = publish(site, make_asset(site, "lab", "admin", visibility="private").uid, who="admin")
    made = record(site, source.uid, QUALITY, name="before", who="admin")
    shown = link(site, source.uid, model)
    after = record(site, source.uid, LATENCY, name="after", who="admin")
    assert names(site.world, shown.uid) == ["after", "before"]
    assert standing(site, shown.uid) == standing(site, source.uid) == [("accuracy", 0.9), ("p95", 120.0)]
    seen = site.world.read("viewer", lambda call: finding.get(call, made.uid))
    assert (seen.uid, seen.version_uid) == (made.uid, None)
    with pytest.raises(NotFound):
        listed(site.world, source.uid)
    with pytest.raises(Conflict, match="link"):
        record(site, shown.uid, who="admin")
    before = epoch(site, shown.uid)
    with pytest.raises(NotFound):  # it may read it by the link, and change it where it was made only
        site.world.command("contributor", lambda call: recording.retract(call, after.uid, "r"))
    site.world.command("admin", lambda call: recording.retract(call, after.uid, "r"))
    assert (epoch(site, shown.uid), epoch(site, source.uid)) == (before + 1, 3)
    assert names(site.world, shown.uid) == ["before"]
    assert standing(site, shown.uid) == [("accuracy", 0.9)]


def test_a_copy_keeps_them_and_what_is_corrected_is_corrected_there_too(site: Site, version: VersionView) -> None:
    """ "copy/promote keeps evaluations"."""
    made = record(site, version.uid)
    copied = copy(site, version.uid)
    own = record(site, copied.uid, LATENCY, name="own", who="root")
    assert names(site.world, copied.uid) == ["own", "suite"]
    assert names(site.world, version.uid) == ["suite"], "what is said of the copy is said of the copy"
    again = copy(site, copied.uid, name="third")
    site.world.command("contributor", lambda call: recording.retract(call, made.uid, "r"))
    assert [names(site.world, one.uid) for one in (copied, again)] == [["own"], ["own"]]
    assert (epoch(site, again.uid), standing(site, again.uid)) == (1, [("p95", 120.0)])
    bare = copy(site, copied.uid, name="bare", keep=("tags",))
    assert names(site.world, bare.uid) == []
    with pytest.raises(Forbidden):
        site.world.command("viewer", lambda call: recording.retract(call, own.uid, "r"))


def test_another_workspace_gets_statements_of_its_own(site: Site, version: VersionView, model: AssetView) -> None:
    site.world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    rows = send(site, model.uid, table(row_id=["a"], accuracy=[1.0]))
    gone = record(site, version.uid, LATENCY)
    site.world.command("contributor", lambda call: recording.retract(call, gone.uid, "r"))
    made = record(site, version.uid, rows=rows)
    copied = copy(site, version.uid, workspace="other")

    def there(call: Call) -> Sequence[EvaluationView]:
        return finding.listed(call, copied.uid, finding.ListEvaluations(), PageRequest()).items

    (own,) = site.world.read("root", there, "other")
    assert (own.uid != made.uid, own.origin_uid, own.version_uid) == (True, made.uid, copied.uid)
    assert (own.metrics, own.rows, own.data.digest) == (made.metrics, made.rows, made.data.digest)
    assert standing(site, copied.uid, "other") == [("accuracy", 0.9)]
    site.world.command("contributor", lambda call: recording.retract(call, made.uid, "r"))
    assert [one.uid for one in site.world.read("root", there, "other")] == [own.uid]


def test_what_is_purged_has_none_and_its_rows_go_with_the_last_holder(
    site: Site, version: VersionView, model: AssetView
) -> None:
    rows = send(site, model.uid, table(row_id=["a"], accuracy=[1.0]))
    made = record(site, version.uid, rows=rows)
    copied = copy(site, version.uid)
    purge(site, version.uid)
    assert names(site.world, version.uid, history=True) == []
    assert listed(site.world, copied.uid)[0].rows == made.rows
    held = site.world.read_tx(lambda tx: tx.collection.standing(Part.BLOB, 0, 2**62, 0)).holders
    assert held["evaluation"].count == 1
    purge(site, copied.uid)
    assert site.counts("evaluation_holder", "evaluation_value") == {"evaluation_holder": 0, "evaluation_value": 0}
    held = site.world.read_tx(lambda tx: tx.collection.standing(Part.BLOB, 0, 2**62, 0)).holders
    assert held["evaluation"].count == 0


def purge(site: Site, uid: str) -> None:
    site.world.command("root", lambda call: versions.delete(call, uid, release_aliases=True, etag=None))
    site.world.command("root", lambda call: purging.purge(call, uid, "r"))
