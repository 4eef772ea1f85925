"""Publication rules: what makes a version out of a revision without being asked (domain.md N6)."""

import re
from dataclasses import dataclass
from typing import Final

from strongroom.domain.errors import Invalid

QUIET_LONGEST_S: Final = 7 * 24 * 3600
_QUIET: Final = re.compile(r"quiet\(([0-9]{1,7})\)")


@dataclass(frozen=True, slots=True)
class PublicationRule:
    """Nothing set is ``request``: a version is published when somebody asks for it.

    :param pin: a new pin publishes, under its name as label. :param commit: every new head of `main` publishes.
    :param quiet_s: the head of `main` publishes once it stayed that many seconds.
    """

    pin: bool = False
    commit: bool = False
    quiet_s: int | None = None

    def __str__(self) -> str:
        """The canonical text."""
        quiet = None if self.quiet_s is None else f"quiet({self.quiet_s})"
        words = ["pin" if self.pin else None, "commit" if self.commit else None, quiet]
        return "+".join(filter(None, words)) or "request"


REQUEST: Final = PublicationRule()


def parse_rule(text: str) -> PublicationRule:
    """``request``, or ``pin``, ``commit``, ``quiet(60)``, or ``pin+`` one of the last two.

    :raises Invalid: anything else, or a time outside a second to 7 days.
    """
    words = text.split("+")
    if words == ["request"]:
        return REQUEST
    quiet = [found for word in words if (found := _QUIET.fullmatch(word))]
    plain = [word for word in words if not _QUIET.fullmatch(word)]
    if len(set(words)) < len(words) or not set(plain) <= {"pin", "commit"} or len(quiet) + ("commit" in plain) > 1:
        raise Invalid("A publication rule is request, pin, commit, quiet(N), pin+commit or pin+quiet(N).")
    seconds = int(quiet[0][1]) if quiet else None
    if seconds is not None and not 1 <= seconds <= QUIET_LONGEST_S:
        raise Invalid("A quiet time is between a second and 7 days.", limit=QUIET_LONGEST_S)
    return PublicationRule("pin" in plain, "commit" in plain, seconds)
