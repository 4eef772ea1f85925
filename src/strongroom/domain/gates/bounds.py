"""What an expression of CEL may be before it is run; the library has no limit of cost, so we read the text ourselves.

The reading is of tokens alone. It need not understand the language, only never count too little: whatever opens a
bracket, begins a comprehension or joins two parts is a token here as there. Strings are skipped as CEL skips them.
"""

import re
from typing import Final, NamedTuple

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
LISTS: Final = frozenset(
    {
        "aliases",
        "approvals",
        "card",
        "evaluations",
        "findings",
        "flags",
        "lineage",
        "properties",
        "rejections",
        "tags",
        "teams",
    }
)
"""Members of the view that are lists (docs/gates.md)."""
_GIVE_LISTS: Final = frozenset({"map", "filter", "transformList"})

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
    """See that an expression may be run.

    :raises Invalid: it is longer, deeper or has more comprehensions in each other than that, or one over what may be a
        map, which the library walks in another order each time.
    """
    found = tokens(expression)
    opened: list[_Opened] = []
    conditions = 0
    closed: _Opened | None = None
    for place, sign in enumerate(found):
        if sign == "{":
            raise Invalid("An expression makes no maps.", position=place)
        if sign in _OPEN:
            macro = found[place - 1] if _is_macro(found, place) else ""
            if macro:
                _check_walks_list(found, place - 3, closed)
            opened.append(_Opened(_OPEN[sign], macro, _is_operand(found, place - 1)))
        elif sign in _CLOSE:
            closed = opened.pop() if opened else None
            if closed is None or closed.sign != sign:
                raise Invalid("The brackets of an expression do not fit.")
        conditions += sign == "?"  # each may stand in the one before
        if len(opened) + conditions > DEEPEST:
            raise Invalid(f"An expression is at most {DEEPEST} levels deep.", limit=DEEPEST)
        if sum(one.macro != "" for one in opened) > NESTED_MOST:
            raise Invalid(f"At most {NESTED_MOST} comprehensions stand in each other.", limit=NESTED_MOST)
    if opened:
        raise Invalid("The brackets of an expression do not fit.")


class _Opened(NamedTuple):
    """A bracket. :param macro: of which comprehension. :param after: whether it is a call or an index."""

    sign: str
    macro: str
    after: bool


def _check_walks_list(found: list[str], last: int, closed: _Opened | None) -> None:
    """See that a comprehension goes over a list: such a member, one written here, what `filter` or `map` gave.

    :param last: place of the last token of what it goes over. :param closed: the bracket that was closed last.
    """
    sign = found[last] if last >= 0 else ""
    if sign in LISTS and last >= 1 and found[last - 1] == ".":
        return
    if closed is not None and sign == closed.sign:
        if sign == ")" and closed.macro in _GIVE_LISTS:
            return
        if sign == "]" and not closed.after:
            return
    raise Invalid(f"A comprehension goes over a list: {', '.join(sorted(LISTS))}, or what filter and map give.")


def _is_operand(found: list[str], place: int) -> bool:
    return (
        place >= 0
        and found[place] != "in"
        and (found[place] in {")", "]", "}"} or found[place][0].isalnum() or found[place][0] in "_\"'")
    )


def _is_macro(found: list[str], place: int) -> bool:
    """Whether a bracket is that of a comprehension: ``.all(``."""
    return place >= 2 and found[place] == "(" and found[place - 1] in MACROS and found[place - 2] == "."  # noqa: PLR2004
