"""Types, addresses, pauses and the shape of an event."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.events.cloudevent import cloud_event, encode
from strongroom.domain.events.retry import FIRST_PAUSE_US, GIVE_UP_US, LONGEST_PAUSE_US, next_try
from strongroom.domain.events.types import PATTERNS_MOST, clean_patterns
from strongroom.domain.events.url import parse_endpoint

chances = st.floats(0, 1, exclude_max=True)


def test_patterns_are_cleaned() -> None:
    given_ = ["asset.create", "dev.strongroom.asset.create", " alias.* "]
    assert clean_patterns(given_) == ("alias.*", "asset.create")
    for wrong in ("", "*", ".*", "a..b", "a.*.b", "A.b", "a.b*", "a'b", "a" * 65):
        with pytest.raises(Invalid):
            clean_patterns([wrong])
    with pytest.raises(Invalid):
        clean_patterns([f"a.b{n}" for n in range(PATTERNS_MOST + 1)])


@given(st.integers(1, 10**6), st.integers(0, 2 * GIVE_UP_US), chances)
def test_a_try_is_later_bounded_and_ends(failed: int, elapsed: int, chance: float) -> None:
    at = next_try(failed, 1_000, 1_000 + elapsed, chance)
    if elapsed >= GIVE_UP_US:
        assert at is None
    else:
        assert at is not None
        assert 1_000 + elapsed < at <= 1_000 + GIVE_UP_US
        assert at - 1_000 - elapsed <= LONGEST_PAUSE_US * 1.5


@given(st.lists(chances, min_size=200, max_size=200))
def test_three_days_of_failures_are_few_tries_and_then_an_end(drawn: list[float]) -> None:
    now, tries = 0, 0
    for chance in drawn:
        tries += 1
        at = next_try(tries, 0, now, chance)
        if at is None:
            break
        now = at
    assert now == GIVE_UP_US
    assert 20 < tries < 100


def test_pauses_double() -> None:
    assert [next_try(n, 0, 0, 0.5) for n in (1, 2, 3)] == [FIRST_PAUSE_US, 2 * FIRST_PAUSE_US, 4 * FIRST_PAUSE_US]


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://example.com:443/a?b=c", "example.com", "/a?b=c"),
        ("http://example.com:8080/a", "example.com:8080", "/a"),
        ("https://[2606:4700::1]:8443/", "[2606:4700::1]:8443", "/"),
    ],
)
def test_an_address_is_taken_apart(url: str, authority: str, target: str) -> None:
    found = parse_endpoint(url)
    assert (found.authority, found.target) == (authority, target)


@given(st.text(max_size=200))
def test_any_text_is_an_address_or_refused_and_never_breaks_a_line(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.com/{text}"):
        try:
            found = parse_endpoint(url)
        except Invalid:
            continue
        assert not set(found.authority + found.target) & set("\r\n \t\0")
        assert found.target.startswith("/")


def test_a_cloud_event_has_what_the_specification_asks_for() -> None:
    event = cloud_event(
        uid="u", workspace="w", action="asset.create", subject="asset/a", recorded_at=1, leaf=2**40, data={"x": "ä\n"}
    )
    read = json.loads(encode(event))
    assert read == event
    assert b"\n" not in encode(event)
    for name in ("specversion", "id", "source", "type"):
        assert read[name]
    assert datetime.fromisoformat(read["time"]).tzinfo is not None
    assert all(name.isalnum() and name == name.lower() for name in read)
    later = cloud_event(uid="u", workspace="w", action="a.b", subject="s", recorded_at=1, leaf=2**41, data={})
    assert str(event["sequence"]) < str(later["sequence"])
