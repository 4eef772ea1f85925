"""Hashes, Merkle roots and the two packed forms, against what hf_xet itself computes and by properties."""

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.errors import Corrupted, Invalid
from strongroom.domain.xet.body import NONE, BodyReader, read_chunks
from strongroom.domain.xet.hashes import Data, answers, chunk_hash, file_hash, key_of, raw, text
from strongroom.domain.xet.merkle import root
from strongroom.domain.xet.terms import Coverage, Term, joined, merged, pack_terms, unpack_terms, within
from strongroom.domain.xet.xorb import XorbIndex, unpack_index
from tests.support.xet import MadeXorb, keyed

CLIENT = Path(__file__).resolve().parents[3] / ".venv-huggingface" / "bin" / "python"

hashes = st.binary(min_size=32, max_size=32)
chunks = st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=60)


def plain(_scheme: int, data: Data, _size: int) -> Data:
    return data


@given(hashes)
def test_a_hash_is_written_and_read_back(hashed: bytes) -> None:
    assert raw(text(hashed)) == hashed
    assert len(text(hashed)) == 64


def test_a_hash_is_written_as_four_turned_numbers() -> None:
    """huggingface-xet.md 3.2: "4 little-endian u64, each %016x, concatenated. NOT bytes.hex()"."""
    assert text(bytes(range(32))) == "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"


@pytest.mark.parametrize("bad", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 63 + "\n"])
def test_what_is_no_hash_is_refused(bad: str) -> None:
    with pytest.raises(Invalid):
        raw(bad)


def test_a_file_hash_is_that_of_the_real_client(tmp_path: Path) -> None:
    """One chunk, so that no chunker is needed: the hash of a file of 5,000 bytes by hf_xet is ours."""
    data = bytes(n * 7 % 251 for n in range(5_000))
    (tmp_path / "a").write_bytes(data)
    program = (
        "import hf_xet, json, sys; print(json.dumps([[i.hash, i.file_size] for i in hf_xet.hash_files(sys.argv[1:])]))"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [str(CLIENT), "-c", program, str(tmp_path / "a")], capture_output=True, text=True, timeout=60, check=True
    )
    ours = file_hash(keyed, root(keyed, [(chunk_hash(keyed, data), len(data))])[0])
    assert json.loads(done.stdout) == [[text(ours), 5_000]]


def eager(nodes: list[tuple[bytes, int]]) -> tuple[bytes, int]:
    """The rule as the protocol notes word it, level by level, on lists."""
    while len(nodes) > 1:
        above, start = [], 0
        while start < len(nodes):
            left = len(nodes) - start
            size = left if left <= 2 else min(9, left)
            for i in range(2, min(9, left)):
                if int.from_bytes(nodes[start + i][0][24:32], "little") % 4 == 0:
                    size = i + 1
                    break
            group = nodes[start : start + size]
            lines = "".join(f"{text(hashed)} : {size}\n" for hashed, size in group)
            above.append((keyed(bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f"),
                                lines.encode()), sum(s for _, s in group)))  # fmt: skip
            start += size
        nodes = above
    return nodes[0]


@given(st.lists(st.tuples(hashes, st.integers(1, 1 << 17)), min_size=1, max_size=200))
@settings(max_examples=60)
def test_the_lazy_root_is_the_root_of_the_rule(nodes: list[tuple[bytes, int]]) -> None:
    assert root(keyed, iter(nodes)) == eager(nodes)


@given(chunks, st.integers(1, 500))
@settings(max_examples=50)
def test_a_body_is_read_however_it_is_cut(parts: list[bytes], cut: int) -> None:
    made = MadeXorb(parts)
    reader = BodyReader(keyed, plain)
    for at in range(0, len(made.body), cut):
        reader.feed(made.body[at : at + cut])
    index = reader.finish(made.hash)
    assert index.count == len(parts)
    assert index.raw_size == sum(map(len, parts))
    assert index.body_size == len(made.body)
    assert [index.hash_of(n) for n in range(index.count)] == made.hashes
    assert set(index.schemes) == {NONE}
    again = unpack_index(index.pack())
    assert (again.hashes, list(again.body), list(again.raw), again.schemes) == (
        index.hashes, list(index.body), list(index.raw), index.schemes)  # fmt: skip
    assert index.find(made.hashes[-1]) == made.hashes.index(made.hashes[-1])


@given(chunks, st.data())
@settings(max_examples=50)
def test_a_place_in_the_bytes_is_in_its_chunk(parts: list[bytes], data: st.DataObject) -> None:
    reader = BodyReader(keyed, plain)
    made = MadeXorb(parts)
    reader.feed(made.body)
    index = reader.finish(made.hash)
    offset = data.draw(st.integers(0, index.raw_size - 1))
    chunk = index.chunk_at(offset)
    assert index.raw_at(chunk) <= offset < index.raw_at(chunk + 1)


@given(st.binary(max_size=200))
def test_a_damaged_index_is_named_and_never_believed(stored: bytes) -> None:
    for data in (stored, b"SRX\x01" + stored, b"SRX\x01\xff\xff\xff\xff" + stored):
        try:
            found = unpack_index(data)
        except Corrupted:
            continue
        assert isinstance(found, XorbIndex)
        assert len(data) == 8 + 41 * found.count


terms = st.lists(
    st.builds(
        lambda xorb, start, length, size: Term(xorb, start, start + length, size),
        st.integers(1, 3),
        st.integers(0, 30),
        st.integers(1, 9),
        st.integers(1, 1000),
    ),
    min_size=1,
    max_size=20,
)


@given(terms)
def test_terms_are_packed_and_read_back(some: list[Term]) -> None:
    assert list(unpack_terms(pack_terms(some))) == some
    assert sum(t.size for t in merged(some)) == sum(t.size for t in some)
    with pytest.raises(Corrupted):
        unpack_terms(pack_terms(some)[:-1])


@given(terms, st.data())
def test_a_range_touches_just_the_terms_that_hold_it(some: list[Term], data: st.DataObject) -> None:
    total = sum(term.size for term in some)
    start = data.draw(st.integers(0, total - 1))
    end = data.draw(st.integers(start + 1, total))
    touched, skipped = within(some, start, end)
    assert 0 <= skipped < touched[0].size
    held = sum(term.size for term in touched)
    assert skipped + (end - start) <= held
    assert skipped + (end - start) > held - touched[-1].size


@given(terms)
def test_joined_ranges_hold_the_same_chunks(some: list[Term]) -> None:
    ranges = [(term.start, term.end) for term in some]
    found = joined(ranges)
    assert {n for low, high in found for n in range(low, high)} == {n for low, high in ranges for n in range(low, high)}
    assert all(one[1] < other[0] for one, other in pairwise(found))
    held = Coverage(some[0].xorb, some)
    assert held.has(some[0].start, some[0].end)
    assert not held.has(0, 1000)


def test_one_chunk_in_1024_answers_for_others() -> None:
    assert answers(bytes(24) + (2048).to_bytes(8, "little"))
    assert not answers(bytes(24) + (2049).to_bytes(8, "little"))
    assert key_of(b"\xff" * 32) == -1


def test_a_chunk_that_is_not_what_the_index_says_is_never_given() -> None:
    """ "chunk hashes verified on the way out", also where the stored body is what was written and the index is not."""
    made = MadeXorb([b"first" * 50, b"second" * 50])
    reader = BodyReader(keyed, plain)
    reader.feed(made.body)
    index = reader.finish(made.hash)
    assert read_chunks(keyed, plain, index, 0, 2, made.body) == list(made.chunks)
    assert read_chunks(keyed, plain, index, 1, 2, made.body[258:]) == [made.chunks[1]]
    for cut in (made.body[:-1], made.body[:258], b""):
        with pytest.raises(Corrupted):
            read_chunks(keyed, plain, index, 0, 2, cut)
    changed = bytearray(made.body)
    changed[-1] ^= 1
    with pytest.raises(Corrupted):
        read_chunks(keyed, plain, index, 0, 2, bytes(changed))
    other = XorbIndex(index.hashes[32:] + index.hashes[:32], index.body, index.raw, index.schemes)
    with pytest.raises(Corrupted):
        read_chunks(keyed, plain, other, 0, 2, made.body)
