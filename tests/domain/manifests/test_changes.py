"""What differs between two manifests: "validated and diffable"."""

from typing import Any

import pytest

from strongroom.domain.manifests.changes import CHANGES_MOST, between
from tests.domain.manifests.examples import EXAMPLES, Json, document, member, read
from tests.support.cpu import bounded


def differ(kind: str, **changes: Any) -> list[tuple[str, str]]:
    found = between(read(document(kind)), read(document(kind, **changes)))
    assert not found.truncated
    return [(change.path, change.change) for change in found.changes]


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_nothing_differs_from_itself(kind: str) -> None:
    assert differ(kind) == []


def test_fields_are_added_removed_and_changed() -> None:
    assert differ("prompt", model=..., description="new", settings={"temperature": 1, "max_tokens": 100}) == [
        ("$.description", "added"),
        ("$.model", "removed"),
        ("$.settings.anything", "removed"),
        ("$.settings.stop", "removed"),
        ("$.settings.temperature", "changed"),
    ]


def test_members_change_from_one_digest_to_another() -> None:
    after = {**EXAMPLES["bundle"]["members"], "data": member("f", 2), "model": member("a", 7), "new": member("1")}
    found = between(read(document("bundle")), read(document("bundle", members=after)))
    assert [(change.path, change.change) for change in found.changes] == [
        ("$.members.data", "member"),
        ("$.members.new", "added"),
    ]
    assert found.changes[0].before == member("b", 2)
    assert found.changes[0].after == member("f", 2)


def test_messages_differ_line_by_line() -> None:
    """ "prompt diff line by line"."""
    before = [f"line {number}" for number in range(20)]
    after = [*before[:10], "new", *before[11:]]
    one, two = ([{"role": "user", "content": "\n".join(lines)}] for lines in (before, after))
    found = between(read(document("prompt", messages=one)), read(document("prompt", messages=two)))
    (change,) = found.changes
    assert change.path == "$.messages[0].content"
    assert change.lines == (" line 7", " line 8", " line 9", "-line 10", "+new", " line 11", " line 12", " line 13")


def test_a_message_put_between_others_is_one_addition() -> None:
    turns = [{"role": "user", "content": str(number)} for number in range(5)]
    more = [*turns[:2], {"role": "assistant", "content": "x"}, *turns[2:]]
    found = between(read(document("prompt", messages=turns)), read(document("prompt", messages=more)))
    assert [(change.path, change.change) for change in found.changes] == [("$.messages[2]", "added")]


def test_true_is_not_one_and_one_is_one() -> None:
    def settings(value: object) -> Json:
        return {"x": [0, value], "y": value}

    one = read(document("bundle", settings=settings(1)))
    assert between(one, read(document("bundle", settings=settings(1.0)))).changes == ()
    assert len(between(one, read(document("bundle", settings=settings(True)))).changes) == 2


def test_a_diff_is_bounded_in_number_and_time() -> None:
    many = {str(number): number for number in range(900)}
    parts = {f"p{n}": {"component": member(), "settings": many} for n in range(40)}
    other = {f"p{n}": {"component": member(), "settings": dict.fromkeys(many, -1)} for n in range(40)}
    found = between(read(document("pipeline", steps=parts)), read(document("pipeline", steps=other)))
    assert (len(found.changes), found.truncated) == (CHANGES_MOST, True)
    texts = ["\n".join(str(number * step % 997) for number in range(100_000)) for step in (7, 11)]
    one, two = ([{"role": "user", "content": text}] for text in texts)
    with bounded():
        assert between(read(document("prompt", messages=one)), read(document("prompt", messages=two))).changes
