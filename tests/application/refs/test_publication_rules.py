"""When revisions become versions by themselves (domain.md N6)."""

import asyncio
import json

import pytest
from sqlalchemy import select

from strongroom.adapters.documents.plain_yaml import PlainYaml
from strongroom.adapters.sql.tables import outbox
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, history, namespaces, publication, refs, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import Forbidden, Invalid
from strongroom.domain.registry.refs import RefKind
from tests.application.conftest import SECOND
from tests.application.refs.conftest import Committing, elsewhere
from tests.promises.support import Site, make_asset, run


def rule(site: Site, uid: str, text: str | None) -> None:
    site.world.command("maintainer", lambda call: publication.set_for_asset(call, uid, text, None))


def listed(site: Site, uid: str) -> list[VersionView]:
    """Newest first."""
    query = versions.ListVersions("all")
    return list(site.world.read("viewer", lambda c: versions.listed(c, uid, query, PageRequest())).items)


def refused(site: Site) -> list[dict[str, str]]:
    with site.connect() as connection:
        rows = connection.execute(select(outbox.c.body).where(outbox.c.type == "publication.refused")).scalars()
        return [json.loads(body) for body in rows]


def tick(site: Site) -> int:
    return run(publication.publish_quiet(site.world.executor, site.store, PlainYaml()))


def test_by_default_a_version_is_made_when_somebody_asks(site: Site, model: AssetView, commit: Committing) -> None:
    """N6: "`request` (default)"; a version is "entered by an act (publish), not by standing on a branch"."""
    made = commit([elsewhere("a")])
    assert made.published is None
    assert listed(site, model.uid) == []
    details = PublishDetails(label="one", description="d", tags={"t": "1"})
    version = run(history.publish(site.edge("contributor"), model.uid, "", details))
    assert (version.number, version.label, version.revision) == (1, "one", made.revision.digest)
    assert site.world.read("viewer", lambda c: history.get(c, model.uid, "main")).version == 1
    with pytest.raises(Forbidden):
        run(history.publish(site.edge("viewer"), model.uid, "", PublishDetails()))


def test_nothing_is_not_published(site: Site, model: AssetView, commit: Committing) -> None:
    commit([], allow_empty=True)
    with pytest.raises(Invalid):
        run(history.publish(site.edge("contributor"), model.uid, "", PublishDetails()))


def test_every_commit_on_main_publishes_by_the_rule_commit(site: Site, model: AssetView, commit: Committing) -> None:
    rule(site, model.uid, "commit")
    first = commit([elsewhere("a")])
    assert first.published is not None
    assert first.revision.version == first.published.number == 1
    commit([elsewhere("b")], branch="dev", start="main")
    assert len(listed(site, model.uid)) == 1
    commit([elsewhere("c")])
    assert [one.number for one in listed(site, model.uid)] == [2, 1]


def test_a_pin_publishes_under_its_name_by_the_rule_pin(site: Site, model: AssetView, commit: Committing) -> None:
    """N6: "`pin` (a new pin publishes, its name is the label)"."""
    rule(site, model.uid, "pin")
    commit([elsewhere("a")])
    made = run(refs.create(site.edge("contributor"), model.uid, RefKind.PIN, "v1.0", ""))
    assert made.published is not None
    assert (made.published.number, made.published.label) == (1, "v1.0")


def test_a_refused_publication_leaves_the_pin_and_is_an_event(site: Site, model: AssetView, commit: Committing) -> None:
    """N6: "A refused publication leaves the commit in place and is an event"."""
    commit([elsewhere("a")])
    details = PublishDetails(label="v1")
    run(history.publish(site.edge("contributor"), model.uid, "", details))
    rule(site, model.uid, "pin")
    commit([elsewhere("b")])
    made = run(refs.create(site.edge("contributor"), model.uid, RefKind.PIN, "v1", ""))
    assert made.published is None
    assert [(one["rule"], one["code"], one["revision"]) for one in refused(site)] == [
        ("pin", "already_exists", made.revision.digest)
    ]
    assert (
        site.world.read("viewer", lambda c: refs.get(c, model.uid, RefKind.PIN, "v1")).revision == made.revision.digest
    )
    assert len(listed(site, model.uid)) == 1
    before = site.counts()["version"]
    commit([], allow_empty=True)
    assert site.counts()["version"] == before


def test_main_publishes_once_it_is_quiet(site: Site, model: AssetView, commit: Committing) -> None:
    """N6: "`quiet(N s)` (head of `main` when unchanged for N s)"; the timer is a row, so a restart forgets nothing."""
    rule(site, model.uid, "quiet(60)")
    commit([elsewhere("a")])
    site.world.clock.advance(50 * SECOND)
    commit([elsewhere("b")])
    site.world.clock.advance(50 * SECOND)
    assert tick(site) == 0
    site.world.clock.advance(11 * SECOND)
    assert tick(site) == 1
    (version,) = listed(site, model.uid)
    assert version.files == 0
    assert version.created_by != site.world.uid("contributor")  # the server did it
    assert tick(site) == 0
    head = site.world.read("viewer", lambda c: history.get(c, model.uid, ""))
    assert (head.digest, head.version) == (version.revision, 1)


def test_quiet_publishes_nothing_twice_and_nothing_after_the_rule_was_taken_away(
    site: Site, model: AssetView, commit: Committing
) -> None:
    rule(site, model.uid, "quiet(1)")
    commit([elsewhere("a")])
    run(history.publish(site.edge("contributor"), model.uid, "", PublishDetails()))
    site.world.clock.advance(2 * SECOND)
    assert tick(site) == 1
    assert len(listed(site, model.uid)) == 1
    commit([elsewhere("b")])
    rule(site, model.uid, None)
    site.world.clock.advance(2 * SECOND)
    assert tick(site) == 1
    assert len(listed(site, model.uid)) == 1


def test_two_processes_publish_a_quiet_head_once(site: Site, model: AssetView, commit: Committing) -> None:
    rule(site, model.uid, "quiet(1)")
    commit([elsewhere("a")])
    site.world.clock.advance(2 * SECOND)

    async def together() -> list[int]:
        ticks = (publication.publish_quiet(site.world.executor, site.store, PlainYaml()) for _ in range(4))
        return list(await asyncio.gather(*ticks))

    assert sum(run(together())) >= 1
    assert len(listed(site, model.uid)) == 1


def test_a_refused_quiet_publication_is_an_event_and_not_tried_for_ever(
    site: Site, model: AssetView, commit: Committing
) -> None:
    rule(site, model.uid, "quiet(1)")
    commit([elsewhere("a")])
    commit([], branch="dev", start="main")
    site.world.command("contributor", lambda c: refs.delete(c, model.uid, RefKind.BRANCH, "main", None))
    commit([], branch="main", start=None, allow_empty=True)
    site.world.clock.advance(2 * SECOND)
    assert tick(site) == 1
    assert [one["code"] for one in refused(site)] == ["invalid"]
    assert tick(site) == 0


def test_a_namespace_says_it_for_what_is_in_it(site: Site) -> None:
    """N2: a namespace has "defaults (stages, publication, ...)"."""
    world = site.world
    inside = make_asset(site, "m", namespace="team/nlp")
    own = make_asset(site, "own", namespace="team/nlp")
    uid = next(
        n.uid for n in world.read("viewer", lambda c: namespaces.listed(c, PageRequest())).items if n.path == "team"
    )
    world.command("maintainer", lambda c: publication.set_for_namespace(c, uid, "commit"))
    rule(site, own.uid, "request")
    assert Committing(site, inside.uid)([elsewhere("a")]).published is not None
    assert Committing(site, own.uid)([elsewhere("a")]).published is None
    assert world.read("viewer", lambda c: publication.get(c, inside.uid)) == ("commit", False)
    assert world.read("viewer", lambda c: publication.get(c, own.uid)) == ("request", True)
    world.command("maintainer", lambda c: publication.set_for_namespace(c, uid, None))
    assert world.read("viewer", lambda c: publication.get(c, inside.uid)) == ("request", False)


def test_an_asset_in_the_trash_publishes_nothing(site: Site, model: AssetView, commit: Committing) -> None:
    rule(site, model.uid, "quiet(1)")
    commit([elsewhere("a")])
    site.world.command("maintainer", lambda c: assets.delete(c, model.uid, release_aliases=False, etag=None))
    site.world.clock.advance(2 * SECOND)
    assert tick(site) == 1
    assert listed(site, model.uid) == []


def test_every_way_to_a_version_looks_how_its_model_is_packaged(
    site: Site, model: AssetView, commit: Committing
) -> None:
    """A version "through any dialect or natively": by the rule `commit`, when asked, and when a branch is quiet."""

    def packaging(uid: str) -> str | None:
        found = site.world.read("viewer", lambda call: versions.get(call, uid)).packaging
        return found.reason if found is not None else None

    rule(site, model.uid, "commit")
    made = commit([elsewhere("MLmodel", "1"), elsewhere("a")])
    assert made.published is not None
    rule(site, model.uid, "request")
    commit([elsewhere("MLmodel", "2")])
    asked = run(history.publish(site.edge("contributor"), model.uid, "", PublishDetails()))
    rule(site, model.uid, "quiet(5)")
    commit([elsewhere("MLmodel", "3"), elsewhere("requirements.txt")])
    site.world.clock.advance(6 * SECOND)
    assert tick(site) == 1
    quiet = listed(site, model.uid)[0]
    assert quiet.number == 3
    for uid in (made.published.uid, asked.uid, quiet.uid):
        assert packaging(uid) == "it lies elsewhere, and is not fetched."
