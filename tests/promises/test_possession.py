"""domain.md N16: ""Already here" is answered only for bytes the caller has sent (ledger, 48 h), that the target asset
already holds, or that an asset named as base holds which the caller may read."
"""

import os

import pytest

from strongroom.application.artifacts import folders, trees
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, versions
from strongroom.application.registry.assets import UpdateAsset
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Conflict, DomainError, Forbidden, NotFound, NotPossessed, SizeMismatch
from tests.application.conftest import DAY
from tests.promises.support import (
    BOTH_STORES,
    Site,
    make_asset,
    make_draft,
    publish_bytes,
    run,
    seal,
    send,
    sha256,
    statements,
)

HOUR = 3_600_000_000


def missing(site: Site, draft: str, digest: str, who: str = "contributor", bases: tuple[str, ...] = ()) -> bool:
    return site.world.command(who, lambda c: folders.missing(c, "draft", draft, [digest], bases)) == [digest]


def name_it(site: Site, draft: str, data: bytes, who: str = "contributor", bases: tuple[str, ...] = ()) -> None:
    entry = PutEntry("stolen", sha256(data), len(data))
    site.world.command(who, lambda call: folders.put(call, "draft", draft, [entry], bases))


def may_not_name(site: Site, draft: str, data: bytes, who: str, bases: tuple[str, ...] = ()) -> None:
    """Both answers agree: it must be sent, and it cannot be named."""
    assert missing(site, draft, sha256(data), who, bases)
    with pytest.raises(NotPossessed):
        name_it(site, draft, data, who, bases)


def test_what_one_has_sent_is_here_for_48_hours(site: Site, model: AssetView) -> None:
    """N16: "bytes the caller has sent (ledger, 48 h)"."""
    data = os.urandom(100)
    elsewhere = make_asset(site, "elsewhere")
    draft = make_draft(site, model.uid)
    assert missing(site, draft, sha256(data))
    run(send(site, draft, {"a": data}))
    other = make_draft(site, elsewhere.uid)
    assert not missing(site, other, sha256(data))
    site.world.clock.advance(47 * HOUR)
    assert not missing(site, other, sha256(data))
    name_it(site, other, data)
    site.world.clock.advance(HOUR + 1_000_000)
    may_not_name(site, make_draft(site, elsewhere.uid), data, "contributor")


def test_sending_again_begins_the_48_hours_anew(site: Site, model: AssetView) -> None:
    """N16: the ledger holds what was sent within 48 hours, counted from the last time."""
    data = os.urandom(100)
    draft = make_draft(site, model.uid)
    run(send(site, draft, {"a": data}))
    site.world.clock.advance(40 * HOUR)
    run(send(site, draft, {"a": data}))
    site.world.clock.advance(40 * HOUR)
    assert not missing(site, draft, sha256(data))


@BOTH_STORES
def test_anothers_bytes_are_not_here_even_in_the_same_workspace(site: Site, model: AssetView) -> None:
    """N16: ""present in the workspace" lets a reader of A fetch B's private file by its (published) SHA-256"."""
    data = os.urandom(1_000)
    private = make_asset(site, "private", visibility="private")
    hidden = run(publish_bytes(site, private.uid, {"w": data}))
    draft = make_draft(site, model.uid, "maintainer")
    may_not_name(site, draft, data, "maintainer")
    # naming it as base does not help who may not read it, and answers as if it were not there
    with pytest.raises(NotFound):
        missing(site, draft, sha256(data), "maintainer", (hidden.uid,))
    # sending the bytes does, and they are stored once
    run(send(site, draft, {"mine": data}, "maintainer"))
    assert not missing(site, draft, sha256(data), "maintainer")
    assert site.counts("blob")["blob"] == 1


def test_the_target_asset_and_a_readable_base_count(site: Site, model: AssetView) -> None:
    """N16: "that the target asset already holds, or that an asset named as base holds which the caller may read"."""
    data = os.urandom(100)
    version = run(publish_bytes(site, model.uid, {"w": data}))
    same = make_draft(site, model.uid, "maintainer")
    name_it(site, same, data, "maintainer")
    other = make_asset(site, "other", "maintainer")
    draft = make_draft(site, other.uid, "maintainer")
    may_not_name(site, draft, data, "maintainer")
    name_it(site, draft, data, "maintainer", (version.uid,))
    seal(site, draft, who="maintainer")
    assert not missing(site, make_draft(site, other.uid, "contributor"), sha256(data))


def test_a_base_that_was_closed_to_the_caller_no_longer_counts(site: Site, model: AssetView) -> None:
    """N16: "an asset named as base ... which the caller may read", at that moment."""
    data = os.urandom(100)
    version = run(publish_bytes(site, model.uid, {"w": data}))
    mine = make_asset(site, "mine", "admin")
    site.world.command("admin", lambda call: assets.update(call, mine.uid, UpdateAsset(description="d"), None))
    theirs = make_asset(site, "theirs", "maintainer")
    draft = make_draft(site, theirs.uid, "maintainer")
    assert not missing(site, draft, sha256(data), "maintainer", (version.uid,))
    site.world.command("admin", lambda c: assets.update(c, model.uid, UpdateAsset(visibility="private"), None))
    with pytest.raises(NotFound):
        name_it(site, draft, data, "maintainer", (version.uid,))
    site.world.command("admin", lambda c: assets.update(c, model.uid, UpdateAsset(visibility="workspace"), None))
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=True, etag=None))
    with pytest.raises(Conflict):
        name_it(site, draft, data, "maintainer", (version.uid,))


def test_a_run_folder_gives_its_blobs_to_nobody_by_digest(site: Site) -> None:
    """N16: a run's folder is no asset: its bytes are here for who sent them, and for nobody else."""
    world = site.world
    experiment = world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e", "")))
    a_run = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, "r")))
    data = os.urandom(100)
    run(send(site, a_run.uid, {"w": data}, kind="run"))
    answer = world.command("maintainer", lambda c: folders.missing(c, "run", a_run.uid, [sha256(data)], ()))
    assert answer == [sha256(data)]


def test_the_answer_costs_the_same_whether_or_not_somebody_has_it(site: Site, model: AssetView) -> None:
    """N16: "timing does not differ"; here: the same statements, for bytes of another and for bytes of nobody."""
    private = make_asset(site, "private", visibility="private")
    data = os.urandom(100)
    run(publish_bytes(site, private.uid, {"w": data}))
    draft = make_draft(site, model.uid, "maintainer")
    heard = []
    for digest in (sha256(data), sha256(b"of nobody")):
        with statements(site) as said:
            assert missing(site, draft, digest, "maintainer")
        heard.append(list(said))
    assert heard[0] == heard[1]


def test_who_may_not_write_learns_nothing(site: Site, model: AssetView) -> None:
    """N16, with promise 7: a reader or a stranger gets no answer about digests at all."""
    data = os.urandom(100)
    run(publish_bytes(site, model.uid, {"w": data}))
    draft = make_draft(site, model.uid)
    expected: dict[str, type[DomainError]] = {"viewer": Forbidden, "stranger": NotFound}
    for who, error in expected.items():
        with pytest.raises(error):
            missing(site, draft, sha256(data), who)


def test_a_lying_size_is_refused(site: Site, model: AssetView) -> None:
    """Promise 3: what is written into a tree is what the bytes are."""
    draft = make_draft(site, model.uid)
    run(send(site, draft, {"a": b"four"}))
    lying = PutEntry("b", sha256(b"four"), 5)
    with pytest.raises(SizeMismatch):
        site.world.command("contributor", lambda call: folders.put(call, "draft", draft, [lying]))
    honest = PutEntry("b", sha256(b"four"), None)
    site.world.command("contributor", lambda call: folders.put(call, "draft", draft, [honest]))
    page = site.world.read(
        "contributor", lambda c: folders.listed(c, "draft", draft, "", PageRequest(), recursive=True)
    )
    assert {item.size for item in page.items} == {4}
    version = seal(site, draft)
    entry, _blob = site.world.read("viewer", lambda call: trees.file_of(call, version.uid, "b"))
    assert entry.size == 4


def test_forgotten_entries_are_those_whose_time_is_up(site: Site, model: AssetView) -> None:
    """N16: the ledger is for 48 hours; older entries go."""
    run(send(site, make_draft(site, model.uid), {"a": b"old"}))
    site.world.clock.advance(DAY)
    run(send(site, make_draft(site, model.uid), {"a": b"new"}))
    site.world.clock.advance(DAY + HOUR)
    assert site.world.command_tx(lambda tx: tx.blobs.forget_sent(tx.now())) == 1
    assert site.counts("blob_ledger")["blob_ledger"] == 1
