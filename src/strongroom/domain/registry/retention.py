"""Retention: which versions of an asset a rule keeps, and which go to the trash (domain.md N12).

Pure: the simulator and the job that trashes ask the same function.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.fields import TAG_KEY_LONGEST, clean_tag_key, clean_tag_value

LAST_MOST: Final = 100_000
BEST_MOST: Final = 8
TAGS_MOST: Final = 20
TAG_LONGEST: Final = 1_000
DAYS_MOST: Final = 36_500
DAY_US: Final = 24 * 3600 * 1_000_000


class Direction(StrEnum):
    """Which values of a metric are the best."""

    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class Best:
    """The `count` versions whose runs ended with the best values of a metric."""

    metric: str
    count: int
    direction: Direction


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """What is kept: a version that one of these names stays, any other goes to the trash.

    :param everything: keep all; how an asset or namespace opts out of a rule from above.
    :param last: the versions with the greatest numbers. :param tags: those with one of these tags, ``key`` or
        ``key=value``. :param days: those that are younger.
    :param purge_days: what has been in the trash that long, whoever put it there, is purged; None leaves it there.
    """

    everything: bool = False
    last: int = 0
    best: tuple[Best, ...] = ()
    tags: tuple[str, ...] = ()
    days: int = 0
    purge_days: int | None = None

    def __post_init__(self) -> None:
        names = self.last or self.best or self.tags or self.days
        if self.everything and (names or self.purge_days is not None):
            raise Invalid("A rule that keeps everything says nothing else.")
        if not self.everything and not names:
            raise Invalid("A rule says what it keeps: last, best, tags, days, or everything.")
        _within("last", self.last, 0, LAST_MOST)
        _within("days", self.days, 0, DAYS_MOST)
        if self.purge_days is not None:
            _within("purge_days", self.purge_days, 1, DAYS_MOST)
        _few("best", self.best, BEST_MOST)
        _few("tags", self.tags, TAGS_MOST)
        for best in self.best:
            _within("count", best.count, 1, LAST_MOST)
            if not 1 <= len(best.metric) <= TAG_KEY_LONGEST:
                raise Invalid(f"The name of a metric has 1 to {TAG_KEY_LONGEST} characters.", limit=TAG_KEY_LONGEST)


def _within(what: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise Invalid(f"{what} is between {least} and {most}.", limit=most)


def _few(what: str, found: Sequence[object], most: int) -> None:
    if len(found) > most:
        raise Invalid(f"A rule has at most {most} {what}.", limit=most)
    if len(set(found)) < len(found):
        raise Invalid(f"The same stands twice among {what}.")


def clean_tag(text: str) -> str:
    """``key``, or ``key=value``. :raises Invalid: no tag can be so."""
    key, sign, value = text.partition("=")
    found = clean_tag_key(key) + (f"={clean_tag_value(value)}" if sign else "")
    if len(found) > TAG_LONGEST:
        raise Invalid(f"A tag that is kept has at most {TAG_LONGEST} characters.", limit=TAG_LONGEST)
    return found


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision looks at, of one live version.

    :param holders: what exempts it, whatever the rule says: ``alias:champion``, ``branch:main``, ``hold``, ``link``.
    :param metrics: the latest values of its run, where the rule asks for them; no NaN.
    """

    uid: str
    number: int
    recorded_at: int
    bytes: int = 0
    expires_at: int | None = None
    holders: tuple[str, ...] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a version is kept, and all that says so; or why it goes: ``expired`` or ``rule``."""

    version: Facts
    kept: bool
    because: tuple[str, ...]


def decide(rule: RetentionRule | None, versions: Iterable[Facts], now: int) -> list[Decision]:
    """What happens to each live version of an asset at a moment, the greatest number first.

    A version with a time of its own (`expires_at`) is kept until then and goes then, whatever the rule says. What has a
    holder is kept in any case.

    :param versions: all live ones: which are the last and the best depends on all. :param now: microseconds UTC.
    """
    found = sorted(versions, key=lambda version: -version.number)
    reasons = _reasons(rule, found, now)
    return [_decision(rule, version, reasons[version.number], now) for version in found]


def _decision(rule: RetentionRule | None, version: Facts, reasons: Sequence[str], now: int) -> Decision:
    said: tuple[str, ...]
    if version.expires_at is not None:
        said = ("expires_at",) if version.expires_at > now else ()
        gone = "expired"
    elif rule is None:
        said, gone = ("no rule",), ""
    else:
        said, gone = tuple(reasons), "rule"
    because = (*version.holders, *said)
    return Decision(version, bool(because), because or (gone,))


def _reasons(rule: RetentionRule | None, versions: Sequence[Facts], now: int) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {version.number: [] for version in versions}
    if rule is None:
        return found
    for version in versions[: rule.last]:
        found[version.number].append("last")
    for best in rule.best:
        for version in _best(best, versions):
            found[version.number].append(f"best:{best.metric}")
    for version in versions:
        mine = found[version.number]
        mine += [f"tag:{tag}" for tag in rule.tags if _tagged(version, tag)]
        if version.recorded_at > now - rule.days * DAY_US:
            mine.append("days")
        if rule.everything:
            mine.append("everything")
    return found


def _best(best: Best, versions: Sequence[Facts]) -> Sequence[Facts]:
    """Of equal ones the newer; what has no such metric is never among them."""
    sign = -1 if best.direction is Direction.MAX else 1
    measured = [one for one in versions if not math.isnan(one.metrics.get(best.metric, math.nan))]
    return sorted(measured, key=lambda one: (sign * one.metrics[best.metric], -one.number))[: best.count]


def _tagged(version: Facts, tag: str) -> bool:
    key, sign, value = tag.partition("=")
    return key in version.tags and (not sign or version.tags[key] == value)
