"""The export's lines: read back as written, and whatever is damaged is noticed and never raised."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.audit import findings as found
from strongroom.domain.audit.export import MAX_LINE_BYTES, Header, Leaf, LogKey, Malformed, decode, encode
from tests.domain.audit.support import NEW, OLD, ORIGIN, Log, check

SIZE = 700
SMALL = Log(270, checkpoints=[130])


@pytest.fixture
def log() -> Log:
    return Log(SIZE, checkpoints=[100, 300, 512, 600])


def test_misplaced_and_missing_parts_are_named(log: Log) -> None:
    lines = log.lines()
    tile = next(at for at, line in enumerate(lines) if line.startswith(b'{"tile"'))
    moved = lines[:tile] + lines[tile + 1 :]
    assert [type(one) for one in check(moved).findings] == [found.LineMalformed]
    moved.insert(tile + 3, lines[tile])
    assert [type(one) for one in check(moved).findings] == [found.LineMalformed] * 2
    last = Log(256).lines()
    del last[-2]
    reason = "the subtree hash over records 0 to 255 is missing before it."
    assert check(last).findings == (found.LineMalformed(len(last) + 1, reason),)
    early = next(at for at, line in enumerate(lines) if line.startswith(b'{"checkpoint"'))
    late = [*lines[:early], *lines[early + 1 : early + 5], lines[early], *lines[early + 5 :]]
    assert [type(one) for one in check(late).findings] == [found.CheckpointMisplaced]
    assert [type(one) for one in check([*lines, lines[0]]).findings] == [found.LineMalformed]


@settings(max_examples=150)
@given(st.data())
def test_no_line_can_be_dropped_doubled_or_moved_unnoticed(data: st.DataObject) -> None:
    lines = SMALL.lines()
    at = data.draw(st.integers(0, len(lines) - 1))
    final = len(lines) - 1
    if lines[at].startswith(b'{"checkpoint"') and at != final:
        return  # an earlier checkpoint more or less takes nothing from the records' proof
    assert not check(lines[:at] + lines[at + 1 :]).ok
    to = data.draw(st.integers(0, len(lines) - 1).filter(lambda one: one != at))
    without = lines[:at] + lines[at + 1 :]
    assert not check([*without[:to], lines[at], *without[to:]]).ok


@settings(max_examples=150)
@given(st.data())
def test_no_byte_of_a_record_or_hash_can_be_changed_unnoticed(data: st.DataObject) -> None:
    lines = SMALL.lines()
    at = data.draw(st.integers(1, len(lines) - 1))
    value = json.loads(lines[at])
    field = data.draw(st.sampled_from([key for key in value if isinstance(value[key], str)]))
    text = value[field]
    place = data.draw(st.integers(0, len(text) - 1))
    value[field] = (
        text[:place] + data.draw(st.characters(codec="utf-8", exclude_characters=text[place])) + text[place + 1 :]
    )
    lines[at] = json.dumps(value).encode()
    assert not check(lines).ok


def test_random_damage_never_raises() -> None:
    chance = random.Random(5)  # noqa: S311 - repeatable damage, no secret
    whole = b"".join(SMALL.lines())
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if bytes(broken) != whole:
            report = check(bytes(broken).splitlines(keepends=True))
            assert report.sentence
            assert all(one.sentence and one.code for one in report.findings)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"1",
        b"\xff",
        b"[" * 100_000,
        b'{"leaf":0}',
        b'{"leaf":true,"record":"","hash":""}',
        b'{"leaf":-1,"record":"","hash":"' + b"0" * 64 + b'"}',
        b'{"leaf":0,"record":"","hash":"' + b"0" * 62 + b'"}',
        b'{"leaf":0,"record":"","hash":"' + b"A" * 64 + b'"}',
        b'{"leaf":0,"leaf":1,"record":"","hash":"' + b"0" * 64 + b'"}',
        b'{"leaf":0,"record":"","x":1,"hash":"' + b"0" * 64 + b'"}',
        b'{"tile":[2,0],"hash":"' + b"0" * 64 + b'"}',
        b'{"checkpoint":1}',
        b'{"leaf":0,"record":"\\ud800","hash":"' + b"0" * 64 + b'"}',
        b"x" * (MAX_LINE_BYTES + 1),
        b'{"strongroom_audit_export":2,"origin":"a","size":0,"keys":[]}',
        b'{"strongroom_audit_export":true,"origin":"a","size":0,"keys":[]}',
        b'{"strongroom_audit_export":1,"origin":"a","size":0,"keys":[1]}',
        b'{"strongroom_audit_export":1,"origin":"a","size":0,"keys":[{"key":"x","from":0}]}',
        b'{"strongroom_audit_export":1,"origin":"a","size":0,"keys":[' + b"1," * 64 + b"1]}",
        b'{"strongroom_audit_export":1,"origin":"a","size":' + b"9" * 5000 + b',"keys":[]}',
    ],
)
def test_malformed_lines_are_named_not_raised(line: bytes) -> None:
    assert isinstance(decode(line), Malformed)
    lines = SMALL.lines()
    lines.insert(3, line)
    assert found.LineMalformed in {type(one) for one in check(lines).findings}
    assert [type(one) for one in check([line]).findings] == [found.LineMalformed]


def test_an_empty_export_is_malformed() -> None:
    report = check([])
    assert report.findings == (found.LineMalformed(1, "the export is empty."),)
    assert [type(one) for one in check(SMALL.lines()[1:]).findings] == [found.LineMalformed]


def test_what_a_line_says_is_read_back() -> None:
    header = Header(ORIGIN, 5, (LogKey(OLD.key, 0), LogKey(NEW.key, 3)))
    for entry in (header, Leaf(3, b'{"a":"\xc3\xbc"}', bytes(32)), Leaf(4, b"\xff\x00", bytes(32))):
        assert decode(encode(entry)) == entry
