"""A manifest is part of a version: read, checked and bound when it is sealed, on both databases."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from strongroom.application.lineage import graph
from strongroom.application.manifests import showing
from strongroom.application.manifests.views import ManifestView
from strongroom.application.registry import assets, publishing, purging, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import VersionView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import BadManifest, MemberMismatch, NotFound, Purged
from tests.application.manifests.conftest import Seal, member
from tests.promises.support import Site, make_asset, run, send

PROMPT: Mapping[str, Any] = {"template": "Hello {{ name }}", "variables": {"name": {"type": "string"}}}


def shown(site: Site, version: VersionView, who: str = "viewer") -> ManifestView:
    return site.world.read(who, lambda call: showing.show(call, version.uid))


def kept(site: Site) -> int:
    return site.counts("manifest")["manifest"]


def test_a_sealed_manifest_is_read_back_typed(site: Site, seal: Seal) -> None:
    view = shown(site, seal("prompt", PROMPT))
    assert (view.kind, view.body["template"], view.members) == ("prompt", "Hello {{ name }}", [])


def test_a_run_may_register_a_manifest_too(site: Site) -> None:
    """The other way to a version: `version.register` from the folder of a run, from a path below."""
    world = site.world
    experiment = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("x")))
    made = world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid)))
    asset = make_asset(site, "adapter")
    body = json.dumps({"manifest": 1, "kind": "model", "description": "from a run"}).encode()
    run(send(site, made.uid, {"out/strongroom.json": body, "strongroom.json": b"not this one"}, kind="run"))
    edge = site.edge("contributor")
    version = run(publishing.register(edge, asset.uid, made.uid, "out", PublishDetails()))
    assert shown(site, version).body["description"] == "from a run"


def test_a_bad_manifest_refuses_the_seal_and_leaves_no_version(site: Site, seal: Seal) -> None:
    """ "a bad one refuses the seal with a 4xx naming the JSON path"."""
    with pytest.raises(BadManifest) as caught:
        seal("prompt", {**PROMPT, "template": "{{ who }}"}, name="p")
    assert caught.value.details["path"] == "$.template"
    assert kept(site) == 0
    assert seal("prompt", PROMPT, name="p").number == 1


def test_without_a_manifest_there_is_none(site: Site, seal: Seal) -> None:
    version = seal("prompt", None, {"prompt.txt": b"x"})
    with pytest.raises(NotFound, match="no manifest"):
        shown(site, version)


def test_in_other_kinds_the_file_is_a_file(site: Site, seal: Seal) -> None:
    version = seal("code", None, {"strongroom.json": b"not even JSON"})
    assert version.files == 1
    assert kept(site) == 0


def test_files_that_it_speaks_of_must_be_there(site: Site, seal: Seal) -> None:
    index = {"encoder": {"uri": "https://x.y/z", "digest": "sha256:" + "0" * 64}, "dimension": 2, "metric": "dot"}
    with pytest.raises(BadManifest) as caught:
        seal("index", {**index, "files": ["a.bin", "b.bin"]}, {"a.bin": b"1"})
    assert caught.value.details["path"] == "$.files[1]"
    assert shown(site, seal("index", {**index, "files": ["a.bin"]}, {"a.bin": b"1"})).kind == "index"


def test_a_record_that_was_taken_out_may_not_be_there(seal: Seal) -> None:
    stone = {"id": "ada", "digest": "sha256:" + "0" * 64, "by": "x", "at": "2026-01-01T00:00:00Z", "reason": "asked"}
    with pytest.raises(BadManifest) as caught:
        seal("memory", {"tombstones": [stone]}, {"records/ada": b"1"})
    assert caught.value.details["path"] == "$.tombstones[0]"
    assert seal("memory", {"tombstones": [stone]}, {"records/adam": b"1"}).number == 1


def test_members_are_bound_by_the_digest_of_their_version(site: Site, seal: Seal) -> None:
    model, data = seal("model", None, {"w": b"1"}), seal("dataset", None, {"d": b"1"})
    bundle = seal("bundle", {"members": {"model": member(model), "data": member(data)}})
    told = {one.path: (one.version_uid, one.reference, one.kind, one.state) for one in shown(site, bundle).members}
    assert told == {
        "$.members.model": (model.uid, f"{model.asset}:1", "model", "live"),
        "$.members.data": (data.uid, f"{data.asset}:1", "dataset", "live"),
    }
    found = site.world.read("viewer", lambda call: graph.walk(call, "version", bundle.uid, "up"))
    edges = {(found.vertices[edge.source].uid, edge.type, edge.properties["path"]) for edge in found.edges}
    assert edges == {(model.uid, "member", "$.members.model"), (data.uid, "member", "$.members.data")}


def test_the_base_of_an_adapter_is_a_derivation(site: Site, seal: Seal) -> None:
    base = seal("model", None, {"w": b"1"})
    adapter = seal("model", {"adapter": {"base": member(base), "method": "lora"}}, {"a": b"1"})
    found = site.world.read("viewer", lambda call: graph.walk(call, "version", adapter.uid, "up"))
    assert [(edge.type, found.vertices[edge.source].uid) for edge in found.edges] == [("adapter", base.uid)]


def test_a_bundle_changes_exactly_when_a_member_does(site: Site, seal: Seal) -> None:
    """ "pipeline and bundle, whose digest changes exactly when a member's does"."""
    one, other = seal("model", None, {"w": b"1"}, name="m"), seal("model", None, {"w": b"2"}, name="m")
    again = seal("model", None, {"w": b"1"}, name="m")
    digests = [shown(site, seal("bundle", {"members": {"m": member(v)}})).digest for v in (one, other, again)]
    assert digests[0] == digests[2] != digests[1], "the same content published again is the same member"


Wrong = Callable[[Site, Seal], dict[str, Any]]


def _another_digest(_site: Site, seal: Seal) -> dict[str, Any]:
    return {**member(seal("model", None, {"w": b"1"})), "digest": "sha256:" + "0" * 64}


def _trashed(site: Site, seal: Seal) -> dict[str, Any]:
    version = seal("model", None, {"w": b"1"})
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    return member(version)


def _draft(site: Site, _seal: Seal) -> dict[str, Any]:
    asset = make_asset(site, "drafted")
    draft = site.world.command("contributor", lambda call: publishing.create_draft(call, asset.uid, None, None))
    return {"version": draft.uid, "digest": "sha256:" + "0" * 64}


@pytest.mark.parametrize("wrong", [_another_digest, _trashed, _draft])
def test_a_member_that_is_not_what_is_said_refuses_the_seal(site: Site, seal: Seal, wrong: Wrong) -> None:
    body = wrong(site, seal)
    with pytest.raises(MemberMismatch) as caught:
        seal("bundle", {"members": {"m": body}})
    assert caught.value.details["path"] == "$.members.m"
    assert kept(site) == 0


def test_a_member_of_another_kind_is_refused(seal: Seal) -> None:
    data = seal("dataset", None, {"d": b"1"})
    with pytest.raises(BadManifest) as caught:
        seal("model", {"adapter": {"base": member(data)}})
    assert caught.value.message == "$.adapter.base: is a dataset, and must be a model."


def test_a_member_that_is_hidden_answers_as_one_that_is_not_there(site: Site, seal: Seal) -> None:
    """ "Every read goes through visibility; hidden = absent"."""
    secret = seal("model", None, {"w": b"1"}, who="admin", visibility="private")
    nobody = {**member(secret), "version": "00000000-0000-4000-8000-000000000000"}
    refusals = []
    for body in (member(secret), nobody):
        with pytest.raises(BadManifest) as caught:
            seal("bundle", {"members": {"m": body}})
        refusals.append((caught.value.message, caught.value.details))
    assert refusals[0] == refusals[1]
    bundle = seal("bundle", {"members": {"m": member(secret)}}, who="admin")
    (told,) = shown(site, bundle).members
    assert (told.digest, told.reference, told.kind, told.state) == (f"sha256:{secret.tree}", None, None, None)


def test_the_same_content_is_kept_once_and_goes_with_the_last_version_that_has_it(site: Site, seal: Seal) -> None:
    """Purging removes what a manifest says; the tombstone keeps only digests."""
    one, two = seal("prompt", PROMPT, name="p"), seal("prompt", PROMPT, name="q")
    assert kept(site) == 1
    for version, left in ((one, 1), (two, 0)):
        purge(site, version)
        assert kept(site) == left
    with pytest.raises(Purged):
        shown(site, one)


def test_purging_an_asset_removes_its_manifests(site: Site, seal: Seal) -> None:
    version = seal("prompt", PROMPT)
    site.world.command("maintainer", lambda c: assets.delete(c, version.asset_uid, release_aliases=False, etag=None))
    assert kept(site) == 1
    site.world.command("admin", lambda c: assets.purge(c, version.asset_uid, "asked"))
    assert kept(site) == 0


def purge(site: Site, version: VersionView) -> None:
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    site.world.command("admin", lambda c: purging.purge(c, version.uid, "asked"))
