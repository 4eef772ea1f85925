"""Shards: what honest ones say is read; lengths that lie are found before memory is taken."""

import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.errors import DomainError, Invalid
from strongroom.domain.xet import shard as form
from strongroom.domain.xet.answer import FOOTER, Offered, build_answer
from strongroom.domain.xet.body import BodyReader
from strongroom.domain.xet.shard import parse_shard
from tests.support.xet import MadeFile, MadeShard, MadeTerm, MadeXorb, keyed

chunks = st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=8).map(MadeXorb)


@st.composite
def shards(draw: st.DrawFn) -> MadeShard:
    xorbs = draw(st.lists(chunks, min_size=1, max_size=3))
    files = []
    for _ in range(draw(st.integers(1, 3))):
        terms = []
        for _ in range(draw(st.integers(1, 4))):
            xorb = draw(st.sampled_from(xorbs))
            start = draw(st.integers(0, len(xorb.chunks) - 1))
            terms.append(MadeTerm(xorb, start, draw(st.integers(start + 1, len(xorb.chunks)))))
        files.append(MadeFile(terms, draw(st.sampled_from(["", None]))))
    return MadeShard(files, xorbs)


@given(shards())
@settings(max_examples=40)
def test_what_was_stated_is_read(made: MadeShard) -> None:
    found = parse_shard(made.data)
    assert [(f.hash, f.sha256) for f in found.files] == [
        (f.true_hash, f.digest if f.sha256 is not None else None) for f in made.files
    ]
    assert [[(t.xorb, t.start, t.end, t.size) for t in f.terms()] for f in found.files] == [
        [(t.xorb.hash, t.start, t.end, len(t.data)) for t in f.terms] for f in made.files
    ]
    assert [(x.hash, x.hashes()) for x in found.xorbs] == [(x.hash, b"".join(x.hashes)) for x in made.xorbs]


@given(shards(), st.data())
@settings(max_examples=60)
def test_a_shard_that_is_cut_or_changed_is_refused_or_read_but_never_breaks(
    made: MadeShard, data: st.DataObject
) -> None:
    whole = made.data
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(Invalid):
        parse_shard(cut)
    changed = bytearray(whole)
    changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        for file in parse_shard(bytes(changed)).files:
            list(file.terms())
    except DomainError:
        pass


@pytest.mark.parametrize("count", [1 << 20, 1 << 26, (1 << 32) - 1])
def test_a_header_that_announces_4_gib_takes_no_memory(count: int) -> None:
    """ "lengths that lie, 4 GiB headers": "all lengths in headers bounded before memory is taken"."""
    head = form.HEADER.pack(form.TAG, form.VERSION, 0)
    lies = [
        form.FILE.pack(bytes(32), form.VERIFIED | form.WITH_SHA256, count, 0) + form.BOOKEND * 4,
        form.BOOKEND + form.XORB.pack(bytes(32), 0, count, count, count) + form.BOOKEND * 4,
    ]
    tracemalloc.start()
    try:
        for lie in lies:
            with pytest.raises(Invalid, match="ends before"):
                parse_shard(head + lie)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, 8, 40])
def test_a_chunk_that_announces_more_than_is_taken_is_refused_at_its_header(size: int) -> None:
    """u24 lengths of 16 MiB, in each of the two places."""
    for lie in (
        b"\0\xff\xff\xff\0\x10\0\0",
        b"\0\x10\0\0\x01\xff\xff\xff",
        b"\0\0\0\0\0\0\0\0",
        b"\0\x01\0\0\x09\x01\0\0",
    ):
        with pytest.raises(Invalid):
            BodyReader(keyed, lambda _s, data, _n: data).feed(lie + bytes(size))


def test_ranges_that_run_backwards_are_refused() -> None:
    xorb = MadeXorb([b"a", b"b"])
    data = bytearray(MadeShard([MadeFile([MadeTerm(xorb, 0, 2)])]).data)
    at = 48 * 2 + 40
    for start, end in ((1, 1), (2, 1), (1 << 31, 0)):
        struct.pack_into("<II", data, at, start, end)
        with pytest.raises(Invalid, match="empty range"):
            list(parse_shard(bytes(data)).files[0].terms())


def test_an_answer_holds_no_chunk_hash_but_under_its_key() -> None:
    """huggingface-xet.md 3.6: "every chunk hash in the reply is BLAKE3 keyed(hmac_key, chunkhash)", sorted tables."""
    made = MadeXorb([bytes([n]) * 40 for n in range(9)])
    reader = BodyReader(keyed, lambda _s, data, _n: data)
    reader.feed(made.body)
    key = b"k" * 32
    reply = build_answer(keyed, [Offered(made.hash, reader.finish(made.hash))], key, 10, 20)
    assert not any(hashed in reply for hashed in made.hashes)
    assert all(keyed(key, hashed) in reply for hashed in made.hashes)
    footer = FOOTER.unpack(reply[-FOOTER.size :])
    assert (footer[9], footer[10], footer[11]) == (key, 10, 20)
    assert footer[16] == len(reply) - FOOTER.size
    chunk_table, count = footer[7], footer[8]
    rows = list(struct.iter_unpack("<QII", reply[chunk_table : chunk_table + 16 * count]))
    assert rows == sorted(rows)
    assert {row[2] for row in rows} == set(range(9))
