"""What an expression of CEL may be before it is run; the library has no limit of cost, so we read the text ourselves.

The reading is of tokens alone. It need not understand the language, only never count too little: whatever opens a
bracket, begins a comprehension or joins two parts is a token here as there. Strings are skipped as CEL skips them.
"""

import re
from typing import Final

from strongroom.domain.errors import Invalid

LONGEST: Final = 4_096
"""Characters."""
TOKENS_MOST: Final = 1_000
DEEPEST: Final = 20
"""Levels of brackets and of ? : in each other."""
NESTED_MOST: Final = 2
"""Comprehensions in each other."""
MACROS: Final = frozenset(
    {"all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap"}
)

_TOKEN: Final = re.compile(
    r"""
    (?P<space>[ \t\n\f\r]+ | //[^\n]*)
  | (?P<raw>(?:[rR][bB]?|[bB][rR])(?:\"\"\"[\s\S]*?\"\"\" | '''[\s\S]*?''' | "[^"\n\r]*" | '[^'\n\r]*'))
  | (?P<long>[bB]?(?:\"\"\"(?:\\[\s\S]|[^\\])*?\"\"\" | '''(?:\\[\s\S]|[^\\])*?'''))
  | (?P<text>[bB]?(?:"(?:\\.|[^"\\\n\r])*" | '(?:\\.|[^'\\\n\r])*'))
  | (?P<number>0[xX][0-9a-fA-F]+[uU]? | (?:[0-9]+\.[0-9]+|\.?[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE,
)
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSE: Final = frozenset(_OPEN.values())


def tokens(expression: str) -> list[str]:
    """The tokens of an expression; a string is one, whatever is in it.

    :raises Invalid: too long, too many, or a sign that the language has not.
    """
    if not expression.strip() or len(expression) > LONGEST:
        raise Invalid(f"An expression has 1 to {LONGEST} characters.", limit=LONGEST)
    found: list[str] = []
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise Invalid(f"An expression may not have what stands at {at}.", position=at)
        at = match.end()
        if match.lastgroup != "space":
            found.append(match.group())
    if len(found) > TOKENS_MOST:
        raise Invalid(f"An expression has at most {TOKENS_MOST} words and signs.", limit=TOKENS_MOST)
    return found


def check(expression: str) -> None:
    """:raises Invalid: the expression is longer, deeper or has more comprehensions in each other than may be run."""
    found = tokens(expression)
    opened: list[tuple[str, bool]] = []
    conditions = 0
    for place, sign in enumerate(found):
        if sign in _OPEN:
            opened.append((_OPEN[sign], _is_macro(found, place)))
        elif sign in _CLOSE and (not opened or opened.pop()[0] != sign):
            raise Invalid("The brackets of an expression do not fit.")
        conditions += sign == "?"  # each may stand in the one before
        if len(opened) + conditions > DEEPEST:
            raise Invalid(f"An expression is at most {DEEPEST} levels deep.", limit=DEEPEST)
        if sum(macro for _, macro in opened) > NESTED_MOST:
            raise Invalid(f"At most {NESTED_MOST} comprehensions stand in each other.", limit=NESTED_MOST)
    if opened:
        raise Invalid("The brackets of an expression do not fit.")


def _is_macro(found: list[str], place: int) -> bool:
    """Whether a bracket is that of a comprehension: ``.all(``."""
    return place >= 2 and found[place] == "(" and found[place - 1] in MACROS and found[place - 2] == "."  # noqa: PLR2004
