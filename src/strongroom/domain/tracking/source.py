"""Where a run's code came from and what it ran in: what is kept of it, and how large it may be."""

import hashlib
import re
from dataclasses import asdict, dataclass

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.text import clean_text

REPOSITORY_LONGEST = 2_000
LONGEST = 500
ENVIRONMENT_LARGEST = 1 << 20
"""Bytes (UTF-8) of an environment's lock text."""
TIME_LARGEST = 253_402_300_799_999_999
"""The last microsecond of the year 9999: what every client's calendar can show."""

_USER_INFO = re.compile(r"(?<=://)[^/?#\s]*@")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Source:
    """Commit, repository and entry point of a run; what is unknown is None.

    :param dirty: whether files differed from the commit.
    :param dirty_diff_digest: SHA-256 (64 hex digits) of that difference; its bytes belong into the run's folder.
    """

    repository: str | None = None
    commit: str | None = None
    branch: str | None = None
    entry_point: str | None = None
    dirty: bool | None = None
    dirty_diff_digest: str | None = None

    def stored(self) -> dict[str, object]:
        """The source, checked, as it is kept. User names and passwords in the repository's address are dropped.

        :raises Invalid: a text with NUL or a lone surrogate or too long; a digest that is no SHA-256.
        """
        kept = {name: value for name, value in asdict(self).items() if value is not None}
        for name, value in kept.items():
            if isinstance(value, str):
                longest = REPOSITORY_LONGEST if name == "repository" else LONGEST
                kept[name] = clean_text(value, what=name.replace("_", " "), longest=longest)
        if self.repository is not None:
            kept["repository"] = without_user_info(self.repository)
        if self.dirty_diff_digest is not None and not _SHA256.fullmatch(self.dirty_diff_digest):
            raise Invalid("The digest of the difference is a SHA-256: 64 lower-case hex digits.")
        return kept


def without_user_info(address: str) -> str:
    """An address without the user name and password that may stand in it."""
    return _USER_INFO.sub("", address)


def clean_environment(text: str) -> str:
    """Lock text of an environment, as sent. :raises TooLarge: above 1 MiB. :raises Invalid: NUL, lone surrogates."""
    clean = clean_text(text, what="environment", longest=max(len(text), 1))
    if len(clean.encode()) > ENVIRONMENT_LARGEST:
        raise TooLarge(f"An environment has at most {ENVIRONMENT_LARGEST} bytes.", limit=ENVIRONMENT_LARGEST)
    return clean


def environment_digest(text: str) -> str | None:
    """SHA-256 of an environment's text; None of none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def clean_run_kind(text: str) -> str:
    """What sort of run: ``training``, ``evaluation``, ``sweep`` and so on; a lower-case word, at most 32 characters.

    :raises Invalid: another form.
    """
    if not _KIND.fullmatch(text):
        raise Invalid("A run's kind is a lower-case word of at most 32 letters, digits, '-' and '_'.")
    return text


def maybe_claimed(time_us: int | None) -> int | None:
    """When something was made elsewhere, for what was; see `clean_time`."""
    return None if time_us is None else clean_time(time_us)


def clean_time(time_us: int) -> int:
    """A time that a client claims, microseconds since 1970 in UTC. :raises Invalid: before 1970 or after 9999."""
    if not 0 <= time_us <= TIME_LARGEST:
        raise Invalid("A time is in microseconds since 1970 and before the year 10000.")
    return time_us
