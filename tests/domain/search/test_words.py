"""What full text search takes for words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.search.words import ASKED_MOST, READ_LONGEST, asked_words, contains, words
from tests.support.cpu import bounded


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Credit-Risk_v2, é\u0301 Straße", ["credit", "risk", "v2", "é", "strasse"]),
        ("resnet50.onnx \uff32\uff25\uff33", ["resnet50", "onnx", "res"]),
        ("日本語 モデル", list("日本語モデル")),
        ("... --- \U0001f600", []),
        ("a A a", ["a"]),
        ("x" * 100, ["x" * 64]),
    ],
)
def test_words_are_folded_and_apart(text: str, found: list[str]) -> None:
    assert [word for word in words([text]) if word != "\u0301"] == found


def test_a_question_may_end_words_in_a_star() -> None:
    assert asked_words("Credit ris* CREDIT") == "credit ris*"
    assert asked_words("credit-ris*") == "credit ris*"
    assert contains(["credit", "risky"], "credit ris*")
    assert not contains(["credit", "risky"], "credit ris")
    for wrong in ("", " * ", "...", "a " + " ".join(f"w{n}" for n in range(ASKED_MOST))):
        with pytest.raises(Invalid, match="CONTAINS takes"):
            asked_words(wrong)


def test_of_a_long_text_so_much_is_kept_quickly() -> None:
    with bounded():
        kept = words([" ".join(f"word{n}" for n in range(200_000))])
    assert sum(map(len, kept)) <= READ_LONGEST


@given(st.text(max_size=80))
def test_what_is_asked_in_the_texts_own_words_is_found(text: str) -> None:
    known = words([text])
    assert all(word.isalnum() for word in known)
    assert words([" ".join(known)]) == list(dict.fromkeys(words([" ".join(known)])))
    if 1 <= len(text.split()) <= 3 and 1 <= len(known) <= ASKED_MOST:
        assert contains(known, asked_words(text))
