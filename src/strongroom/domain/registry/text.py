"""Which characters a text from outside may hold, and the form it is kept in (NFC).

Unicode facts: UAX #15 (normalisation), UAX #9 (bidirectional controls), general categories of the running Python.
"""

import re
import unicodedata

from strongroom.domain.errors import BadName, Invalid

JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiner: the only invisible format characters that names need (Persian, Indic scripts, emoji)."""

_REFUSED = {
    "Cc": "a control character",
    "Cf": "an invisible format or bidirectional control character",
    "Cn": "an unassigned code point",
    "Cs": "a lone surrogate",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PLAIN = re.compile(r"[\x20-\x7e]*")


def refused_character(text: str) -> str | None:
    """Say what is wrong with the first character that no name may hold; None if all are fine."""
    if _PLAIN.fullmatch(text):
        return None
    for char in text:
        if char not in JOINERS and (reason := _REFUSED.get(unicodedata.category(char))):
            return f"{reason} (U+{ord(char):04X})"
    return None


def clean_line(text: str, *, what: str, longest: int, error: type[Invalid] = BadName) -> str:
    """One line of readable text in NFC: no control, format, surrogate or unassigned character, no outer whitespace.

    :param what: the word for it in messages ("name", "label").
    :param longest: most characters (code points after NFC) allowed; the least is 1.
    :raises error: `BadName` unless another `Invalid` is asked for. The message never repeats the text.
    """
    if reason := refused_character(text):
        raise error(f"A {what} may not contain {reason}.")
    clean = unicodedata.normalize("NFC", text)
    if not 1 <= len(clean) <= longest:
        raise error(f"A {what} has 1 to {longest} characters, not {len(clean)}.", limit=longest)
    if clean != clean.strip():
        raise error(f"A {what} may not begin or end with whitespace.")
    return clean


def clean_text(text: str, *, what: str, longest: int) -> str:
    """Free text of any shape, kept as it was sent: only what no database can store is refused.

    :param longest: most characters (code points) allowed; empty is allowed.
    :raises Invalid: NUL, a lone surrogate, or too long.
    """
    if len(text) > longest:
        raise Invalid(f"A {what} has at most {longest} characters, not {len(text)}.", limit=longest)
    if _UNSTORABLE.search(text):
        raise Invalid(f"A {what} may not contain NUL or a lone surrogate.")
    return text
