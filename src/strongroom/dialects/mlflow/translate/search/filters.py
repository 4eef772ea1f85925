"""MLflow's filter language: comparisons joined by AND; what each key means is for each search to say."""

import re
from dataclasses import dataclass
from typing import Final

from strongroom.domain.errors import Invalid

TEXT_LONGEST: Final = 65_536
TERMS_MOST: Final = 100
NUMBER_LONGEST: Final = 400
"""Characters of a number: a double written out whole has fewer."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"[^"]*")
    |(?P<key>(?:[Rr]un\s+[Nn]ame|[A-Za-z_]\w*)(?:\.(?:(?:(?:attributes|tag|metadata)\.)?`[^`]*`|"[^"]*"|[^\s'"`=!<>(),]+))?|`[^`]*`)
    |(?P<sign>!=|>=|<=|=|>|<|\(|\)|,)
    )""",
    re.VERBOSE,
)
_WORDS = {"AND", "LIKE", "ILIKE", "RLIKE", "IN", "NOT", "IS", "NULL"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. `entity` is the word before the first dot, empty for a bare key; `op` is in upper case.

    `value` is a text, a number, several texts for IN and NOT IN, or None for IS NULL and IS NOT NULL.
    """

    entity: str
    key: str
    op: str
    value: str | int | float | tuple[str, ...] | None


def parse(text: str) -> list[Comparison]:
    """The comparisons of a filter. :raises Invalid: anything else than comparisons joined by AND."""
    if len(text) > TEXT_LONGEST:
        raise Invalid(f"A filter has at most {TEXT_LONGEST} characters.", limit=TEXT_LONGEST)
    parser = _Parser(text)
    return parser.all() if text.strip() else []


def split_key(text: str) -> tuple[str, str]:
    """Entity and key; quotes around a key go. The first dot divides: keys may hold more of them."""
    if text[:1] in {"`", '"'}:
        return "", text[1:-1]
    entity, dot, key = text.partition(".")
    if not dot:
        return "", entity
    return entity, key[1:-1] if key[:1] in {"`", '"'} else key


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._refusal()
            kind, word = str(found.lastgroup), found[str(found.lastgroup)]
            self._tokens.append(("word", word.upper()) if kind == "key" and word.upper() in _WORDS else (kind, word))
            at = found.end()
        self._at = 0

    def _refusal(self) -> Invalid:
        shown = self._text.strip()[:200]
        return Invalid(f"Invalid clause(s) in filter string: '{shown}'")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def all(self) -> list[Comparison]:
        found = [self._one()]
        while self._peek() == ("word", "AND"):
            self._next()
            found.append(self._one())
            if len(found) > TERMS_MOST:
                raise Invalid(f"A filter has at most {TERMS_MOST} comparisons.", limit=TERMS_MOST)
        if self._peek()[0] != "end":
            raise self._refusal()
        return found

    def _one(self) -> Comparison:
        kind, word = self._next()
        if kind not in {"key", "quoted"}:
            raise self._refusal()
        entity, key = split_key(word)
        op = self._operator()
        if op.startswith("IS"):
            return Comparison(entity, key, op, None)
        return Comparison(entity, key, op, self._several() if op.endswith("IN") else self._value())

    def _operator(self) -> str:
        kind, word = self._next()
        if kind == "sign" and word not in {"(", ")", ","}:
            return word
        if kind != "word":
            raise self._refusal()
        match word:
            case "LIKE" | "ILIKE" | "RLIKE" | "IN":
                return word
            case "NOT" if self._next() == ("word", "IN"):
                return "NOT IN"
            case "IS":
                following = self._next()
                if following == ("word", "NULL"):
                    return "IS NULL"
                if following == ("word", "NOT") and self._next() == ("word", "NULL"):
                    return "IS NOT NULL"
        raise self._refusal()

    def _value(self) -> str | int | float:
        kind, word = self._next()
        match kind:
            case "text":
                return word[1:-1].replace("''", "'")
            case "quoted":
                return word[1:-1]
            case "number":
                return self._number(word)
        raise self._refusal()

    def _number(self, word: str) -> int | float:
        if len(word) > NUMBER_LONGEST:
            raise Invalid(f"A number in a filter has at most {NUMBER_LONGEST} characters.", limit=NUMBER_LONGEST)
        return float(word) if re.search(r"[.eE]", word) else int(word)

    def _several(self) -> tuple[str, ...]:
        if self._next() != ("sign", "("):
            raise self._refusal()
        found = []
        while True:
            value = self._value()
            if not isinstance(value, str):
                raise Invalid("While parsing a list in the query, expected string value, punctuation, or whitespace.")
            found.append(value)
            closing = self._next()
            if closing == ("sign", ")"):
                return tuple(found)
            if closing != ("sign", ","):
                raise self._refusal()
