"""Full text over the cards that versions hold as files."""

import pytest

from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.registry import cards, copying, purging, versions
from strongroom.application.registry.copying import CopyVersion
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import UpdateVersion
from strongroom.application.search import find
from strongroom.domain.search.schema import Entity
from tests.application.manifests.conftest import Seal, home, seal, site
from tests.promises.support import Site, run

__all__ = ["home", "seal", "site"]


def found(site: Site, what: str, state: str = "active") -> list[tuple[str, int | None]]:
    question = find.asked(Entity.VERSION, f"text CONTAINS '{what}'", ["name", "number"], state)

    def search(call: Call) -> list[tuple[str, int | None]]:
        return [(view.asset, view.number) for view in find.versions(call, question, PageRequest()).items]

    return site.world.read("viewer", search)


def test_the_card_among_a_versions_files_is_found(site: Site, seal: Seal) -> None:
    """ "full text over names, descriptions and cards (SQLite FTS5, PostgreSQL tsvector)": cards as files too."""
    first = seal("model", None, {"README.md": b"# Churn\n\nTrained on M\xc3\xbcller invoices", "w": b"1"}, name="m")
    seal("model", None, {"MODEL_CARD.md": b"other invoices", "docs/README.md": b"below", "w": b"1"}, name="m")
    assert found(site, "invoices") == [("m", 1), ("m", 2)]
    assert found(site, "m\u00fcller trained") == [("m", 1)]
    assert found(site, "below") == []
    edit = UpdateVersion(description="A forecast")
    site.world.command("contributor", lambda call: versions.update(call, first.uid, edit, None))
    assert found(site, "forecast m\u00fcll*") == [("m", 1)]  # words of both, though only one was changed


def test_a_copy_has_the_words_of_its_tree(site: Site, seal: Seal) -> None:
    first = seal("model", None, {"README.md": b"invoices"}, name="m")
    run(copying.copy(site.edge("contributor"), first.uid, CopyVersion("n")))
    assert found(site, "invoices") == [("m", 1), ("n", 1)]


def test_what_is_no_text_or_too_much_of_it_is_not_read(site: Site, seal: Seal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded size, UTF-8: what is neither stands in nobody's way."""
    monkeypatch.setattr(cards, "LARGEST", 20)
    seal("model", None, {"README.md": b"latin \xe9 words"}, name="a", details=PublishDetails(description="described"))
    seal("model", None, {"README.md": b"more words than are read"}, name="b")
    seal("model", None, {"README.md": b"words"}, name="c")
    assert found(site, "words") == [("c", 1)]
    assert found(site, "described") == [("a", 1)]


def test_purging_forgets_the_words(site: Site, seal: Seal) -> None:
    version = seal("model", None, {"README.md": b"invoices"}, name="m")
    world = site.world
    world.command("maintainer", lambda call: versions.delete(call, version.uid, release_aliases=False, etag=None))
    assert found(site, "invoices", "all") == [("m", 1)]
    world.command("admin", lambda call: purging.purge(call, version.uid, "no right to it"))
    assert found(site, "invoices", "all") == []
    assert site.counts("card_words") == {"card_words": 0}
