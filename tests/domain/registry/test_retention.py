"""Which versions a retention rule keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.retention import (
    DAY_US,
    Best,
    Direction,
    Facts,
    RetentionRule,
    clean_tag,
    decide,
)

NOW = 1_000 * DAY_US
OLD = NOW - 100 * DAY_US

tags = st.dictionaries(st.sampled_from(["keep", "stage"]), st.sampled_from([None, "prod", "dev"]), max_size=2)
values = st.floats(allow_nan=False) | st.sampled_from([0.5])
metrics = st.dictionaries(st.sampled_from(["acc", "loss"]), values, max_size=2)
times = st.integers(NOW - 200 * DAY_US, NOW)
expiries = st.none() | st.integers(NOW - DAY_US, NOW + DAY_US)
holders = st.just(()) | st.just(("alias:a",))
bests = st.builds(Best, st.sampled_from(["acc", "loss"]), st.integers(1, 4), st.sampled_from(Direction))
rules = st.builds(
    RetentionRule,
    last=st.integers(1, 4),
    best=st.lists(bests, max_size=2, unique=True).map(tuple),
    tags=st.lists(st.sampled_from(["keep", "stage=prod"]), max_size=2, unique=True).map(tuple),
    days=st.integers(0, 150),
)


@st.composite
def versions(draw: st.DrawFn) -> list[Facts]:
    numbers = draw(st.lists(st.integers(1, 50), max_size=12, unique=True))
    return [Facts(str(n), n, draw(times), 1, draw(expiries), draw(holders), draw(tags), draw(metrics)) for n in numbers]


def kept(rule: RetentionRule | None, *found: Facts) -> list[int]:
    return [one.version.number for one in decide(rule, found, NOW) if one.kept]


def old(number: int, **more: object) -> Facts:
    return Facts(str(number), number, OLD, **more)  # type: ignore[arg-type]


def test_the_last_are_those_with_the_greatest_numbers() -> None:
    assert kept(RetentionRule(last=2), *(old(n) for n in (4, 1, 9, 3))) == [9, 4]


@pytest.mark.parametrize(("direction", "best"), [(Direction.MAX, [3, 2]), (Direction.MIN, [4, 1])])
def test_the_best_by_a_metric_newer_ones_first_and_never_those_without(direction: Direction, best: list[int]) -> None:
    found = [old(n, metrics={"acc": value}) for n, value in ((1, 0.1), (2, 0.9), (3, 0.9), (4, 0.1))]
    rule = RetentionRule(best=(Best("acc", 2, direction),))
    assert kept(rule, *found, old(9), old(8, metrics={"acc": float("nan")})) == sorted(best, reverse=True)
    assert kept(RetentionRule(best=(Best("acc", 1, Direction.MAX),)), *found) == [3]


def test_tags_by_key_or_by_key_and_value() -> None:
    found = [old(1, tags={"keep": None}), old(2, tags={"stage": "prod"}), old(3, tags={"stage": "dev"}), old(4)]
    assert kept(RetentionRule(tags=("keep", "stage=prod")), *found) == [2, 1]
    assert kept(RetentionRule(tags=("stage",)), *found) == [3, 2]


def test_younger_ones_stay() -> None:
    edge = NOW - 7 * DAY_US
    assert kept(RetentionRule(days=7), Facts("1", 1, edge), Facts("2", 2, edge + 1)) == [2]


def test_a_time_of_its_own_decides_whatever_the_rule_says() -> None:
    """domain.md N12: "expires_at: when retention trashes it ... aliased, linked, deployed or held ... are exempt"."""
    over, ahead = old(2, expires_at=NOW), old(1, expires_at=NOW + 1)
    held = old(3, expires_at=NOW, holders=("hold:1",))
    assert kept(RetentionRule(everything=True), over, ahead, held) == [3, 1]
    assert kept(None, over, ahead, held, old(4)) == [4, 3, 1]
    assert kept(RetentionRule(last=1), over, ahead) == [1]
    assert decide(None, [over], NOW)[0].because == ("expired",)


@given(rules, versions())
def test_what_goes_has_no_reason_to_stay_and_what_stays_says_all_of_its_reasons(
    rule: RetentionRule, found: list[Facts]
) -> None:
    by_number = {one.number: one for one in found}
    last = sorted(by_number)[-rule.last :]
    for one in decide(rule, found, NOW):
        version = one.version
        if version.expires_at is None:
            assert ("last" in one.because) == (version.number in last)
            assert ("days" in one.because) == (version.recorded_at > NOW - rule.days * DAY_US)
        assert set(version.holders) <= set(one.because)
        assert one.kept == (one.because not in (("rule",), ("expired",)))


@given(rules, versions())
def test_doing_it_changes_nothing_about_what_stays(rule: RetentionRule, found: list[Facts]) -> None:
    """Versions go a few at a time: what was decided before the first went still holds after it."""
    stay = [one.version for one in decide(rule, found, NOW) if one.kept and one.version.expires_at is None]
    again = {one.version.number for one in decide(rule, stay, NOW) if one.kept}
    assert again == {one.number for one in stay}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"purge_days": 3},
        {"everything": True, "last": 1},
        {"everything": True, "purge_days": 1},
        {"last": -1},
        {"last": 10**6},
        {"days": 40_000},
        {"last": 1, "purge_days": 0},
        {"tags": ("a", "a")},
        {"tags": tuple(map(str, range(21)))},
        {"best": tuple(Best("m", n, Direction.MAX) for n in range(1, 10))},
        {"best": (Best("m", 0, Direction.MAX),)},
        {"best": (Best("", 1, Direction.MAX),)},
    ],
)
def test_a_rule_that_says_nothing_or_too_much_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        RetentionRule(**wrong)  # type: ignore[arg-type]


def test_a_tag_is_bounded() -> None:
    assert clean_tag("stage=prod") == "stage=prod"
    with pytest.raises(Invalid):
        clean_tag("k=" + "v" * 2_000)
