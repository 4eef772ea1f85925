"""Champion and challenger: whether one is better than the other on the same rows, by a paired bootstrap.

The mean of the differences of pairs is resampled; the interval is the percentile one, widened for few pairs as a
t-interval is (Hesterberg, "What Teachers Should Know about the Bootstrap", 2015, section 5.3). All numbers come from a
seed that is kept with the answer, by functions whose results Python fixes, so that anybody gets the same interval.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Final

from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.model import Direction

PAIRS_LEAST: Final = 20
"""With fewer pairs nothing is decided."""
GROUPS_MOST: Final = 1_000
"""More pairs are put into so many groups by lot, which are then resampled: the work is bounded, the width the same."""
RESAMPLES_LEAST: Final = 200
RESAMPLES_MOST: Final = 10_000
RESAMPLES: Final = 2_000
ALPHA: Final = 0.05
ALPHA_LEAST: Final = 0.001
ALPHA_MOST: Final = 0.5
TAIL_LEAST: Final = 10
"""Resamples times alpha: an end of the interval rests on some of them."""
DIFFERENCE_LARGEST: Final = 1e150
SEED_LARGEST: Final = 2**53


class Verdict(StrEnum):
    """What is said of the challenger."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is compared. `alpha`: how often, of pairs that do not differ, an interval may leave zero out."""

    better: Direction
    alpha: float = ALPHA
    seed: int = 0
    resamples: int = RESAMPLES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `difference` is challenger minus champion; the ends are None where nothing was resampled."""

    pairs: int
    difference: float
    low: float | None
    high: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison that was made, of two evaluations (by their ids), by a principal."""

    id: int
    uid: str
    workspace_id: int
    champion_id: int
    challenger_id: int
    metric: str
    plan: Plan
    outcome: Outcome
    recorded_by: int
    recorded_at: int


def clean_plan(plan: Plan) -> Plan:
    """The plan, when it can be carried out. :raises Invalid: a number is out of bounds."""
    if not ALPHA_LEAST <= plan.alpha <= ALPHA_MOST:
        raise Invalid(f"Alpha is between {ALPHA_LEAST} and {ALPHA_MOST}.")
    if not RESAMPLES_LEAST <= plan.resamples <= RESAMPLES_MOST:
        raise Invalid(f"There are {RESAMPLES_LEAST} to {RESAMPLES_MOST} resamples.", limit=RESAMPLES_MOST)
    if plan.resamples * plan.alpha < TAIL_LEAST:
        raise Invalid(f"Resamples times alpha are at least {TAIL_LEAST}: take more resamples.")
    if not 0 <= plan.seed <= SEED_LARGEST:
        raise Invalid("A seed is a number from 0 to 2^53.")
    return plan


def compare(differences: Sequence[float], plan: Plan) -> Outcome:
    """Challenger minus champion, pair by pair, in an order that does not depend on the values.

    :raises Invalid: there is no pair, or a difference that cannot be added.
    """
    if not differences:
        raise Invalid("The evaluations have no row in common.")
    if not all(abs(one) <= DIFFERENCE_LARGEST for one in differences):
        raise Invalid("The differences are too large to be added.")
    count, mean = len(differences), math.fsum(differences) / len(differences)
    if count < PAIRS_LEAST:
        return Outcome(count, mean, None, None, Verdict.UNDECIDED)
    low, high = _interval(differences, mean, plan)
    ends = (low, high) if plan.better is Direction.HIGHER else (-high, -low)
    verdict = Verdict.BETTER if ends[0] > 0 else Verdict.WORSE if ends[1] < 0 else Verdict.UNDECIDED
    return Outcome(count, mean, low, high, verdict)


def _interval(differences: Sequence[float], mean: float, plan: Plan) -> tuple[float, float]:
    chance = random.Random(plan.seed)  # noqa: S311 - statistics, not secrets
    groups = _groups([one - mean for one in differences], chance)
    size, draw = len(groups), chance.random
    found = sorted(
        math.fsum([groups[int(draw() * size)] for _ in range(size)]) / len(differences) for _ in range(plan.resamples)
    )
    place = max(math.floor(_tail(plan.alpha, size) * (plan.resamples + 1)) - 1, 0)
    return mean + found[place], mean + found[-1 - place]


def _groups(deviations: list[float], chance: random.Random) -> list[float]:
    """Sums of deviations from the mean, of one pair each or of groups that the lot makes."""
    if len(deviations) <= GROUPS_MOST:
        return deviations
    lot = sorted((chance.random(), number) for number in range(len(deviations)))
    mixed = [deviations[number] for _, number in lot]
    return [math.fsum(mixed[start::GROUPS_MOST]) for start in range(GROUPS_MOST)]


def _tail(alpha: float, size: int) -> float:
    """Which part of the resamples lies outside at one end: less than alpha / 2, as a t-interval is wider."""
    widened = _student(1 - alpha / 2, size - 1) * math.sqrt(size / (size - 1))
    return NormalDist().cdf(-widened)


def _student(p: float, freedom: int) -> float:
    """Student's quantile by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5); good from 19 degrees on."""
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + math.fsum(term / freedom ** (power + 1) for power, term in enumerate(terms))
