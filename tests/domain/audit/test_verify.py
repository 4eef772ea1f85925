"""Offline verification: a genuine export passes; each way to tamper with one has its own name, and names the place."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.cli.ed25519 import verify
from strongroom.domain.audit import findings as found
from strongroom.domain.audit.checkpoint import Checkpoint, sign_checkpoint
from strongroom.domain.audit.export import Header, Leaf, LogKey, encode
from strongroom.domain.audit.frontier import Frontier
from strongroom.domain.audit.hashing import leaf_hash
from strongroom.domain.audit.numbering import MAX_TRACKED, Numbering
from strongroom.domain.audit.record import canonical
from strongroom.domain.audit.verify import MAX_FINDINGS, verify_export
from tests.domain.audit.support import OLD, ORIGIN, Log, change, check, leaf_line, record, uid

SIZE = 700


@pytest.fixture
def log() -> Log:
    return Log(SIZE, checkpoints=[100, 300, 512, 600])


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 700])
def test_a_genuine_export_passes(size: int) -> None:
    log = Log(size, checkpoints=[size // 2])
    report = check(
        log.lines(), older=[log.checkpoint(size // 3)], receipts=[log.receipt(one) for one in range(size)[:3]]
    )
    assert report.ok, report.findings
    assert (report.records, report.confirmed, report.pinned) == (size, size, True)
    assert report.root == Checkpoint.parse(log.checkpoints[-1][1].partition("\n\n")[0] + "\n").root
    assert report.first is None
    assert "key that you trust" in report.sentence


def test_without_pinned_keys_the_report_says_so(log: Log) -> None:
    report = check(log.lines(), trusted=None)
    assert report.ok
    assert not report.pinned
    assert "names itself" in report.sentence


@given(st.integers(0, SIZE - 1))
@settings(max_examples=20)
def test_an_edited_record_is_named(number: int) -> None:
    log = Log(SIZE)
    log.replace(number, "version.forget", with_hash=False)
    report = check(log.lines())
    assert report.findings == (found.RecordEdited(number, uid(number), "version.forget"),)
    assert f"Record {number} " in report.sentence


def test_two_edited_records_are_both_named(log: Log) -> None:
    log.replace(650, "b.b", with_hash=False)
    log.replace(20, "a.a", with_hash=False)
    assert [one.place for one in check(log.lines()).findings] == [20, 650]


def test_a_record_edited_into_garbage_is_named(log: Log) -> None:
    log.rows[5] = (b"\xff\xfe not json", log.rows[5][1])
    log.rows[6] = (b"[1]", log.rows[6][1])
    report = check(log.lines())
    assert report.findings == (found.RecordEdited(5, None, None), found.RecordEdited(6, None, None))
    assert "unreadable" in report.sentence


@pytest.mark.parametrize("number", [0, 255, 256, 300, 511])
def test_a_record_edited_with_its_hash_is_bounded_by_its_tile(number: int) -> None:
    log = Log(SIZE)
    log.nodes.hashes = list(log.nodes.hashes)
    log.replace(number, "version.forget", with_hash=True)
    first = number // 256 * 256
    assert check(log.lines()).findings == (found.RecordsAltered(first, first + 255, SIZE, proven=True),)


def test_records_edited_with_hashes_in_two_tiles_are_both_bounded(log: Log) -> None:
    for number in (3, 400):
        log.replace(number, "version.forget", with_hash=True)
    report = check([line for line in log.lines() if not_a_checkpoint(line, keep=SIZE)])
    assert [(one.place, type(one)) for one in report.findings] == [
        (0, found.RecordsAltered),
        (256, found.RecordsAltered),
    ]


def not_a_checkpoint(line: bytes, keep: int) -> bool:
    return not line.startswith(b'{"checkpoint"') or f"\\n{keep}\\n".encode() in line


def test_a_record_edited_with_hash_and_tile_is_bounded_by_signed_checkpoints(log: Log) -> None:
    log.replace(400, "version.forget", with_hash=True)
    log.nodes.hashes = [digest for _, digest in log.rows]
    report = check(log.lines())
    assert report.findings == (found.RecordsAltered(300, 511, 512),)
    assert report.confirmed == 300


def test_a_record_edited_in_the_tail_is_likely_there() -> None:
    log = Log(SIZE)
    log.replace(650, "version.forget", with_hash=True)
    assert check(log.lines()).findings == (found.RecordsAltered(0, 699, 700, likely=(512, 699)),)
    log.nodes.altered[1, 0] = bytes(32)
    report = check(log.lines())
    assert report.findings == (found.RecordsAltered(0, 699, 700, likely=(0, 255)),)
    assert "point to records 0 to 255" in report.sentence


def test_after_a_proven_fault_the_rest_is_still_judged(log: Log) -> None:
    log.replace(10, "version.forget", with_hash=True)
    log.replace(690, "version.forget", with_hash=True)
    lines = [line for line in log.lines() if not_a_checkpoint(line, 600) or not_a_checkpoint(line, 700)]
    report = check(lines)
    assert report.findings == (
        found.RecordsAltered(0, 255, 600, proven=True),
        found.RecordsAltered(600, 699, 700),
    )


def test_after_a_proven_fault_later_roots_agree_again() -> None:
    log = Log(SIZE, checkpoints=[300, 400, 600])
    log.replace(10, "version.forget", with_hash=True)
    report = check(log.lines(), older=[log_before().checkpoint(500)])
    assert report.findings == (found.RecordsAltered(0, 255, 300, proven=True),)
    assert report.confirmed == SIZE


def log_before() -> Log:
    """The genuine log, as somebody saw it before any tampering."""
    return Log(SIZE)


def test_an_altered_tile_over_sound_records_is_told_apart(log: Log) -> None:
    log.nodes.altered[1, 0] = bytes(32)
    report = check(log.lines())
    assert report.findings == (found.TileAltered(0, 255),)
    assert "the records are as the log signed them" in report.sentence
    log.checkpoints = [one for one in log.checkpoints if one[0] in (300, 700)]
    log.nodes.altered = {(1, 0): bytes(32), (1, 1): bytes(32)}
    assert check(log.lines()).findings == (found.TileAltered(0, 255), found.TileAltered(256, 511))


@pytest.mark.parametrize("number", [0, 42, 255, 256, 511, 698])
def test_a_removed_row_is_named(log: Log, number: int) -> None:
    lines = log.lines()
    del lines[leaf_line(lines, number)]
    assert check(lines).findings[0] == found.RecordsRemoved(number, number)


def test_removed_rows_are_named_as_a_range_even_at_a_checkpoint(log: Log) -> None:
    lines = log.lines()
    for number in range(90, 100):
        del lines[leaf_line(lines, number)]
    assert check(lines).findings == (found.RecordsRemoved(90, 99),)


def renumber(lines: list[bytes]) -> None:
    number = 0
    for at, line in enumerate(lines):
        if line.startswith(b'{"leaf"'):
            change(lines, at, lambda value, n=number: value.update(leaf=n))  # type: ignore[misc]
            number += 1


def test_a_removed_row_covered_up_by_renumbering_is_bounded(log: Log) -> None:
    lines = log.lines()
    del lines[leaf_line(lines, 150)]
    renumber(lines)
    change(lines, 0, lambda value: value.update(size=699))
    report = check(lines)
    assert not report.ok
    assert any(isinstance(one, found.LogTruncated | found.RecordsAltered) for one in report.findings)
    hidden = Log(SIZE, checkpoints=[100, 300])
    del hidden.rows[150]
    hidden.checkpoints = [(size, text) for size, text in hidden.checkpoints if size < SIZE]
    report = check(hidden.lines())
    assert (
        report.findings[0] == found.RecordsAltered(100, 299, 300, likely=(256, 299)) or report.findings[0].place == 100
    )


@pytest.mark.parametrize("number", [0, 100, 255, 699])
def test_a_duplicated_row_is_named(log: Log, number: int) -> None:
    lines = log.lines()
    at = leaf_line(lines, number)
    lines.insert(at + 1, lines[at])
    assert check(lines).findings == (found.RecordDuplicated(number, at + 2),)


def test_a_row_repeated_far_away_is_a_duplicate(log: Log) -> None:
    lines = log.lines()
    at = leaf_line(lines, 500)
    lines.insert(at, lines[leaf_line(lines, 3)])
    assert check(lines).findings == (found.RecordDuplicated(3, at + 1),)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (4, 5), (5, 9), (10, 300), (698, 699), (254, 256), (255, 256)])
def test_swapped_rows_are_named_as_reordered(log: Log, one: int, other: int) -> None:
    lines = log.lines()
    here, there = leaf_line(lines, one), leaf_line(lines, other)
    lines[here], lines[there] = lines[there], lines[here]
    report = check(lines)
    moved = [each for each in report.findings if isinstance(each, found.RecordReordered)]
    assert moved
    assert {each.leaf for each in moved} <= {one, other}
    assert not any(isinstance(each, found.RecordsRemoved | found.RecordMisnumbered) for each in report.findings)


def test_rows_swapped_under_their_old_numbers_break_the_root(log: Log) -> None:
    log.rows[4], log.rows[5] = log.rows[5], log.rows[4]
    assert check(log.lines()).findings == (found.RecordsAltered(0, 99, 100),)


@pytest.mark.parametrize(("number", "wrong"), [(0, 5), (7, 9), (7, 3), (7, 10_000), (255, 0), (699, 3), (699, 10_000)])
def test_a_wrong_leaf_number_is_named_and_the_records_still_proven(log: Log, number: int, wrong: int) -> None:
    lines = log.lines()
    at = leaf_line(lines, number)
    change(lines, at, lambda value: value.update(leaf=wrong))
    report = check(lines)
    assert report.findings == (found.RecordMisnumbered(number, wrong, at + 1),)
    assert report.confirmed == SIZE


def test_an_added_row_is_named(log: Log) -> None:
    lines = log.lines()
    data = canonical(record(SIZE))
    lines.insert(len(lines) - 1, encode(Leaf(SIZE, data, leaf_hash(data))))
    report = check(lines)
    assert report.findings == (found.RecordAdded(SIZE, len(lines) - 1, SIZE),)


@pytest.mark.parametrize("cut", [1, 2, 50, 300])
def test_a_cut_off_file_is_named(log: Log, cut: int) -> None:
    report = check(log.lines()[:-cut])
    if cut == 1:
        assert report.findings == (found.CheckpointMissing(SIZE, 600),)
    else:
        assert isinstance(report.findings[0], found.LogTruncated)
        assert (report.findings[0].expected, report.findings[0].witness) == (SIZE, "header")


def test_a_log_cut_off_without_trace_is_shown_by_a_checkpoint_that_one_holds(log: Log) -> None:
    short = Log(600)
    assert check(short.lines()).ok
    report = check(short.lines(), older=[log.checkpoint(650)])
    assert report.findings == (found.LogTruncated(600, 650, "held checkpoint"),)
    assert "you hold" in report.sentence


def test_a_header_that_hides_the_end_is_shown_by_the_checkpoint(log: Log) -> None:
    lines = log.lines()
    del lines[leaf_line(lines, 699)]
    change(lines, 0, lambda value: value.update(size=699))
    assert check(lines).findings == (found.LogTruncated(699, 700, "checkpoint"),)


def test_a_log_rewritten_and_signed_again_is_shown_by_a_checkpoint_that_one_holds(log: Log) -> None:
    forged = Log(SIZE)
    forged.replace(400, "version.forget", with_hash=True)
    forged.nodes.hashes = [digest for _, digest in forged.rows]
    forged.checkpoints = [(SIZE, forged.checkpoint(SIZE))]
    assert check(forged.lines()).ok
    held = [log.checkpoint(size) for size in (500, 100, 300)]
    assert check(forged.lines(), older=held).findings == (found.HistoryContradicted(300, 499, 500),)
    held = [log.checkpoint(SIZE)]
    assert check(forged.lines(), older=held).findings == (found.HistoryContradicted(0, SIZE - 1, SIZE),)


def test_a_receipt_names_the_replaced_and_the_missing_record(log: Log) -> None:
    receipts = [log.receipt(400), log.receipt(401)]
    forged = Log(SIZE)
    forged.replace(400, "version.forget", with_hash=True)
    data = canonical(record(9_999))
    forged.rows[401] = (data, leaf_hash(data))
    forged.nodes.hashes = [digest for _, digest in forged.rows]
    forged.checkpoints = [(SIZE, forged.checkpoint(SIZE))]
    assert check(forged.lines()).ok
    report = check(forged.lines(), receipts=receipts)
    assert report.findings == (found.ReceiptContradicted(400, uid(400)), found.ReceiptUnanswered(uid(401)))


def test_findings_are_bounded_and_the_rest_is_counted() -> None:
    log = Log(1_200)
    log.rows = [(data + b" ", digest) for data, digest in log.rows]
    report = check(log.lines())
    assert len(report.findings) == MAX_FINDINGS
    assert report.left_out == 200
    assert report.sentence.startswith("1200 finding(s)")


def test_numbering_keeps_to_its_bounds() -> None:
    numbering = Numbering(10**9)
    named = sum(len(numbering.take(number, None, 1)[1]) for number in range(1, 2 * MAX_TRACKED + 41, 2))
    assert named == 20
    assert len(numbering.end()) == MAX_TRACKED


def test_verification_streams_in_bounded_memory() -> None:
    def lines(size: int) -> Iterator[bytes]:
        edge = Frontier()
        yield encode(Header(ORIGIN, size, (LogKey(OLD.key, 0),)))
        for number in range(size):
            digest = leaf_hash(row := canonical(record(number)))
            completed = edge.push(digest)
            yield encode(Leaf(number, row, digest))
            if completed:
                yield json.dumps({"tile": [1, completed[0].position], "hash": completed[0].hash.hex()}).encode()
        note = sign_checkpoint(Checkpoint(ORIGIN, size, edge.root()), [OLD])
        yield json.dumps({"checkpoint": note}).encode()

    def peak(size: int) -> int:
        tracemalloc.start()
        try:
            assert verify_export(lines(size), verify, [str(OLD.key)]).ok
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert sum(map(len, lines(5_000))) > 2_000_000
    assert peak(5_000) < 200_000


def test_a_mid_tile_checkpoint_does_not_hide_an_earlier_wrong_tile() -> None:
    """After a checkpoint amid a tile settled a wrong tile, a second wrong tile is judged on the genuine tree."""
    log = Log(SIZE, checkpoints=[300])
    log.nodes.altered = {(1, 0): bytes(32)}
    log.replace(400, "version.forget", with_hash=True)
    assert check(log.lines()).findings == (
        found.TileAltered(0, 255),
        found.RecordsAltered(256, 511, SIZE, proven=True),
    )
