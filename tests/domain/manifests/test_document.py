"""Hostile JSON: "Hostile filters (10,000 terms, deep nesting ...) get a quick 4xx" holds for manifests too."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import BadManifest
from strongroom.domain.manifests import canonical, document
from tests.domain.manifests.examples import Json
from tests.support.cpu import bounded

HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "$"),
    "not JSON": (b"{", "$"),
    "not UTF-8": (b'"\xff"', "$"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "$"),
    "another encoding": ("{}".encode("utf-16"), "$"),
    "a key twice": (b'{"a": {"b": 1, "b": 2}}', "$.a.b"),
    "the same key by an escape": (b'{"a": 1, "\\u0061": 2}', "$.a"),
    "NaN": (b"[NaN]", "$"),
    "Infinity": (b"[-Infinity]", "$"),
    "a float that is none": (b"[1e999]", "$[0]"),
    "a number that JSON readers round": (b'{"n": 9007199254740993}', "$.n"),
    "a number of a million digits": (b"1" * 1_000_000, "$"),
    "100,000 lists in each other": (b"[" * 100_000 + b"]" * 100_000, "$"),
    "100,000 objects in each other": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "$"),
    "33 lists in each other": (b"[" * 33 + b"]" * 33, "$" + "[0]" * 32),
    "a lone surrogate": (b'{"x": "\\ud800"}', "$.x"),
    "a lone surrogate as key": (b'{"\\ud800": 1}', '$["\\ud800"]'),
    "NUL": (b'["\\u0000"]', "$[0]"),
    "more than a mebibyte": (b" " * document.LARGEST + b"1", "$"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_two_readers_could_understand_differently_is_refused_quickly(name: str) -> None:
    data, path = HOSTILE[name]
    with bounded(), pytest.raises(BadManifest) as caught:
        document.loads(data)
    assert caught.value.details["path"] == path
    assert len(caught.value.message) < 800


def test_32_levels_are_read() -> None:
    assert document.loads(b"[" * 32 + b"]" * 32) is not None


def test_a_long_key_does_not_make_a_long_message() -> None:
    with pytest.raises(BadManifest) as caught:
        document.loads(json.dumps({"k" * 100_000: {"\0": 1}}).encode())
    assert len(str(caught.value.details["path"])) <= 500


#: From RFC 8785: the example of section 3.2.2, the order of section 3.2.3, and numbers of appendix B.
NUMBERS = {
    0.0: "0",
    5e-324: "5e-324",
    -5e-324: "-5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
    9007199254740992.0: "9007199254740992",
    295147905179352830000.0: "295147905179352830000",
    9.999999999999997e22: "9.999999999999997e+22",
    1e23: "1e+23",
    1.0000000000000001e23: "1.0000000000000001e+23",
    999999999999999700000.0: "999999999999999700000",
    999999999999999900000.0: "999999999999999900000",
    1e21: "1e+21",
    9.999999999999997e-7: "9.999999999999997e-7",
    0.000001: "0.000001",
    333333333.3333332: "333333333.3333332",
    333333333.33333325: "333333333.33333325",
    -0.0000033333333333333333: "-0.0000033333333333333333",
    1424953923781206.2: "1424953923781206.2",
    4.5: "4.5",
    0.002: "0.002",
    1e-27: "1e-27",
}


@pytest.mark.parametrize(("value", "text"), NUMBERS.items())
def test_numbers_are_spelt_as_rfc_8785_lists_them(value: float, text: str) -> None:
    assert canonical.dumps(value) == text


def test_keys_are_ordered_as_rfc_8785_says() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical.dumps(dict.fromkeys(keys, 0)))) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip


def test_the_example_of_rfc_8785() -> None:
    text = (
        '{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        ' "string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/", "literals": [null, true, false]}'
    )
    assert canonical.dumps(document.loads(text.encode())) == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)


@given(PLAIN, st.booleans())
def test_spelling_does_not_matter_and_nothing_is_lost(value: Json, escaped: bool) -> None:
    spelt = json.dumps(value, ensure_ascii=escaped, indent=3).encode()
    once = canonical.dumps(document.loads(spelt))
    again = json.loads(once, parse_int=float)  # every number is a double to whoever reads it
    assert again == value
    assert canonical.dumps(again) == once
