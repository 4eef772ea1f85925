"""Rules about releases: what their digest is, which promotion an environment admits, what traffic adds up to."""

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from strongroom.domain.delivery.model import Environment, Freeze, Guard, Mode, Part, Placement
from strongroom.domain.delivery.names import (
    AFTER_MOST,
    FREEZES_MOST,
    PARTS_MOST,
    clean_number_name,
    clean_reason,
    clean_slug,
)
from strongroom.domain.errors import Invalid

REPORTS_MOST: Final = 100
WHOLE: Final = 100
"""Percent."""


BACK_MOST: Final = 100
"""Placements that a rollback looks back over."""
KEEP: Final = 5
"""Earlier releases that stay ready where nothing else is said."""


def defaults(workspace_id: int, new_uid: Callable[[], str], now: int) -> list[Environment]:
    """What a workspace begins with: dev, staging, prod, one after the other; prod is restricted."""
    names = ("dev", "staging", "prod")
    return [
        Environment(
            id=0,
            uid=new_uid(),
            workspace_id=workspace_id,
            name=name,
            description="",
            position=place,
            after=names[max(place - 1, 0) : place],
            restricted=name == "prod",
            keep=KEEP,
            freezes=(),
            etag=1,
            recorded_at=now,
        )
        for place, name in enumerate(names)
    ]


def digest_of(parts: Iterable[Part]) -> str:
    """SHA-256 of the set: `{"parts":{role:tree}}` as JSON with sorted keys and no white space, in UTF-8."""
    text = json.dumps({"parts": {part.role: part.tree for part in parts}}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def clean_roles(roles: Sequence[str]) -> list[str]:
    """Roles of a release. :raises Invalid: none, more than 50, or one twice."""
    if not 1 <= len(roles) <= PARTS_MOST:
        raise Invalid(f"A release has 1 to {PARTS_MOST} parts.", limit=PARTS_MOST)
    clean = [clean_slug(role, what="role") for role in roles]
    if len(set(clean)) < len(clean):
        raise Invalid("Two parts of a release have the same role.")
    return clean


def clean_freezes(freezes: Sequence[Freeze]) -> tuple[Freeze, ...]:
    """Freeze windows, the earliest first. :raises Invalid: too many, or one that ends before it begins."""
    if len(freezes) > FREEZES_MOST:
        raise Invalid(f"An environment has at most {FREEZES_MOST} freeze windows.", limit=FREEZES_MOST)
    for one in freezes:
        if not 0 <= one.start < one.end:
            raise Invalid("A freeze window ends after it begins.")
    cleaned = (Freeze(one.start, one.end, clean_reason(one.reason)) for one in freezes)
    return tuple(sorted(cleaned, key=lambda one: (one.start, one.end)))


def frozen_at(environment: Environment, now: int) -> Freeze | None:
    """The window in which the environment stands still at a time, the one that ends last."""
    open_ = [one for one in environment.freezes if one.start <= now < one.end]
    return max(open_, key=lambda one: one.end, default=None)


def clean_after(names: Sequence[str]) -> tuple[str, ...]:
    """Names of environments that one comes after, each once. :raises Invalid: too many."""
    once = tuple(dict.fromkeys(names))
    if len(once) > AFTER_MOST:
        raise Invalid(f"An environment comes after at most {AFTER_MOST} others.", limit=AFTER_MOST)
    return once


def check_order(known: Mapping[str, Collection[str]]) -> None:
    """:param known: name -> the names that it comes after. :raises Invalid: an unknown one, or a circle."""
    for name, after in known.items():
        if unknown := sorted(set(after) - known.keys()):
            raise Invalid(f"{name!r} comes after environments that are not there.", unknown=unknown)
    left = {name: set(after) for name, after in known.items()}
    while left:
        free = {name for name, after in left.items() if not after}
        if not free:
            raise Invalid("Environments come after one another in a circle.", circle=sorted(left))
        left = {name: after - free for name, after in left.items() if name not in free}


def clean_share(mode: Mode, share: int) -> int:
    """Percent of the traffic. :raises Invalid: live is all of it, a canary 1 to 99, a shadow 1 to 100."""
    least, most = {Mode.LIVE: (WHOLE, WHOLE), Mode.CANARY: (1, WHOLE - 1), Mode.SHADOW: (1, WHOLE)}[mode]
    if not least <= share <= most:
        raise Invalid(f"The share of a {mode.value} release is {least} to {most} percent.", limit=most)
    return share


def clean_guard(guard: Guard | None) -> Guard | None:
    """:raises Invalid: the limit is no finite number, or the reports are outside 1 to 100."""
    if guard is None:
        return None
    if not math.isfinite(guard.limit) or not 1 <= guard.reports <= REPORTS_MOST:
        raise Invalid(f"A guard has a finite limit and asks for 1 to {REPORTS_MOST} reports.", limit=REPORTS_MOST)
    return Guard(clean_number_name(guard.number), guard.limit, guard.above, guard.reports)


def shares(placed: Sequence[Placement]) -> dict[int, int]:
    """Placement id -> percent of the traffic that it answers; a shadow answers none."""
    canaries = sum(one.share for one in placed if one.mode is Mode.CANARY)
    answered = {Mode.LIVE: WHOLE - canaries, Mode.SHADOW: 0}
    return {one.id: answered.get(one.mode, one.share) for one in placed}
