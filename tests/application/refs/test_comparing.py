"""Differences of two versions or revisions."""

from collections.abc import Mapping

from strongroom.application.artifacts import uploads
from strongroom.application.identity import grants
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.registry import comparing, publishing
from strongroom.application.registry.comparing import DiffView, MetricChange, ParamChange
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, recording, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from tests.application.refs.conftest import Committing
from tests.promises.support import Site, fill, make_asset, publish_bytes, reference, run, sha256


def changed(diff: DiffView) -> list[tuple[str, str]]:
    return [(one.path, one.change) for one in diff.changes]


def send(site: Site, uid: str, files: Mapping[str, bytes]) -> list[EditCommand]:
    run(uploads.put_small(site.edge("contributor"), "asset", uid, [(sha256(data), data) for data in files.values()]))
    return [EditCommand("put", path, sha256=sha256(data)) for path, data in files.items()]


def test_two_revisions_differ_by_files_with_sizes_and_lines_of_the_card(
    site: Site, model: AssetView, commit: Committing
) -> None:
    """ "diff of two revisions by files, sizes, card lines"."""
    first = {"README.md": b"# Churn\n\nold words\n", "old": b"moved", "w": b"1", "gone": b"g"}
    start = commit(send(site, model.uid, first)).revision.digest
    second = send(site, model.uid, {"README.md": b"# Churn\n\nnew words\n", "w": b"22", "new": b"n"})
    commit([*second, EditCommand("move", "dir/here", source="old"), EditCommand("delete", "gone")])
    diff = run(comparing.of_revisions(site.edge("viewer"), model.uid, start, "main"))
    assert sorted(changed(diff)) == [
        ("README.md", "changed"),
        ("dir/here", "renamed"),
        ("gone", "removed"),
        ("new", "added"),
        ("w", "changed"),
    ]
    (weights,) = [one for one in diff.changes if one.path == "w"]
    assert (weights.before and weights.before.size, weights.after and weights.after.size) == (1, 2)
    (renamed,) = [one for one in diff.changes if one.change == "renamed"]
    assert renamed.before is not None
    assert renamed.before.path == "old"
    assert diff.card is not None
    assert list(diff.card)[-2:] == ["-old words", "+new words"]


def test_a_card_that_is_no_text_or_too_long_is_left_out(site: Site, model: AssetView, commit: Committing) -> None:
    start = commit(send(site, model.uid, {"README.md": b"\xff\xfe"})).revision.digest
    commit(send(site, model.uid, {"README.md": b"text\n" * 3_000}))
    assert run(comparing.of_revisions(site.edge("viewer"), model.uid, start, "main")).card is None


def test_versions_of_two_assets_differ_by_the_cards_of_these(site: Site) -> None:
    one, two = make_asset(site, "one", card="same\nyes"), make_asset(site, "two", card="same\nno")
    ends = [run(publish_bytes(site, asset.uid, {"w": b"1"})).uid for asset in (one, two)]
    diff = run(comparing.of_versions(site.edge("viewer"), *ends))
    assert (list(diff.changes), diff.truncated) == ([], False)
    assert diff.card is not None
    assert list(diff.card)[-2:] == ["-yes", "+no"]


def run_with(site: Site, name: str, params: Mapping[str, str], loss: float) -> str:
    world = site.world
    experiment = world.command("contributor", lambda c: experiments.create(c, CreateExperiment(f"e-{name}", "")))
    made = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, name)))
    fill(site, made.uid, [reference("model", name)], kind="run")
    batch = recording.Batch(
        params=[recording.LogParam(key, value) for key, value in params.items()],
        points=[recording.LogPoint("loss", loss)],
    )
    world.command("contributor", lambda c: recording.log(c, made.uid, batch))
    return made.uid


def test_versions_differ_by_params_and_metrics_of_their_runs_for_those_who_may_read_them(
    site: Site, model: AssetView
) -> None:
    """ "diff of two revisions by ... params and metrics"."""
    uids = [
        run_with(site, "a", {"lr": "0.1", "seed": "1", "old": "x"}, 0.5),
        run_with(site, "b", {"lr": "0.2", "seed": "1"}, 0.25),
    ]
    edge = site.edge("contributor")
    ends = [run(publishing.register(edge, model.uid, uid, "", PublishDetails())).uid for uid in uids]
    diff = run(comparing.of_versions(site.edge("viewer"), *ends))
    assert list(diff.params) == [ParamChange("lr", "0.1", "0.2"), ParamChange("old", "x", None)]
    assert list(diff.metrics) == [MetricChange("loss", 0.5, 0.25)]
    # who has a grant on the asset alone sees its files, not the runs
    world = site.world
    grant = CreateGrant("viewer", world.uid("stranger"), place=Place("asset", model.uid))
    world.command("admin", lambda c: grants.create(c, grant))
    narrow = run(comparing.of_versions(site.edge("stranger"), *ends))
    assert changed(narrow) == changed(diff)
    assert (list(narrow.params), list(narrow.metrics)) == ([], [])
