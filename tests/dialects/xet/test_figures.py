"""What storing costs, told so that it adds up to what the disk holds."""

from collections.abc import Iterator

import pytest

from strongroom.domain.xet.terms import joined, overlaps
from tests.dialects.xet.store import Store, fetched, fresh, new_store, places, sent, whole
from tests.support.api import Decoded, InProcess, in_process
from tests.support.xet import MadeFile, MadeShard, MadeTerm


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """An empty server of one's own: these figures are of all that is there."""
    with in_process(tmp_path_factory.mktemp("api")) as opened:
        yield opened


def figures(store: Store, who: str | None = None) -> Decoded:
    answer = store.api.request(who or store.who, "GET", f"/api/v1/assets/{store.asset}/storage")
    assert answer.status == 200, answer.body
    return answer.json()


def registered(store: Store, *files: MadeFile) -> None:
    assert store.shard(MadeShard(files)).status == 200
    store.register(*files)


def test_the_figures_of_assets_and_workspace_add_up_to_what_the_disk_holds(api: InProcess) -> None:
    """ "logical, unique, stored and shared bytes per asset and workspace, adding up to what the disk or bucket
    holds"."""
    one, other = new_store(api), new_store(api)
    made = sent(one, fresh(10, 90_000))
    first = MadeFile([MadeTerm(made, 0, 6)])
    second = MadeFile([MadeTerm(made, 0, 5), MadeTerm(made, 7, 8)])
    registered(one, first, second)
    registered(one, first)
    both = MadeFile([MadeTerm(made, 4, 8)])
    registered(other, both)

    def packed(*chunks: int) -> int:
        return sum(len(made.chunks[n]) + 8 for n in chunks)

    found = figures(one)
    assert found["logical"] == 2 * len(first.data) + len(second.data)
    assert found["unique"] == len(first.data) + len(second.data)
    assert found["stored"] == packed(0, 1, 2, 3, 4, 5, 7)
    assert found["shared"] == packed(4, 5, 7)
    assert figures(other)["stored"] == packed(4, 5, 6, 7)
    assert figures(other)["shared"] == packed(4, 5, 7)

    # a file that came whole, in a folder of no asset yet, and a small one
    draft = api.request("maintainer", "POST", f"/api/v1/assets/{other.asset}/drafts", json={}).json()["uid"]
    for name, size in (("big.bin", 200_000), ("small.bin", 10)):
        path = f"/api/v1/folders/draft/{draft}/files/{name}"
        assert api.request("maintainer", "PUT", path, body=bytes([size % 251]) * size).status < 300
    here = api.request("admin", "GET", "/api/v1/storage").json()
    assert here["stored"] == packed(*range(8)) + 200_010
    assert here["shared"] == packed(4, 5, 7)
    apart = figures(one)["stored"] + figures(other)["stored"] - here["shared"]
    assert apart + 200_010 == here["stored"]

    total = api.request("root", "GET", "/api/v1/storage/total").json()
    assert total["held"] == here["stored"]
    assert total["unheld"] == packed(8, 9), "chunks that no file uses"
    assert total["total"] == sum(blob.size for blob in places(api))


def test_sharing_with_what_one_may_not_read_is_not_told(api: InProcess) -> None:
    """N16: figures tell nobody whether somebody else has the same bytes."""
    hidden, mine = new_store(api, "admin", visibility="private"), new_store(api)
    made = fresh(3, 70_000)
    for store in (hidden, mine):
        sent(store, made)
        registered(store, whole(made))
    assert figures(mine)["shared"] == 0
    assert figures(mine, "admin")["shared"] == len(made.body)
    assert api.request("viewer", "GET", "/api/v1/storage").status == 403
    assert api.request("admin", "GET", "/api/v1/storage/total").status == 403


def test_what_is_there_in_both_forms_is_counted_twice_and_said(api: InProcess) -> None:
    """ "A blob that already exists whole must not be stored twice silently: decide and document"."""
    store = new_store(api)
    made = fresh(3, 80_000)
    file = whole(made)
    draft = api.request("maintainer", "POST", f"/api/v1/assets/{store.asset}/drafts", json={}).json()["uid"]
    api.request("maintainer", "PUT", f"/api/v1/folders/draft/{draft}/files/a.bin", body=file.data)
    api.request("maintainer", "POST", f"/api/v1/drafts/{draft}/seal", json={})
    sent(store, made)
    registered(store, file)
    found = figures(store)
    assert found["twice"] == found["unique"] == len(file.data)
    assert found["stored"] == len(file.data) + len(made.body)
    assert b"".join(fetch(store, file)) == file.data


def fetch(store: Store, file: MadeFile) -> Iterator[bytes]:
    yield from fetched(store, store.plan(file.name).json())


def test_overlaps_are_what_two_hold() -> None:
    assert overlaps([[(0, 5)], [(5, 9)]]) == []
    assert overlaps([[(0, 5), (7, 9)], [(4, 8)]]) == [(4, 5), (7, 8)]
    assert overlaps([[(0, 9)], [(1, 3)], [(2, 5)]]) == [(1, 5)]
    assert overlaps([[(0, 9)]]) == []
    assert joined([]) == []
