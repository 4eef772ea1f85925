"""Which verdicts and waivers stand at a moment. Pure; decision 37 says why each does not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from strongroom.domain.approvals.model import RequestState, Verdict, Void, Waiver, WaiverState, Way

NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Moment:
    """What verdicts and waivers of a version are held against.

    :param authors: uids. :param requesters: by transition, uids of those who asked for approval of it.
    :param performer: uid of who performs the transition now; empty when nobody does.
    """

    tree: str
    epoch: int
    now: int
    authors: frozenset[str]
    requesters: Mapping[Way, frozenset[str]] = field(default_factory=dict)
    performer: str = ""


def judged(verdicts: Sequence[Verdict], at: Moment) -> Iterator[tuple[Verdict, Void | None]]:
    """Verdicts on one version, the newest first, each with why it does not stand, or None where it stands."""
    latest: set[tuple[Way, str]] = set()
    for one in sorted(verdicts, key=lambda one: one.id, reverse=True):
        if one.withdrawn_at is not None or one.request_state is RequestState.WITHDRAWN:
            yield one, Void.WITHDRAWN
            continue
        of = (one.way, one.by)
        yield one, Void.REPLACED if of in latest else _void(one, at)
        latest.add(of)


def standing(verdicts: Sequence[Verdict], at: Moment) -> list[Verdict]:
    """Those that stand: of each person and transition one at most."""
    return [one for one, void in judged(verdicts, at) if void is None]


def _void(one: Verdict, at: Moment) -> Void | None:
    reasons = (
        (one.expires_at <= at.now, Void.EXPIRED),
        (one.tree != at.tree, Void.CONTENT),
        (one.strict and one.epoch != at.epoch, Void.EVIDENCE),
        (one.by in at.authors, Void.AUTHOR),
        (one.by == at.performer or one.by in at.requesters.get(one.way, NOBODY), Void.REQUESTER),
        (one.disabled, Void.DISABLED),
    )
    return next((void for holds, void in reasons if holds), None)


def opens(waiver: Waiver, at: Moment) -> bool:
    """Whether a waiver opens the gate for a version: granted, by another person, for this content, not past its end."""
    return (
        waiver.state is WaiverState.GRANTED
        and waiver.ends_at > at.now
        and waiver.tree in ("", at.tree)
        and not waiver.disabled
        and waiver.decided_by is not None
        and waiver.decided_by != waiver.asked_by
        and waiver.decided_by not in at.authors
    )
