"""Order, freeze windows, shares, and what a target's reports mean."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.delivery.model import Action, Freeze, Guard, Mode, Part, Placement
from strongroom.domain.delivery.names import clean_about, clean_number_name, clean_position, clean_slug
from strongroom.domain.delivery.rules import (
    check_order,
    clean_after,
    clean_freezes,
    clean_guard,
    clean_roles,
    defaults,
    digest_of,
    frozen_at,
    shares,
)
from strongroom.domain.delivery.targets import MOVING, SILENT_AFTER_US, Target, breached, status_of
from strongroom.domain.errors import BadName, Invalid

NOW = 10 * SILENT_AFTER_US
PLACED = Placement(1, 1, "l", 1, Mode.LIVE, 100, Action.PROMOTE, "", {}, None, None, "p", 0, None)
TARGET = Target(1, "u", 1, 1, "l", "t", "", "p", 0, None, NOW, "a", "healthy", {}, "", 0, "")


@given(st.dictionaries(st.sampled_from("abcdef"), st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1))
def test_the_digest_is_of_roles_and_trees_whatever_the_order(trees: dict[str, str]) -> None:
    parts = [Part(role, number, tree) for number, (role, tree) in enumerate(trees.items())]
    assert digest_of(parts) == digest_of(reversed(parts))
    other = [replace(parts[0], tree="f" * 63 + ("0" if parts[0].tree[-1] == "f" else "f")), *parts[1:]]
    assert digest_of(other) != digest_of(parts)
    assert digest_of([replace(parts[0], role="z"), *parts[1:]]) != digest_of(parts)


def test_environments_come_after_one_another_without_a_circle() -> None:
    check_order({"dev": (), "staging": ("dev",), "prod": ("staging", "dev")})
    with pytest.raises(Invalid) as circle:
        check_order({"dev": ("prod",), "prod": ("dev",), "lab": ()})
    assert circle.value.details["circle"] == ["dev", "prod"]
    with pytest.raises(Invalid):
        check_order({"dev": ("nowhere",)})


def test_a_freeze_window_holds_its_beginning_and_not_its_end() -> None:
    (dev, *_rest) = defaults(1, lambda: "u", 0)
    frozen = replace(dev, freezes=clean_freezes([Freeze(20, 30, "b"), Freeze(10, 40, "a")]))
    assert [one.start for one in frozen.freezes] == [10, 20]
    reasons = [(window := frozen_at(frozen, now)) and window.reason for now in (9, 10, 25, 39, 40)]
    assert reasons == [None, "a", "a", "a", None]
    with pytest.raises(Invalid):
        clean_freezes([Freeze(5, 5, "")])


def test_what_is_live_answers_what_canaries_leave() -> None:
    placed = [PLACED, replace(PLACED, id=2, mode=Mode.CANARY, share=15), replace(PLACED, id=3, mode=Mode.SHADOW)]
    assert shares(placed) == {1: 85, 2: 15, 3: 0}


@pytest.mark.parametrize(
    ("changes", "wanted", "changed_at", "status"),
    [
        ({}, {"a"}, 0, "running"),
        ({"health": "failing"}, {"a"}, 0, "failing"),
        ({"running": "b"}, {"a"}, NOW - MOVING, "drifted"),
        ({"running": "b"}, {"a"}, NOW - MOVING + 1, "moving"),
        ({"running": None}, {"a"}, 0, "drifted"),
        ({"running": None}, set(), 0, "idle"),
        ({"running": "a"}, set(), 0, "drifted"),
        ({"reported_at": NOW - SILENT_AFTER_US}, {"a"}, 0, "stale"),
        ({"reported_at": NOW - SILENT_AFTER_US + 1}, {"a"}, 0, "running"),
        ({"reported_at": None, "recorded_at": NOW}, {"a"}, 0, "pending"),
        ({"reported_at": None}, {"a"}, 0, "stale"),
    ],
)
def test_what_reports_mean(changes: dict[str, object], wanted: set[str], changed_at: int, status: str) -> None:
    assert status_of(replace(TARGET, **changes), wanted, changed_at, NOW) == status  # type: ignore[arg-type]


def test_a_guard_is_breached_beyond_its_limit_only() -> None:
    above = Guard("errors", 0.1, above=True, reports=1)
    assert [breached(above, {"errors": value}) for value in (0.1, 0.11, float("nan"))] == [False, True, False]
    assert not breached(above, {"other": 1.0})
    assert breached(replace(above, above=False), {"errors": 0.09})
    for wrong in (replace(above, limit=float("inf")), replace(above, reports=0), replace(above, number="a b")):
        with pytest.raises(Invalid):
            clean_guard(wrong)


def test_environments_are_bounded_since_lists_show_hundreds() -> None:
    names = [f"e{number}" for number in range(51)]
    assert clean_after([*names[:50], "e0"]) == tuple(names[:50])
    for act in (
        lambda: clean_after(names),
        lambda: clean_position(-1),
        lambda: clean_position(10**6 + 1),
        lambda: clean_about("x" * 2_001),
        lambda: clean_freezes([Freeze(0, 1, "x" * 201)]),
        lambda: clean_freezes([Freeze(0, 1, "")] * 21),
    ):
        with pytest.raises(Invalid):
            act()


@pytest.mark.parametrize("text", ["", "A", "a b", "-a", "a-", "a" * 65, "é", "../x", "a\n"])
def test_names_are_plain(text: str) -> None:
    with pytest.raises(BadName):
        clean_slug(text, what="line")


def test_roles_and_numbers_are_bounded() -> None:
    for roles in ([], ["a", "a"], [f"r{n}" for n in range(51)]):
        with pytest.raises(Invalid):
            clean_roles(roles)
    assert clean_number_name("latency/p95_ms") == "latency/p95_ms"
    with pytest.raises(BadName):
        clean_number_name("x" * 65)
