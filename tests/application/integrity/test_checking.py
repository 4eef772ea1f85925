"""``strongroom fsck`` "names missing, truncated, rotten and orphaned bytes in both directions"."""

import hashlib
from collections.abc import Callable

import pytest
from sqlalchemy import delete, update

from strongroom.adapters.blobs.pack_format import HEADER_SIZE
from strongroom.adapters.sql.tables import (
    asset_blob,
    blob,
    blob_leaving,
    tree,
    tree_page,
    xet_file,
    xet_file_xorb,
    xorb,
)
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.integrity.findings import Finding, Hurt, Kind
from strongroom.domain.errors import Invalid
from tests.adapters.blobs.homes import LocalHome
from tests.application.integrity.conftest import Full, kinds
from tests.promises.support import BOTH_STORES

ASSET = "default/model/churn"


def swap(full: Full) -> None:
    """Two blobs change places, as by a hand that mends a folder."""
    one, other = full.stored("large.bin"), full.stored("body")
    names = [f"blobs/{b.sha256[:2]}/{b.sha256}" for b in (one, other)]
    first, second = (full.home.content(name) for name in names)
    assert first
    assert second
    full.home.strew(names[0], second)
    full.home.strew(names[1], first)


DAMAGE: list[tuple[str, Callable[[Full, StoredBlob], None], Kind, Kind | None]] = [
    ("deleted", lambda full, one: full.home.lose(one), Kind.MISSING, Kind.MISSING),
    ("truncated", lambda full, one: full.home.shorten(one, one.size - 1), Kind.TRUNCATED, Kind.TRUNCATED),
    ("one bit flipped", lambda full, one: full.home.flip(one, one.size - 2), Kind.ROTTEN, None),
]


@BOTH_STORES
def test_every_damage_of_every_kind_of_bytes_is_named_with_whom_it_hurts(full: Full) -> None:
    """ "Every kind of damage injected in tests in folder, pack, xorb and bucket; each named"."""
    assert full.check() == []
    local = isinstance(full.home, LocalHome)
    for path, hurts in (
        ("large.bin", [Hurt("asset", ASSET, 1, "large.bin")]),
        ("small-2", [Hurt("asset", ASSET, 1, "small-2")]),
        ("body", [Hurt("asset", ASSET, 2, "0"), Hurt("asset", ASSET, 2, "1")]),
    ):
        one = full.stored(path)
        name = full.place.upkeep.where(one).partition(":")[0]
        whole = full.home.content(name)
        assert whole
        for what, damage, deep, shallow in DAMAGE:
            damage(full, one)
            (found,) = (f for f in full.check() if f.digest == one.sha256)
            assert (found.kind, found.size, list(found.hurts)) == (deep, one.size, hurts), (path, what)
            assert name in found.where
            seen = [f.kind for f in full.check(deep=False) if f.digest == one.sha256]
            assert seen == ([shallow] if shallow else []), (path, what)
            if deep is Kind.ROTTEN:
                assert found.details["block"] == (one.size - 2) // 2**20
            full.home.strew(name, whole)
        if local and path == "small-2":
            full.home.flip(one, 20 - HEADER_SIZE)  # in the digest of its header
            assert [f.kind for f in full.check(deep=False)] == [Kind.MISLABELLED]
            assert {f.kind for f in full.check()} == {Kind.MISLABELLED}
            full.home.strew(name, whole)
    assert full.check() == []


@BOTH_STORES
def test_swapped_and_overlong_files_are_named(full: Full) -> None:
    large, body = full.stored("large.bin"), full.stored("body")
    swap(full)
    shallow = {one.digest: one.kind for one in full.check(deep=False)}
    assert shallow == {large.sha256: Kind.TRUNCATED, body.sha256: Kind.OVERLONG}
    swap(full)
    same = bytes(len(full.files["large.bin"]))
    full.home.strew(f"blobs/{large.sha256[:2]}/{large.sha256}", same)
    (found,) = full.check()
    assert (found.kind, found.details["found"]) == (Kind.ROTTEN, hashlib.sha256(same).hexdigest())
    other = StoredBlob(hashlib.sha256(same).hexdigest(), len(same), "f", b"", None)
    row = {"sha256": other.sha256, "size": other.size, "place": "f", "blocks": b"", "recorded_at": 1}
    full.change(blob.insert().values(**row))
    assert {(f.kind, f.digest) for f in full.check()} == {(Kind.SWAPPED, large.sha256), (Kind.MISSING, other.sha256)}


@BOTH_STORES
def test_what_the_store_has_and_no_row_names_is_named_when_it_is_old(full: Full) -> None:
    """Orphans, parts without an upload, half files: "a file being written" is none of them."""
    orphan, data = hashlib.sha256(b"orphan").hexdigest(), b"orphan"
    names = {
        f"blobs/{orphan[:2]}/{orphan}": Kind.ORPHAN,
        "somebody/elses": Kind.FOREIGN,
        f"blobs/ff/{orphan}.bak": Kind.FOREIGN,
    }
    local = isinstance(full.home, LocalHome)
    names |= {"tmp/0123": Kind.HALF} if local else {"incoming/0123": Kind.HALF, "direct/4567": Kind.HALF}
    assert full.check(grace=0) == []
    for name in names:
        full.home.strew(name, data)
    full.home.strew("uploads/gone/000001", data)
    found = full.check(grace=-1)
    wanted = sorted([*(kind.value for kind in names.values()), Kind.ABANDONED.value])
    assert sorted(one.kind.value for one in found) == wanted
    assert all(one.waste for one in found)
    (lone,) = [one for one in found if one.kind is Kind.ORPHAN]
    assert (lone.digest, lone.size) == (orphan, len(data))
    if not local:  # objects of a bucket are as old as they are
        assert {one.kind for one in full.check()} == {Kind.FOREIGN}
    row = {"sha256": orphan, "size": len(data), "place": "f", "condemned_at": 1}
    full.change(blob_leaving.insert().values(**row))
    assert Kind.ORPHAN not in {one.kind for one in full.check(grace=-1)}, "it is leaving already"


def test_a_stretch_of_a_pack_without_a_record_is_named(full: Full) -> None:
    one = full.stored("small-0")
    path = full.place.upkeep.where(one).partition(":")[0]
    whole = full.home.content(path)
    assert whole
    name = "packs/000000000001-0123456789abcdef.pack"
    full.home.strew(name, whole[:HEADER_SIZE] + b"torn")
    (found,) = [f for f in full.check() if f.kind is Kind.TORN]
    assert (found.where, found.size) == (f"{name}:0", HEADER_SIZE + 4)


@BOTH_STORES
def test_beside_uploads_and_collection_nothing_false_is_said(full: Full) -> None:
    """ "beside live uploads without false alarms: a blob condemned or leaving, a deletion between look and report"."""
    one = full.stored("large.bin")
    full.home.lose(one)
    full.change(update(blob).where(blob.c.sha256 == one.sha256).values(condemned_at=5))
    full.change(delete(asset_blob))
    assert Kind.MISSING not in {found.kind for found in full.check()}
    reader = full.place.executor.read
    taken: list[bool] = []

    async def collected(work: Callable[..., object], **more: bool) -> object:
        """The collector takes the row as soon as it was seen."""
        seen = await reader(work, **more)
        if not taken and isinstance(seen, list) and any(getattr(row, "sha256", "") == body.sha256 for row in seen):
            taken.append(True)
            full.change(update(blob).where(blob.c.sha256 == body.sha256).values(condemned_at=5))
        return seen

    body = full.stored("body")
    full.home.lose(body)
    executor = full.site.world.executor
    executor.read = collected  # type: ignore[assignment, method-assign]
    try:
        found = full.check(deep=False)
    finally:
        del executor.read
    assert taken
    assert body.sha256 not in {one.digest for one in found if one.kind is Kind.MISSING}


def only(found: list[Finding]) -> tuple[str, str, object]:
    (one,) = found
    return one.kind.value, one.digest, one.details.get("why")


def test_chunk_tables_that_do_not_match_their_xorb_are_named(full: Full) -> None:
    name, file = full.xorb.name, full.stored("0").place.removeprefix("x:")
    with full.site.connect() as connection:
        packed = connection.execute(xorb.select()).one().chunks
        terms = {row.hash: row.terms for row in connection.execute(xet_file.select())}[file]
    set_chunks, set_terms = update(xorb), update(xet_file).where(xet_file.c.hash == file)
    damage = [
        (set_chunks.values(chunks=packed[:-1]), "chunks", name, "unreadable"),
        (set_chunks.values(chunks=_flipped(packed, 20)), "chunks", name, "another hash"),
        (set_chunks.values(body_bytes=1), "chunks", name, "other lengths"),
        (set_terms.values(terms=terms[:-1]), "reconstruction", file, "unreadable"),
        (set_terms.values(terms=_flipped(terms, 0)), "reconstruction", file, "a xorb is not on record"),
        (set_terms.values(terms=_flipped(terms, 16)), "reconstruction", file, "a range that the xorb does not have"),
        (set_terms.values(terms=terms * 2), "reconstruction", file, "another length"),
        (delete(xet_file_xorb), "reconstruction", file, "not held"),
    ]
    for statement, kind, digest, why in damage:
        full.change(statement)
        found = [f for f in full.check(deep=False) if f.digest == digest]
        assert only(found) == (kind, digest, why)
        assert Hurt("asset", ASSET, 2, "0") in found[0].hurts
        full.change(set_chunks.values(chunks=packed, body_bytes=len(full.xorb.body)))
        full.change(set_terms.values(terms=terms))
    at = len(packed) - 5  # the scheme of the first chunk: only the body knows better
    full.change(set_chunks.values(chunks=packed[:at] + b"\x01" + packed[at + 1 :]))
    assert name not in {f.digest for f in full.check(deep=False)}
    (found_deep,) = [f for f in full.check() if f.kind is Kind.CHUNKS]
    assert found_deep.details["xorb"] == name


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :]


def test_trees_and_possession_that_are_damaged_are_named(full: Full) -> None:
    large = full.stored("large.bin")
    full.change(delete(asset_blob))
    assert {f.kind for f in full.check(deep=False)} == {Kind.UNHELD}
    full.change(update(blob).where(blob.c.sha256 == large.sha256).values(sha256="0" * 64))
    (lost,) = [f for f in full.check(deep=False) if f.kind is Kind.UNRECORDED]
    assert (lost.digest, list(lost.hurts)) == (large.sha256, [Hurt("asset", ASSET, 1, "large.bin")])
    full.change(update(tree_page).values(body=b"SRP\x01"))
    pages = [f for f in full.check(deep=False) if f.kind is Kind.PAGE]
    assert [(f.details["why"], f.hurts[0].version) for f in pages] == [("other bytes", 1), ("other bytes", 2)]
    full.change(delete(tree_page))
    assert {f.details["why"] for f in full.check(deep=False) if f.kind is Kind.PAGE} == {"missing"}
    full.change(delete(tree))
    assert [f.details["why"] for f in full.check(deep=False) if f.kind is Kind.TREE] == ["missing", "missing"]


def test_digests_of_blocks_that_do_not_fit_sound_bytes_are_named(full: Full) -> None:
    large = full.stored("large.bin")
    full.change(update(blob).where(blob.c.sha256 == large.sha256).values(blocks=_flipped(large.blocks, 40)))
    assert [(f.kind, f.details["block"]) for f in full.check()] == [(Kind.DIGESTS, 1)]


def test_a_check_goes_on_from_where_it_was(full: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strongroom.application.integrity.checking.AT_ONCE", 2)
    for path in ("large.bin", "body"):
        full.home.lose(full.stored(path))
    every = full.check(deep=False)
    assert len(every) == 2
    middle = max(f.blob.id for f in every if f.blob) - 1
    assert kinds(full.check(deep=False, start=f"blobs:{middle}")) == kinds([every[1]])
    assert full.check(deep=False, start="xorbs:0") == []
    for bad in ("blobs", "blobs:-1", "blobs:x", "nothing:1", "blobs:²", "blobs:" + "9" * 19):
        with pytest.raises(Invalid):
            full.check(start=bad)
