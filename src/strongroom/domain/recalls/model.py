"""Recalls: what must not be pulled any more, why, and who may pull it nevertheless. Times are microseconds UTC."""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from strongroom.domain.errors import Invalid
from strongroom.domain.lineage.fields import clean_word
from strongroom.domain.recalls.licences import clean_licence

STANDING_MOST: Final = 1_000
"""Recalls that stand in a workspace at a time: each process remembers them."""
EXEMPTION_LONGEST_US: Final = 90 * 24 * 3600 * 1_000_000
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_UID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SubjectKind(StrEnum):
    """What a recall names."""

    VERSION = "version"
    DIGEST = "digest"
    DATASET = "dataset"
    LICENCE = "licence"


class Bars(IntEnum):
    """What of a vertex that a recall reaches is not pulled: nothing, all, or the files that the recalled tree has."""

    NOTHING = 0
    ALL = 1
    TREE = 2


@dataclass(frozen=True, slots=True)
class About:
    """What a recall names: a version's uid, a digest, a data set's uid or digest, a licence."""

    kind: SubjectKind
    text: str

    @property
    def is_uid(self) -> bool:
        """Whether it names a version by its uid."""
        return self.kind in {SubjectKind.VERSION, SubjectKind.DATASET} and _UID.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class Recall:
    """A statement that something must not be pulled, until it is lifted; it is never deleted.

    :ivar digest: of the tree of the version that it names, or the digest that it names; no licence has one.
    :ivar downstream: what came of it is not pulled either. :ivar created_by: a principal's uid, as is `lifted_by`.
    """

    id: int
    uid: str
    workspace_id: int
    kind: SubjectKind
    subject: str
    digest: str | None
    downstream: bool
    reason: str
    created_by: str
    recorded_at: int
    lifted_at: int | None = None
    lifted_by: str | None = None
    lifted_reason: str = ""


@dataclass(frozen=True, slots=True)
class Exemption:
    """That somebody may pull what is recalled until a time: asked for by one, given by another.

    :ivar for_kind: `principal` or `team`; `for_uid` says which.
    """

    id: int
    uid: str
    recall_id: int
    for_kind: str
    for_uid: str
    reason: str
    asked_by: str
    asked_at: int
    until: int
    given_by: str | None = None
    given_at: int | None = None
    ended_by: str | None = None
    ended_at: int | None = None

    def state(self, now: int) -> str:
        """asked, given, expired or ended."""
        if self.ended_at is not None:
            return "ended"
        if self.until <= now:
            return "expired"
        return "asked" if self.given_at is None else "given"


def clean_about(kind: str, text: str) -> About:
    """What is to be recalled. :raises Invalid: no such kind, or not of its form."""
    try:
        of = SubjectKind(kind)
    except ValueError:
        raise Invalid(f"A recall names one of {', '.join(SubjectKind)}.") from None
    match of:
        case SubjectKind.VERSION:
            if not _UID.fullmatch(text):
                raise Invalid("A version is named by its uid.")
            return About(of, text)
        case SubjectKind.DIGEST:
            found = _DIGEST.fullmatch(text)
            if found is None:
                raise Invalid("A digest is a SHA-256: 64 hex digits in lower case.")
            return About(of, found[1])
        case SubjectKind.DATASET:
            word = clean_word(text, "digest")
            if word is None:
                raise Invalid("A data set is named by the uid of a version, or by its digest.")
            found = _DIGEST.fullmatch(word)
            return About(of, found[1] if found else word)
    return About(of, clean_licence(text))


def clean_until(until: int, now: int) -> int:
    """The end of an exemption. :raises Invalid: not in the future, or more than 90 days away."""
    if not now < until <= now + EXEMPTION_LONGEST_US:
        raise Invalid("An exemption ends within 90 days from now.")
    return until
