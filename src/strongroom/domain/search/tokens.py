"""From the text of a filter to its tokens, each with its place."""

import re
from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.errors import Invalid

LENGTH_MOST = 16 * 1024
NUMBER_LONGEST = 400

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>'(?:[^']|'')*')
    |(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    |(?P<field>[^\W\d][\w/-]*(?:\.[\w/-]+)*(?:\.`(?:[^`]|``)+`)?|`[^`]+`)
    |(?P<sign><>|!=|<=|>=|[=<>(),])
    """,
    re.VERBOSE,
)


class Sort(StrEnum):
    """What a token is."""

    TEXT = "text"
    NUMBER = "number"
    FIELD = "field"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter; `at` counts characters from 0."""

    sort: Sort
    text: str
    at: int

    @property
    def word(self) -> str:
        """A keyword in upper case, or a sign; empty for everything else."""
        return self.text.upper() if self.sort in {Sort.FIELD, Sort.SIGN} else ""


def refusal(message: str, at: int) -> Invalid:
    """What to raise, with the place."""
    return Invalid(f"{message} (at character {at + 1})", position=at)


def tokenize(text: str) -> list[Token]:
    """The tokens of a filter, the last of which is END.

    :raises Invalid: too long, or a character that begins nothing.
    """
    if len(text) > LENGTH_MOST:
        raise Invalid(f"A filter has at most {LENGTH_MOST} characters.", limit=LENGTH_MOST)
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _explain(text, at)
        if match.lastgroup != "space":
            found.append(Token(Sort(str(match.lastgroup)), match.group(), at))
        at = match.end()
    found.append(Token(Sort.END, "", len(text)))
    return found


def _explain(text: str, at: int) -> Invalid:
    match text[at]:
        case "'":
            return refusal("The text that begins here has no end", at)
        case '"':
            return refusal("Texts stand in single quotes, names in `backticks`", at)
        case _:
            return refusal(f"Nothing begins with {text[at]!r}", at)


def text_value(token: Token) -> str:
    """What a quoted text means."""
    return token.text[1:-1].replace("''", "'")


def number_value(token: Token) -> int | float:
    """What a number means; whole numbers stay exact."""
    if len(token.text) > NUMBER_LONGEST:
        raise refusal("The number is too long", token.at)
    try:
        return int(token.text)
    except ValueError:
        return float(token.text)
