"""What the card on `main` says becomes tags and lineage, whoever publishes and whenever (domain.md N10, N12)."""

import hashlib

import pytest

from strongroom.application.artifacts import uploads
from strongroom.application.call import Call
from strongroom.application.evaluations import finding
from strongroom.application.lineage import edges
from strongroom.application.lineage.ends import End
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, branched, card_facts, history, publication, refs
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.refs import HeadView
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.registry.refs import RefKind
from tests.application.conftest import SECOND
from tests.application.refs.conftest import Committing, elsewhere
from tests.promises.support import Site, run


def make(site: Site, name: str, visibility: str = "workspace") -> AssetView:
    command = CreateAsset("model", name, "lab", visibility=visibility)
    return site.world.command("maintainer", lambda call: branched.create(call, command))


def put(site: Site, asset: AssetView, text: str, who: str = "maintainer", path: str = "README.md") -> HeadView:
    """Commit a file with these words."""
    body = text.encode()
    digest = hashlib.sha256(body).hexdigest()
    run(uploads.put_small(site.edge(who), "asset", asset.uid, [(digest, body)]))
    return Committing(site, asset.uid)([EditCommand("put", path, sha256=digest, size=len(body))], who=who)


def pin(site: Site, asset: AssetView, name: str, who: str = "maintainer") -> VersionView:
    made = run(refs.create(site.edge(who), asset.uid, RefKind.PIN, name, "^main"))
    assert made.published is not None
    return made.published


def sources(site: Site, version: VersionView) -> list[tuple[str, str]]:
    """What led to a version by its lineage."""
    found = site.world.read(
        "admin", lambda call: edges.listed(call, End("version", version.uid), "up", None, PageRequest())
    )
    return sorted((edge.type, edge.other.uid or "") for edge in found.items)


def card(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "# a model"])


def test_each_base_is_an_edge_of_the_relation_that_the_card_names(site: Site) -> None:
    """ "base_model becomes a lineage edge": of one base or several, in the words of the relation."""
    first, second, made = make(site, "first"), make(site, "second"), make(site, "made")
    bases = []
    for asset in (first, second):
        Committing(site, asset.uid)([elsewhere("w")], who="maintainer")
        bases.append(pin(site, asset, "1.0").uid)
    put(site, made, card("base_model: [lab/first, LAB/Second, lab/absent, lab/made, elsewhere/x]"))
    assert sources(site, pin(site, made, "merged")) == sorted(("merge", uid) for uid in bases)
    put(site, made, card("base_model: lab/first", "base_model_relation: quantized"))
    assert sources(site, pin(site, made, "small")) == [("quantised", bases[0])]
    put(site, made, card("license: mit"))
    assert sources(site, pin(site, made, "alone")) == []


def test_a_base_that_has_no_version_yet_is_one_when_it_has(site: Site) -> None:
    """Both are pushed within a minute: the base's first version is as quiet as its own."""
    base, made = make(site, "base"), make(site, "made")
    Committing(site, base.uid)([elsewhere("w")], who="maintainer")
    put(site, made, card("base_model: lab/base"))
    first = pin(site, base, "1.0")
    assert sources(site, pin(site, made, "1.0")) == [("base", first.uid)]


def test_who_publishes_need_not_see_the_base_that_the_committer_saw(site: Site) -> None:
    base, made = make(site, "base", "private"), make(site, "made")
    Committing(site, base.uid)([elsewhere("w")], who="maintainer")
    hidden = pin(site, base, "1.0")
    put(site, made, card("base_model: lab/base"))
    assert sources(site, pin(site, made, "1.0", who="contributor")) == [("base", hidden.uid)]
    put(site, made, card("base_model: lab/base", "tags: [x]"), who="contributor")
    assert sources(site, pin(site, made, "2.0")) == []


def test_a_version_of_another_tree_says_nothing_of_the_card_on_main(site: Site) -> None:
    base, made = make(site, "base"), make(site, "made")
    Committing(site, base.uid)([elsewhere("w")], who="maintainer")
    first = pin(site, base, "1.0")
    before = Committing(site, made.uid)([elsewhere("w")], who="maintainer")
    put(site, made, card("base_model: lab/base"))
    edge = site.edge("maintainer")
    old = run(history.publish(edge, made.uid, f"~{before.revision.digest}", PublishDetails()))
    new = run(history.publish(site.edge("maintainer"), made.uid, "", PublishDetails()))
    assert (sources(site, old), sources(site, new)) == ([], [("base", first.uid)])


@pytest.mark.parametrize("rule", ["commit", "quiet(1)"])
def test_a_card_is_read_whatever_the_rule_is(site: Site, rule: str) -> None:
    """One read of the file gives words for search, tags and fields; a card that is no card stops nothing."""
    made = make(site, "made")
    site.world.command("maintainer", lambda call: publication.set_for_asset(call, made.uid, rule, None))
    put(site, made, card("license: mit", "language: no"))
    site.world.clock.advance(2 * SECOND)
    run(publication.publish_quiet(site.world.executor, site.store, site.gateway.yaml))
    view = site.world.read("viewer", lambda call: assets.get(call, made.uid))
    assert (view.latest, [tag.key for tag in view.tags]) == (1, ["license:mit", "no"])
    put(site, made, card("a: ["))
    put(site, made, "not a card", path="MODEL_CARD.md")
    view = site.world.read("viewer", lambda call: assets.get(call, made.uid))
    said = site.world.read("viewer", lambda call: card_facts.said(call, [made.uid]))
    assert ([tag.key for tag in view.tags], said) == ([], {made.uid: {}})


def test_bytes_that_come_keep_a_head_from_being_quiet(site: Site) -> None:
    """ "a multi-commit upload never shows a half model as a version": clients send on for minutes between commits."""
    made = make(site, "made")
    uid = made.uid

    def due() -> int | None:
        def look(call: Call) -> int | None:
            found = call.tx.assets.by_uid(call.workspace.id, uid)
            assert found is not None
            return call.tx.publication.due_at(found.id)

        return site.world.read("viewer", look)

    def stir(after_s: int) -> None:
        def act(call: Call) -> None:
            found = call.tx.assets.by_uid(call.workspace.id, uid)
            assert found is not None
            call.tx.publication.stir(found.id, call.now + after_s * SECOND)

        site.world.command("maintainer", act)

    stir(60)
    assert due() is None, "nothing waits: nothing to do"
    Committing(site, uid)([elsewhere("half")], who="maintainer")
    first = due()
    assert first is not None
    stir(30)
    assert due() == first, "never earlier"
    stir(90)
    later = due()
    assert later is not None
    assert later > first


def test_figures_are_evaluations_that_stand_on_no_known_data(site: Site) -> None:
    """ "eval results into typed evaluations": one a data set; what is no figure is left out and stops no push."""
    made = make(site, "made")
    metrics = "[{type: accuracy, value: 0.9}, {type: accuracy, value: 0.1}, {type: WER, value: 7}, {type: f1, value: x}"
    odd = "{type: loss, value: .nan}, {type: flag, value: true}, {type: '', value: 1}, {type: big, value: 1e999}]"
    put(
        site,
        made,
        card(
            "model-index:",
            "- results:",
            "  - {dataset: {type: imdb, name: IMDb}, metrics: " + metrics + ", " + odd + "}",
            "  - {dataset: {type: sst2}, metrics: [{type: f1, value: 0.5}]}",
            "  - {dataset: {type: none}, metrics: [3, {}]}",
        ),
    )
    version = pin(site, made, "1.0")
    page = site.world.read(
        "viewer", lambda call: finding.listed(call, version.uid, finding.ListEvaluations(), PageRequest())
    )
    said = {one.data.name: [(m.name, m.value, m.better.value) for m in one.metrics] for one in page.items}
    assert said == {
        "IMDb": [("accuracy", 0.9, "higher"), ("WER", 7.0, "lower")],
        "sst2": [("f1", 0.5, "higher")],
    }
    assert not any(one.data.bound for one in page.items)
