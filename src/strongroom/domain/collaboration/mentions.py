"""Who a text mentions: ``@name``, or ``@"a name with spaces"``; nobody inside code."""

import re
import unicodedata
from typing import Final

MENTIONS_MOST: Final = 50
"""Names that one text may mention; further ones are plain text."""

_NAME: Final = re.compile(r'(?<![\w@/.])@(?:"([^"\n]{1,255})"|(\w(?:[\w.-]{0,253}\w)?))')
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_TICKS: Final = re.compile(r"(`+)")


def mentioned(text: str) -> tuple[str, ...]:
    """Names in the order they first occur, in NFC, each once."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(_without_spans(_without_fences(unicodedata.normalize("NFC", text)))):
        found[match[1] or match[2]] = None
        if len(found) == MENTIONS_MOST:
            break
    return tuple(found)


def _without_fences(text: str) -> str:
    """The lines outside fenced blocks (CommonMark 4.5, as far as mentions need it)."""
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        opening = _FENCE.match(line)
        if fence:
            closes = opening is not None and opening[1].startswith(fence) and not line[opening.end() :].strip()
            fence = "" if closes else fence
        elif opening is not None:
            fence = opening[1]
        else:
            kept.append(line)
    return "\n".join(kept)


def _without_spans(text: str) -> str:
    """The text outside code spans: from a run of backticks to the next run of the same length, in linear time."""
    pieces = _TICKS.split(text)
    closing: dict[int, int] = {}
    later: dict[str, int] = {}
    for at in range(len(pieces) - 2, 0, -2):
        if pieces[at] in later:
            closing[at] = later[pieces[at]]
        later[pieces[at]] = at
    kept: list[str] = []
    at = 0
    while at < len(pieces):
        if at in closing:
            kept.append(" ")
            at = closing[at] + 1
        else:
            kept.append(pieces[at])
            at += 1
    return "".join(kept)
