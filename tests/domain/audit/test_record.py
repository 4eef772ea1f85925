"""Audit records: one spelling each, read back as written, strict about everything else."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.audit.canonical_json import MAX_INT, dumps, freeze, loads
from strongroom.domain.audit.record import AuditRecord, Subject, canonical, leaf_hash, parse
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.tokens import RANDOM_BYTES, mint
from tests.domain.audit.support import record, uid

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
STRINGS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | STRINGS
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3), max_leaves=8
)
DETAILS = st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=5)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,14}", fullmatch=True)

RECORDS = st.builds(
    AuditRecord,
    uid=st.integers(0, 2**40).map(uid),
    workspace=st.none() | IDS,
    recorded_at=st.integers(0, MAX_INT),
    actor=IDS,
    token_id=st.none() | st.from_regex(r"SR[A-Z0-9]{18}", fullmatch=True),
    action=st.from_regex(r"[a-z][a-z0-9_]{0,9}\.[a-z][a-z0-9_]{0,9}", fullmatch=True),
    outcome=st.sampled_from(["done", "refused", "read"]),
    subject=st.builds(Subject, IDS, IDS),
    subject_seq=st.none() | st.integers(0, MAX_INT),
    request_id=st.none() | IDS,
    details=DETAILS,
)


@given(RECORDS)
def test_what_was_written_is_read_back(one: AuditRecord) -> None:
    data = canonical(one)
    assert parse(data) == one
    assert canonical(parse(data)) == data


@given(RECORDS, st.data())
def test_no_edited_byte_is_read_as_the_same_record(one: AuditRecord, data: st.DataObject) -> None:
    original = canonical(one)
    at = data.draw(st.integers(0, len(original) - 1))
    edited = bytes([*original[:at], data.draw(st.integers(0, 255)), *original[at + 1 :]])
    try:
        read = parse(edited)
    except Invalid:
        return
    assert (read == one) == (edited == original)


def test_the_spelling_is_fixed_for_ever() -> None:
    details: dict[str, Any] = {"b": [1, None, True], "a": {"digest": 'ü"\\'}}
    one = replace(record(7), details=details)
    assert canonical(one).decode() == (
        '{"action":"version.register","actor":"system","details":{"a":{"digest":"ü\\"\\\\"},"b":[1,null,true]},'
        '"outcome":"done","recorded_at":1790000000000007,"request_id":null,"subject":{"kind":"version",'
        '"uid":"0190163d-8694-7000-8000-000000002717"},"subject_seq":null,"token_id":null,'
        '"uid":"0190163d-8694-7000-8000-000000000007","v":1,"workspace":"acme"}'
    )
    assert leaf_hash(canonical(one)) == sha256(b"\x00" + canonical(one)).digest()


@given(VALUES)
def test_canonical_json_has_one_spelling(value: object) -> None:
    try:
        frozen = freeze(value)
    except Invalid:
        return
    data = dumps(frozen)
    assert loads(data) == frozen
    assert json.loads(data) == value
    with pytest.raises(Invalid):
        loads(data + b" ")


@pytest.mark.parametrize(
    "data",
    [
        b"1.0",
        b"1e3",
        b"-0",
        b"NaN",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'"\\u0041"',
        b'{"A":1}',
        b"\xff",
        b"",
        b"[" * 60_000,
        b"9007199254740992",
        b"9" * 5000,
        b'"\\ud800"',
        b'"\\n"',
        b"[[[[[[[1]]]]]]]",
    ],
)
def test_other_json_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        loads(data)


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1: 2}, {1, 2}, object(), "\x00", "x" * 1025, "\ud800"])
def test_values_without_one_spelling_are_refused(value: object) -> None:
    with pytest.raises(Invalid):
        freeze(value)


@pytest.mark.parametrize(
    "change",
    [
        {"uid": "0190163d-8694-4000-8000-000000000007"},
        {"uid": "0190163D-8694-7000-8000-000000000007"},
        {"workspace": "a b"},
        {"workspace": ""},
        {"recorded_at": -1},
        {"recorded_at": 1.5},
        {"recorded_at": True},
        {"actor": "ada@example.com"},
        {"actor": "x" * 37},
        {"token_id": "SRshort"},
        {"action": "register"},
        {"action": "version.register\n"},
        {"action": "a." + "b" * 64},
        {"outcome": "failed"},
        {"subject_seq": -1},
        {"request_id": "two words"},
        {"details": {"free text": 1}},
        {"details": {"score": 0.5}},
        {"details": {"many": ["x" * 1000] * 70}},
        {"details": ["no", "object"]},
    ],
)
def test_ill_formed_fields_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        replace(record(1), **change)


def test_a_token_never_gets_into_a_record() -> None:
    token = mint(bytes(range(RANDOM_BYTES)))
    assert replace(record(1), token_id=token.id, details={"token": token.id}).token_id == token.id
    with pytest.raises(Invalid):
        replace(record(1), details={"key": (f"Bearer {token.text}",)})


def test_a_record_cannot_be_changed_through_what_it_was_made_from() -> None:
    digests: Any = ["a"]
    one = replace(record(1), details={"digests": digests})
    digests.append("b")
    assert one.details == {"digests": ("a",)}
    with pytest.raises(TypeError):
        one.details["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    "edit",
    [
        {"v": 2},
        {"v": True},
        {"v": None},
        {"extra": 1},
        {"subject": {"kind": "version"}},
        {"subject": None},
        {"uid": None},
        {"actor": 7},
        {"details": []},
        {"outcome": []},
        {"subject": {"kind": "a", "uid": None}},
    ],
)
def test_other_forms_of_record_are_refused(edit: dict[str, Any]) -> None:
    content = json.loads(canonical(record(1))) | edit
    with pytest.raises(Invalid):
        parse(dumps(freeze(content)))


def test_a_missing_field_and_a_foreign_document_are_refused() -> None:
    content = json.loads(canonical(record(1)))
    for key in list(content):
        with pytest.raises(Invalid):
            parse(dumps(freeze({name: value for name, value in content.items() if name != key})))
    for data in (b"[]", b"null", b'{"v":1}', b"x" * 70_000):
        with pytest.raises(Invalid):
            parse(data)
