"""References of a version looked at, through the edge."""

from dataclasses import replace

import pytest

from strongroom.application.artifacts import references
from strongroom.application.artifacts.references import ReferenceView
from strongroom.application.edge import RequestEdge
from strongroom.application.paging import PageRequest
from strongroom.application.ports.outside import Look
from strongroom.application.registry import history
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.publishing import PublishDetails
from strongroom.domain.artifacts.pins import Observed
from strongroom.domain.errors import NotFound
from tests.application.refs.conftest import Committing
from tests.promises.support import Site, run


class Elsewhere:
    """Places by their address; what is not there is unreachable."""

    def __init__(self, **places: Observed) -> None:
        self.places = {f"https://example.org/{name}": seen for name, seen in places.items()}
        self.asked: list[str] = []

    async def look(self, uri: str) -> Look:
        self.asked.append(uri)
        return Look(self.places.get(uri), "" if uri in self.places else "refused_404")


def verified(
    site: Site, uid: str, outside: Elsewhere | None, who: str = "viewer", size: int = 100
) -> list[ReferenceView]:
    """All pages."""
    edge = RequestEdge(replace(site.gateway, outside=outside), site.world.tokens[who], None)
    found: list[ReferenceView] = []
    token: str | None = None
    while True:
        page = run(references.verify(edge, uid, PageRequest(size, token)))
        found += page.items
        if (token := page.next_page_token) is None:
            return found


def published(site: Site, commit: Committing, edits: list[EditCommand]) -> str:
    commit(edits)
    return run(history.publish(site.edge("contributor"), commit.uid, "", PublishDetails())).uid


def at(name: str, pin: str | None = None, size: int | None = None) -> EditCommand:
    return EditCommand("reference", name, uri=f"https://example.org/{name}", pin=pin, size=size)


def test_each_reference_is_ok_drifted_unreachable_or_unpinned(site: Site, commit: Committing) -> None:
    """ "verify says drifted": "answers ok / drifted / unreachable / unpinned"."""
    edits = [
        at("bigger", "etag:1", 5),
        at("changed", "etag:1", 7),
        at("gone", "etag:1", 7),
        at("loose"),
        at("right", "etag:1", 7),
        at("silent", "sha256:" + "0" * 64, 7),
        EditCommand("mount", "mounted", uri="s3://bucket/prefix/", pin="etag:1"),
    ]
    uid = published(site, commit, edits)
    there = {"etag": "1"}
    outside = Elsewhere(
        bigger=Observed(6, there),
        changed=Observed(7, {"etag": "2"}),
        loose=Observed(7, there),
        right=Observed(7, there),
        silent=Observed(7, there),
    )
    found = {one.path: (one.verdict, one.reason) for one in verified(site, uid, outside)}
    assert found == {
        "bigger": ("drifted", ""),
        "changed": ("drifted", ""),
        "gone": ("unreachable", "refused_404"),
        "loose": ("unpinned", ""),
        "right": ("ok", ""),
        "silent": ("unknown", ""),
        "mounted": ("unreachable", "not_listed"),
    }
    assert not any("bucket" in uri for uri in outside.asked)


def test_many_are_looked_at_in_pages_of_at_most_50(site: Site, commit: Committing) -> None:
    uid = published(site, commit, [at(f"f{n:03}", "etag:1") for n in range(120)])
    outside = Elsewhere()
    edge = RequestEdge(replace(site.gateway, outside=outside), site.world.tokens["viewer"], None)
    first = run(references.verify(edge, uid, PageRequest(1000)))
    assert len(first.items) == len(outside.asked) == 50
    assert [one.path for one in verified(site, uid, outside, size=30)] == [f"f{n:03}" for n in range(120)]


def test_a_server_that_may_look_at_nothing_says_so(site: Site, commit: Committing) -> None:
    uid = published(site, commit, [at("a", "etag:1"), at("b")])
    assert [(one.verdict, one.reason) for one in verified(site, uid, None)] == [
        ("unreachable", "not_configured"),
        ("unpinned", "not_configured"),
    ]


def test_who_may_not_read_a_version_makes_the_server_ask_nobody(site: Site, commit: Committing) -> None:
    uid = published(site, commit, [at("a", "etag:1")])
    outside = Elsewhere()
    with pytest.raises(NotFound):
        verified(site, uid, outside, "stranger")
    assert outside.asked == []
