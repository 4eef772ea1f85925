"""From a text to the words that full text search knows of it: the same on both databases, whatever their own rules."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from strongroom.domain.errors import Invalid

WORD_LONGEST = 64
"""Longer words are known by their beginning."""
READ_LONGEST = 200_000
"""Characters of a text whose words are kept."""
ASKED_MOST = 16
"""Words in a question."""

_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Kana and Han are written without spaces: each character is a word."""
_WORD = re.compile(rf"(?!\W)[{_ALONE}]|(?:(?![{_ALONE}])[^\W_])+")


def words(texts: Iterable[str]) -> list[str]:
    """The distinct words of some texts, case and width folded, at most `READ_LONGEST` characters of them."""
    found: dict[str, None] = {}
    left = READ_LONGEST
    for text in texts:
        for word in _words(text[:READ_LONGEST]):
            if word not in found:
                left -= len(word)
                if left < 0:
                    return list(found)
                found[word] = None
    return list(found)


def asked_words(text: str) -> str:
    """A question in the form that is compared: its words, one with ``*`` behind it stands for all that begin so.

    :raises Invalid: there is no word in it, or there are too many.
    """
    found = []
    for piece in text.split():
        several = list(_words(piece))
        if several and piece.endswith("*"):
            several[-1] += "*"
        found += several
    if not 1 <= len(found) <= ASKED_MOST:
        raise Invalid(f"CONTAINS takes 1 to {ASKED_MOST} words.", limit=ASKED_MOST)
    return " ".join(dict.fromkeys(found))


def contains(known: Iterable[str], asked: str) -> bool:
    """Whether all words of a question are known."""
    have = list(known)
    return all(
        any(one.startswith(word[:-1]) if word.endswith("*") else one == word for one in have) for word in asked.split()
    )


def _words(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return (found.group()[:WORD_LONGEST] for found in _WORD.finditer(folded))
