"""Champion and challenger by paired bootstrap: how often it errs, and that it says the same again."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.comparing import (
    GROUPS_MOST,
    PAIRS_LEAST,
    Plan,
    Verdict,
    clean_plan,
    compare,
)
from strongroom.domain.evaluations.model import Direction

PLAN = Plan(Direction.HIGHER, resamples=400, seed=1)


def same(seed: int, pairs: int) -> list[float]:
    """Differences of two models that are equally good: of answers right or wrong, or of skewed scores."""
    chance = random.Random(seed)  # noqa: S311 - data that is the same each time
    if seed % 2:
        return [float(chance.random() < 0.7) - float(chance.random() < 0.7) for _ in range(pairs)]
    return [chance.expovariate(1.0) - chance.expovariate(1.0) for _ in range(pairs)]


def test_no_promotion_at_the_stated_alpha_on_a_a_data_over_1000_seeds() -> None:
    """ "no promotion at the stated alpha on A/A data over 1,000 seeds": no more often than alpha says."""
    plan = Plan(Direction.HIGHER, alpha=0.05, resamples=200)
    verdicts = [compare(same(seed, 30), replace(plan, seed=seed)).verdict for seed in range(1_000)]
    assert verdicts.count(Verdict.BETTER) <= 0.05 * len(verdicts)
    # of both sides together the share is alpha, give or take three standard errors of 1,000 throws
    assert len(verdicts) - verdicts.count(Verdict.UNDECIDED) <= 0.05 * 1_000 + 3 * math.sqrt(1_000 * 0.05 * 0.95)


def test_what_is_better_is_found_and_what_is_worse() -> None:
    chance = random.Random(3)  # noqa: S311 - data that is the same each time
    gains = [0.3 + chance.gauss(0, 0.5) for _ in range(100)]
    up, down = compare(gains, PLAN), compare([-one for one in gains], PLAN)
    assert (up.verdict, down.verdict) == (Verdict.BETTER, Verdict.WORSE)
    assert compare(gains, replace(PLAN, better=Direction.LOWER)).verdict is Verdict.WORSE
    assert up.low is not None
    assert up.high is not None
    assert 0 < up.low < up.difference < up.high
    assert up.difference == pytest.approx(math.fsum(gains) / 100)


@settings(max_examples=30)
@given(st.lists(st.floats(-1e6, 1e6), min_size=PAIRS_LEAST, max_size=40), st.integers(0, 2**53))
def test_the_same_seed_gives_the_same_answer_and_the_interval_holds_the_mean(found: list[float], seed: int) -> None:
    """ "deterministic from a seed stored with the answer"."""
    plan = replace(PLAN, seed=seed, resamples=200)
    outcome = compare(found, plan)
    assert outcome == compare(found, plan)
    assert outcome.low is not None
    assert outcome.high is not None
    edge = 1e-6 * max(map(abs, found), default=0)
    assert outcome.low - edge <= outcome.difference <= outcome.high + edge


def test_few_pairs_decide_nothing() -> None:
    outcome = compare([1.0] * (PAIRS_LEAST - 1), PLAN)
    assert (outcome.verdict, outcome.low, outcome.difference) == (Verdict.UNDECIDED, None, 1.0)
    assert compare([1.0] * PAIRS_LEAST, PLAN).verdict is Verdict.BETTER
    assert compare([0.0] * 50, PLAN).verdict is Verdict.UNDECIDED
    with pytest.raises(Invalid, match="no row in common"):
        compare([], PLAN)
    with pytest.raises(Invalid, match="too large"):
        compare([1.7e308, float("nan")] * 10, PLAN)


def test_many_pairs_are_put_into_groups_and_the_interval_is_as_wide() -> None:
    chance = random.Random(5)  # noqa: S311 - data that is the same each time
    found = [chance.gauss(0, 1) for _ in range(5 * GROUPS_MOST + 7)]
    outcome = compare(found, replace(PLAN, resamples=300))
    assert outcome.low is not None
    assert outcome.high is not None
    expected = 2 * 1.96 / math.sqrt(len(found))
    assert outcome.high - outcome.low == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize(
    "bad",
    [
        {"alpha": 0.0}, {"alpha": 0.6}, {"alpha": float("nan")}, {"resamples": 199}, {"resamples": 10_001},
        {"alpha": 0.001, "resamples": 400}, {"seed": -1}, {"seed": 2**53 + 1},
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        clean_plan(replace(PLAN, **bad))  # type: ignore[arg-type]
    assert clean_plan(PLAN) is PLAN
