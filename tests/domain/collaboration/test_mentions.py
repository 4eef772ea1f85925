"""Who a text mentions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.collaboration.mentions import MENTIONS_MOST, mentioned
from tests.support.cpu import bounded


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ann look", ("ann",)),
        ("Thanks @ann, @bob. And @ann!", ("ann", "bob")),
        ("(@ann) [@bob](x) **@eve**", ("ann", "bob", "eve")),
        ('@"Jane Doe" and @jane.doe-x.', ("Jane Doe", "jane.doe-x")),
        ("mail ann@example.com, path/@scope/pkg, @@ann", ()),
        ("`@ann` and ``a ` @bob`` but @eve", ("eve",)),
        ("a ` lone backtick @ann", ("ann",)),
        ("```\n@ann\n```\n@bob", ("bob",)),
        ("~~~py\n@ann\n```\n~~~\n@bob", ("bob",)),
        ("````\n```\n@ann\n````\n@bob", ("bob",)),
        ("```\n@never closed", ()),
        ("@J\u00e9 and @Je\u0301", ("J\u00e9",)),
        ("@", ()),
        ('@"" @"\n"', ()),
        ("@" + "a" * 300, ("a" * 255,)),
    ],
)
def test_names_outside_code_once_each(text: str, names: tuple[str, ...]) -> None:
    assert mentioned(text) == names


def test_their_number_is_bounded() -> None:
    assert len(mentioned(" ".join(f"@u{n}" for n in range(1000)))) == MENTIONS_MOST


@given(st.text(alphabet='@`~"\n abc', max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert len(mentioned(text)) <= MENTIONS_MOST


@pytest.mark.parametrize("piece", ["`", "` ", "``` ", "@a`", '@"', "@a.", "@\n", "~~~\n", "`" * 7 + " "])
def test_no_text_of_the_largest_size_takes_long(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    with bounded():
        mentioned(text + "".join("`" * n + " " for n in range(100)))
