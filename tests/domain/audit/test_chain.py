"""The chain of a run's batches: every batch counts, and a broken one is bounded by the audited heads."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.audit.chain import EMPTY_HEAD, ChainBreak, extend, verify

BATCHES = st.lists(st.binary(max_size=20), min_size=1, max_size=20, unique=True)


def heads_of(batches: list[bytes]) -> list[bytes]:
    heads = [EMPTY_HEAD]
    for batch in batches:
        heads.append(extend(heads[-1], batch))
    return heads


def test_a_head_is_the_stated_hash() -> None:
    first = sha256(b"strongroom-chain/v1" + bytes(32) + sha256(b"batch").digest()).digest()
    assert extend(EMPTY_HEAD, b"batch") == first
    assert extend(first, b"") == sha256(b"strongroom-chain/v1" + first + sha256(b"").digest()).digest()
    with pytest.raises(ValueError, match="32 bytes"):
        extend(b"", b"batch")


@given(BATCHES, st.data())
def test_genuine_batches_meet_every_head(batches: list[bytes], data: st.DataObject) -> None:
    heads = heads_of(batches)
    audited = data.draw(st.sets(st.integers(0, len(batches))))
    assert verify(batches, {count: heads[count] for count in audited}) is None


@given(BATCHES, st.data())
def test_an_edited_dropped_or_added_batch_is_bounded(batches: list[bytes], data: st.DataObject) -> None:
    heads, at = heads_of(batches), data.draw(st.integers(0, len(batches) - 1))
    audited = {count: heads[count] for count in (*data.draw(st.sets(st.integers(1, len(batches)))), len(batches))}
    for bad in ([batches[at] + b"x"], [], [b"a batch that was never there", batches[at]]):
        found = verify([*batches[:at], *bad, *batches[at + 1 :]], audited)
        assert found is not None
        assert found.first <= at
        assert "Batches" in found.sentence
    edited = verify([*batches[:at], batches[at] + b"x", *batches[at + 1 :]], audited)
    assert edited
    assert edited.first <= at <= edited.last


def test_a_missing_end_and_a_forged_start_are_told_apart() -> None:
    heads = heads_of([b"a", b"b", b"c"])
    assert verify([b"a"], {1: heads[1], 3: heads[3]}) == ChainBreak(1, 2, missing=True)
    assert verify([b"a"], {0: heads[1]}) == ChainBreak(0, 0, missing=False)
    assert verify([], {}) is None
