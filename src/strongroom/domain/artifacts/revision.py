"""Revisions: immutable commits of a tree, addressed by the SHA-256 of a canonical text (domain.md N6, N17).

::

    strongroom-revision 1
    tree <sha256>
    parent <sha256>            one line for each stated parent, in the order stated
    author <author>
    claimed <microseconds, or ->
    recorded <microseconds>
    <empty line>
    <message as sent, to the end>
"""

import hashlib
import re
from dataclasses import dataclass

from strongroom.domain.errors import Invalid

HEADER = "strongroom-revision 1"
PARENTS_MOST = 64
AUTHOR_LONGEST = 255
MESSAGE_LONGEST = 65_536

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_LINE_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TEXT_REFUSED = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Revision:
    """A tree with its stated parents. Times are microseconds since 1970, UTC.

    :param parents: revision digests; none (an unrelated tree), one or more (a merge), no duplicate.
    :param author: uid or name of the one the caller says made it.
    :param claimed_at: when the client says it was made; data only. None if it said nothing.
    :param recorded_at: when the server took it.
    :raises Invalid: a digest, author, message or number of parents that breaks its rule.
    """

    tree: str
    parents: tuple[str, ...]
    author: str
    message: str
    claimed_at: int | None
    recorded_at: int

    def __post_init__(self) -> None:
        if not all(map(_DIGEST.fullmatch, (self.tree, *self.parents))):
            raise Invalid("A tree or parent is named by 64 lower-case hex digits.")
        if len(self.parents) > PARENTS_MOST or len(set(self.parents)) < len(self.parents):
            raise Invalid(f"A revision has at most {PARENTS_MOST} different parents.", limit=PARENTS_MOST)
        if not 1 <= len(self.author) <= AUTHOR_LONGEST or _LINE_REFUSED.search(self.author):
            raise Invalid(f"An author is one line of 1 to {AUTHOR_LONGEST} characters.", limit=AUTHOR_LONGEST)
        if len(self.message) > MESSAGE_LONGEST or _TEXT_REFUSED.search(self.message):
            raise Invalid(f"A message has at most {MESSAGE_LONGEST} characters, none NUL.", limit=MESSAGE_LONGEST)

    def text(self) -> str:
        """The canonical text."""
        claimed = "-" if self.claimed_at is None else self.claimed_at
        lines = [HEADER, f"tree {self.tree}", *(f"parent {parent}" for parent in self.parents)]
        lines += [f"author {self.author}", f"claimed {claimed}", f"recorded {self.recorded_at}", "", self.message]
        return "\n".join(lines)

    def digest(self) -> str:
        """What names it: SHA-256 of the canonical text, 64 hex digits."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def parse_revision(text: str) -> Revision:
    """Read a canonical text; only the exact form is accepted.

    :raises Invalid: anything else.
    """
    head, _, message = text.partition("\n\n")
    first, *lines = head.split("\n")
    fields = [line.partition(" ")[::2] for line in lines]
    parents = tuple(value for key, value in fields if key == "parent")
    match [(key, value) for key, value in fields if key != "parent"]:
        case [("tree", tree), ("author", author), ("claimed", claimed), ("recorded", recorded)]:
            found = Revision(tree, parents, author, message, _time(claimed), _time(recorded) or 0)
            if first == HEADER and found.text() == text:
                return found
    raise Invalid("This is no revision in canonical form.")


def _time(text: str) -> int | None:
    if text != "-" and not _NUMBER.fullmatch(text):
        raise Invalid("A time in a revision is a number of microseconds.")
    return None if text == "-" else int(text)
