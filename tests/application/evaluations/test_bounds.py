"""However much is said in evaluations, little of it is held at a time."""

from typing import Any

import pytest

from strongroom.adapters.sql.repositories import evaluations as repository
from strongroom.application import paging
from strongroom.application.evaluations import carrying, finding
from strongroom.application.paging import PageRequest
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import Conflict, TooLarge
from strongroom.domain.evaluations.fields import STATEMENT_LARGEST
from strongroom.domain.evaluations.model import SliceMeasure
from tests.application.evaluations.conftest import QUALITY, names, record
from tests.application.evaluations.test_sharing import copy, link
from tests.promises.support import Site, make_asset


def slices(count: int, letters: int) -> list[SliceMeasure]:
    return [SliceMeasure(f"{n}".rjust(letters, "x"), "accuracy", 0.5) for n in range(count)]


def test_a_list_reads_no_more_than_a_page_holds(
    site: Site, version: VersionView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing of 1,000 loaded 1,001 bodies, of which one may be large, before the page could end."""
    for n in range(12):
        record(site, version.uid, name=f"e{n:02}", slices=slices(100, 50))
    read: list[int] = []
    load = repository._load

    def noted(row: Any, **how: Any) -> Any:  # noqa: ANN401 - as it is there
        read.append(row.id)
        return load(row, **how)

    monkeypatch.setattr(repository, "_load", noted)
    monkeypatch.setattr(paging, "PAGE_BYTES", 40_000)
    monkeypatch.setattr(finding, "READ_AT_ONCE", 30_000)
    found: list[str] = []
    token: str | None = None
    pages = 0
    while pages == 0 or token:
        asked = PageRequest(1000, token)
        page = site.world.read(
            "viewer",
            lambda call, asked=asked: finding.listed(call, version.uid, finding.ListEvaluations(), asked),  # type: ignore[misc]
        )
        found += [one.name for one in page.items]
        token, pages = page.next_page_token, pages + 1
    assert found == [f"e{n:02}" for n in reversed(range(12))]
    assert pages >= 3
    assert len(read) == 12, "each is read once"


def test_an_evaluation_has_a_size(site: Site, version: VersionView) -> None:
    before = site.counts("evaluation", "audit")
    with pytest.raises(TooLarge, match="256 KiB"):
        record(site, version.uid, slices=slices(2_000, 255))
    assert site.counts("evaluation", "audit") == before
    assert len(record(site, version.uid, slices=slices(2_000, 40)).slices) == 2_000
    assert STATEMENT_LARGEST == 256 * 1024


def test_as_many_share_as_may_and_no_more(site: Site, version: VersionView, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left out in silence: what is retracted is retracted with all that share it."""
    monkeypatch.setattr(carrying, "HOLDERS_MOST", 2)
    record(site, version.uid)
    copied = copy(site, version.uid)
    with pytest.raises(Conflict, match="at most 2"):
        copy(site, version.uid, name="third")
    with pytest.raises(Conflict, match="at most 2"):
        link(site, copied.uid, make_asset(site, "other"))
    bare = copy(site, version.uid, name="bare", keep=("tags",))
    assert names(site.world, bare.uid) == []
    assert record(site, bare.uid, QUALITY, who="root").standing
