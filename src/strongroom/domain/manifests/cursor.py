"""A place in a manifest: what is there, read as what it should be. Every refusal names the place."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeVar

from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.errors import BadPath
from strongroom.domain.manifests.document import INTEGER_LARGEST, ROOT, Plain, bad, below
from strongroom.domain.manifests.member import Member, Placed, read_member

T = TypeVar("T")

NAME_LONGEST: Final = 128
WORDS_MOST: Final = 10_000
"""Characters of a description."""
ITEMS_MOST: Final = 1_000
"""Messages, variables, tools, steps or members of one manifest."""
MEMBERS_MOST: Final = 1_000
"""Members of a manifest, wherever they stand: each costs an edge when it is sealed."""

_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(slots=True)
class Found:
    """What a manifest refers to, noted while it is read."""

    members: list[Placed] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    """Paths of the version's own tree that must be there, each with its place."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A value and its place."""

    value: Plain
    found: Found
    path: str = ROOT

    def fail(self, message: str) -> NoReturn:
        """:raises BadManifest: always."""
        bad(self.path, message)

    def at(self, key: str | int, value: Plain) -> "Cursor":
        """What lies below."""
        return Cursor(value, self.found, below(self.path, key))

    def fields(self, *required: str, optional: Collection[str] = ()) -> "Fields":
        """An object of these fields and no others."""
        if not isinstance(self.value, Mapping):
            self.fail("must be an object.")
        for name in required:
            if name not in self.value:
                bad(below(self.path, name), "is missing.")
        for name in self.value:
            if name not in required and name not in optional:
                bad(below(self.path, name), "is not a field of it.")
        return Fields(self, self.value)

    def named(self, most: int = ITEMS_MOST) -> Iterator[tuple[str, "Cursor"]]:
        """An object whose keys are names of its own."""
        if not isinstance(self.value, Mapping):
            self.fail("must be an object.")
        self._count(len(self.value), most)
        for key, value in self.value.items():
            below_it = self.at(key, value)
            if not _NAME.fullmatch(key) or len(key) > NAME_LONGEST or key != key.strip():
                below_it.fail(f"a name is one line of 1 to {NAME_LONGEST} characters.")
            yield key, below_it

    def items(self, most: int = ITEMS_MOST) -> Iterator["Cursor"]:
        """A list."""
        if not isinstance(self.value, list):
            self.fail("must be a list.")
        self._count(len(self.value), most)
        for place, value in enumerate(self.value):
            yield self.at(place, value)

    def _count(self, count: int, most: int) -> None:
        if count > most:
            self.fail(f"has {count} items, and at most {most} are allowed.")

    def text(self, longest: int, least: int = 1) -> str:
        """A text of that many characters."""
        if not isinstance(self.value, str):
            self.fail("must be a text.")
        if not least <= len(self.value) <= longest:
            self.fail(f"has {least} to {longest} characters.")
        return self.value

    def name(self) -> str:
        """One line, up to 128 characters."""
        text = self.text(NAME_LONGEST)
        if not _NAME.fullmatch(text) or text != text.strip():
            self.fail("must be one line without outer whitespace.")
        return text

    def word(self, words: Collection[str]) -> str:
        """One of these."""
        if not isinstance(self.value, str) or self.value not in words:
            self.fail(f"must be one of {', '.join(words)}.")
        return self.value

    def integer(self, least: int = 0, most: int = INTEGER_LARGEST) -> int:
        """A whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.fail("must be a whole number.")
        if not least <= self.value <= most:
            self.fail(f"must be between {least} and {most}.")
        return self.value

    def real(self, least: float, most: float) -> float:
        """A number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.fail("must be a number.")
        if not least <= self.value <= most:
            self.fail(f"must be between {least:g} and {most:g}.")
        return float(self.value)

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.fail("must be true or false.")
        return self.value

    def digest(self) -> str:
        """``sha256:`` and 64 hex digits."""
        if not isinstance(self.value, str) or not _DIGEST.fullmatch(self.value):
            self.fail("must be 'sha256:' and 64 lower-case hex digits.")
        return self.value

    def file(self) -> str:
        """A path of the version's own tree, which must be there when it is sealed."""
        text = self.text(1024)
        try:
            clean = clean_path(text)
        except BadPath as error:
            self.fail(error.message)
        self.found.files.append((clean, self.path))
        return clean

    def member(self, *kinds: str) -> Member:
        """Something else that is named by its digest: a version, of one of these kinds if any are said, or a URI."""
        member = read_member(self.value, self.path)
        if len(self.found.members) == MEMBERS_MOST:
            self.fail(f"is one member too many: a manifest has at most {MEMBERS_MOST}.")
        self.found.members.append(Placed(member, self.path, kinds))
        return member

    def settings(self) -> Mapping[str, Plain]:
        """An object of anything."""
        return {key: inner.value for key, inner in self.named()}


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of an object."""

    cursor: Cursor
    values: Mapping[str, Plain]

    def __getitem__(self, name: str) -> Cursor:
        return self.cursor.at(name, self.values[name])

    def get(self, name: str) -> Cursor | None:
        """The field, if it is there (null is not there)."""
        value = self.values.get(name)
        return None if value is None else self.cursor.at(name, value)

    def words(self, name: str = "description") -> str:
        """A free text, empty when left out."""
        found = self.get(name)
        return found.text(WORDS_MOST, 0) if found else ""

    def settings(self, name: str = "settings") -> Mapping[str, Plain]:
        """An object of anything, empty when left out."""
        found = self.get(name)
        return found.settings() if found else {}
