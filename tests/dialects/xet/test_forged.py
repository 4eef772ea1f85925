"""What no honest client sends: xorbs that are not what they claim, and forged shards."""

import hashlib
import tracemalloc

import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
import pytest

from strongroom.domain.xet import shard as form
from strongroom.domain.xet.body import ChunkHeader, write_header
from strongroom.domain.xet.hashes import text
from tests.dialects.xet.store import Store, fetched, fresh, new_store, places, sent, whole
from tests.support.api import InProcess
from tests.support.xet import MadeFile, MadeShard, MadeTerm, keyed


def test_a_xorb_under_another_hash_is_refused_and_nothing_is_kept(store: Store) -> None:
    """ "every chunk decompressed and hashed, xorb and file hashes recomputed"."""
    made, other = fresh(), fresh()
    answer = store.ask("POST", f"/v1/xorbs/default/{other.name}", made.body)
    assert (answer.status, answer.json()["code"]) == (400, "digest_mismatch")
    assert store.shard(MadeShard([whole(made)])).status == 400
    assert not any(b.sha256 == hashlib.sha256(made.body).hexdigest() for b in places(store.api))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body[:-1],
        lambda body: body + b"\0",
        lambda body: body + b"XETBLOB" + bytes(40),
        lambda body: b"\1" + body[1:],
        lambda body: body[:4] + b"\x07" + body[5:],
        lambda body: body[:1] + b"\xff\xff\xff" + body[4:],
        lambda body: body[:5] + b"\xff\xff\xff" + body[8:],
        lambda body: body[:4] + b"\x01" + body[5:],  # says LZ4, is none
        lambda body: body[:20] + bytes([body[20] ^ 1]) + body[21:],
        lambda _body: b"",
    ],
)
def test_a_spoiled_xorb_is_refused(store: Store, spoil: object) -> None:
    made = fresh()
    body = spoil(made.body)  # type: ignore[operator]
    answer = store.ask("POST", f"/v1/xorbs/default/{made.name}", body)
    assert answer.status == 400, answer.body


def test_more_chunks_or_bytes_than_a_xorb_holds_are_refused(store: Store) -> None:
    """Limits of the format: 8,192 chunks, 64 MiB unpacked. A frame that unpacks to 128 KiB costs 600 bytes."""
    tiny = write_header(ChunkHeader(1, 0, 1)) + b"a"
    answer = store.ask("POST", f"/v1/xorbs/default/{text(bytes(32))}", tiny * 8_193)
    assert answer.status == 400
    assert "8192 chunks" in answer.json()["message"]
    bomb = pa.Codec("lz4").compress(bytes(128 * 1024), asbytes=True)
    big = write_header(ChunkHeader(len(bomb), 1, 128 * 1024)) + bomb
    answer = store.ask("POST", f"/v1/xorbs/default/{text(bytes(32))}", big * 513)
    assert answer.status == 400
    # and one frame that unpacks to more than it states
    lie = write_header(ChunkHeader(len(bomb), 1, 128)) + bomb
    assert store.ask("POST", f"/v1/xorbs/default/{text(bytes(32))}", lie).status == 400


# -- shards ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_an_honest_shard_is_registered_and_its_file_rebuilt(store: Store, version: int) -> None:
    made = sent(store)
    file = MadeFile([MadeTerm(made, 1, 3), MadeTerm(made, 0, 2), MadeTerm(made, 1, 2)])
    assert store.shard(MadeShard([file], [made]), version).status == 200
    store.register(file)
    planned = store.plan(file.name).json()
    assert b"".join(fetched(store, planned)) == file.data


def test_chunks_of_others_cannot_be_named_without_proof(api: InProcess, store: Store) -> None:
    """ "foreign chunks without proof of possession": even who knows every hash may not name what it never sent."""
    theirs = new_store(api, "admin", visibility="private")
    made = sent(theirs)
    theirs.shard(MadeShard([whole(made)], [made]))
    theirs.register(whole(made))
    answers = []
    for xorb in (made, fresh()):
        for shard in (MadeShard([whole(xorb)]), MadeShard([], [xorb]), MadeShard([whole(xorb)], [xorb])):
            answer = store.shard(shard)
            assert answer.status == 400
            said = answer.json()
            assert said["code"] == "not_possessed"
            answers.append(said)
    assert all(said == answers[0] for said in answers), "what others and what nobody has: refused in the same words"
    assert store.ask("GET", f"/v1/chunks/default/{text(made.hashes[0])}").status == 404
    assert store.put(made).status == 200, "who sends them may name them"
    assert store.shard(MadeShard([whole(made)], [made])).status == 200


def test_chunks_that_the_asset_holds_may_be_named_and_no_others_of_that_xorb(api: InProcess) -> None:
    """N16: "that the target asset already holds": chunk by chunk."""
    owner = new_store(api, "maintainer")
    made = sent(owner, fresh(4))
    half = MadeFile([MadeTerm(made, 0, 2)])
    assert owner.shard(MadeShard([half], [made])).status == 200
    owner.register(half)
    other = Store(api, "contributor", owner.asset)
    assert other.shard(MadeShard([MadeFile([MadeTerm(made, 1, 2)])])).status == 200
    assert other.shard(MadeShard([MadeFile([MadeTerm(made, 1, 3)])])).status == 400


def test_a_wrong_sha256_is_refused_and_trusted_nowhere(store: Store) -> None:
    """ "the claimed sha256 verified before it is trusted anywhere", "wrong sha256"."""
    made = sent(store)
    claimed = hashlib.sha256(b"somebody else's file").hexdigest()
    for version in (1, 2):
        answer = store.shard(MadeShard([whole(made, sha256=claimed)], [made]), version)
        assert (answer.status, answer.json()["code"]) == (400, "digest_mismatch")
    missing = store.api.request(
        "maintainer", "POST", f"/api/v1/folders/asset/{store.asset}/missing", json={"digests": [claimed]}
    )
    assert missing.json() == {"missing": [claimed]}
    assert store.shard(MadeShard([whole(made)], [made])).status == 200
    # known by its hash now, and still no other digest is believed
    assert store.shard(MadeShard([whole(made, sha256=claimed)], [made])).status == 400


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (lambda x: MadeFile([MadeTerm(x, 0, 3, size=9_999)]), "another size"),
        (lambda x: MadeFile([MadeTerm(x, 0, 3, range_hash=keyed(bytes(32), b""))]), "verification hash"),
        (lambda x: MadeFile([MadeTerm(x, 0, 3)], hash=bytes(range(32))), "not have its hash"),
    ],
)
def test_a_shard_that_lies_is_refused(store: Store, lie: object, why: str) -> None:
    """ "range/verification hashes checked", "lengths that lie"."""
    made = sent(store)
    answer = store.shard(MadeShard([lie(made)], [made]))  # type: ignore[operator]
    assert answer.status == 400
    assert why in answer.json()["message"]


def test_ranges_behind_the_end_of_a_xorb_are_refused(store: Store) -> None:
    made = sent(store)
    data = bytearray(MadeShard([whole(made)]).data)
    data[48 * 2 + 44 : 48 * 2 + 48] = (9).to_bytes(4, "little")
    answer = store.shard(bytes(data))
    assert answer.status == 400
    assert "behind the end" in answer.json()["message"]


@pytest.mark.parametrize("count", [2**32 - 1, 2**31, 1_500_000])
@pytest.mark.parametrize("of", ["files", "xorbs"])
def test_a_header_that_announces_gigabytes_costs_nothing(store: Store, of: str, count: int) -> None:
    """ "4 GiB headers": "all lengths in headers bounded before memory is taken"; the body has some hundred bytes."""
    made = sent(store)
    data = bytearray(MadeShard([whole(made)] if of == "files" else [], [made]).data)
    at = 48 if of == "files" else 48 * 2  # behind the bookend of no files
    data[at + 36 : at + 40] = count.to_bytes(4, "little")
    tracemalloc.start()
    try:
        answer = store.shard(bytes(data))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.json()["code"]) == (400, "invalid")
    assert most < 8 * 1024 * 1024, "nothing as large as the header says was made"


def test_overlapping_ranges_are_the_bytes_that_they_are(store: Store) -> None:
    """ "overlapping ranges": a file may repeat chunks; its hash and SHA-256 decide, not the ranges' neatness."""
    made = sent(store)
    file = MadeFile([MadeTerm(made, 0, 2), MadeTerm(made, 0, 3), MadeTerm(made, 1, 2)])
    assert store.shard(MadeShard([file], [made])).status == 200
    store.register(file)
    assert b"".join(fetched(store, store.plan(file.name).json())) == file.data


def test_a_xorb_of_which_a_shard_tells_other_chunks_is_refused(store: Store) -> None:
    made = sent(store)
    data = bytearray(MadeShard([whole(made)], [made]).data)
    data[-48 - 48 * 3] ^= 1
    answer = store.shard(bytes(data))
    assert answer.status == 400
    assert "other chunks" in answer.json()["message"]


def test_flags_without_verification_and_footers_are_refused(store: Store) -> None:
    made = sent(store)
    honest = MadeShard([whole(made)], [made]).data
    bare = honest[:48] + form.FILE.pack(whole(made).true_hash, 0, 1, 0) + honest[96:]
    footed = form.HEADER.pack(form.TAG, form.VERSION, 200) + honest[48:] + bytes(200)
    for data in (bare, footed, honest + bytes(48), honest[:-1], b"", b"\0" * 200, honest[:48]):
        answer = store.shard(data)
        assert (answer.status, answer.json()["code"]) == (400, "invalid")
