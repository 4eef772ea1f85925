"""References: the grammar by example, and text -> reference -> text for everything."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from strongroom.domain.errors import BadName
from strongroom.domain.registry.names import clean_alias, clean_label, clean_name, clean_ref_name
from strongroom.domain.registry.references import (
    AliasName,
    DigestPrefix,
    Label,
    Latest,
    Number,
    Reference,
    RefName,
    Selector,
    parse_reference,
    parse_selector,
)
from tests.domain.registry.strategies import accepted

TEXT = st.text(st.one_of(st.sampled_from("ab@^~%:/.1v"), st.characters()), min_size=1, max_size=8)
WORDS = st.text(st.one_of(st.sampled_from("ab%.-1v"), st.characters(categories=["Ll", "Lo"])), min_size=1, max_size=8)
NAMES = accepted(TEXT, clean_name)
SELECTORS: st.SearchStrategy[Selector] = st.one_of(
    st.just(Latest()),
    st.builds(Number, st.integers(1, 2**53 - 1)),
    st.builds(Label, accepted(TEXT.map("v{}".format), clean_label)),
    st.builds(AliasName, accepted(WORDS, clean_alias)),
    st.builds(RefName, accepted(st.lists(WORDS, min_size=1, max_size=3).map("@/".join), clean_ref_name)),
    st.builds(DigestPrefix, st.text("0123456789abcdef", min_size=8, max_size=64)),
)
REFERENCES = st.builds(Reference, st.lists(NAMES, max_size=4).map(tuple), NAMES, SELECTORS)


@pytest.mark.parametrize(
    ("text", "namespace", "name", "selector"),
    [
        ("churn", (), "churn", Latest()),
        ("churn@champion", (), "churn", AliasName("champion")),
        ("churn:3", (), "churn", Number(3)),
        ("churn:v-label", (), "churn", Label("v-label")),
        ("prod/churn:3", ("prod",), "churn", Number(3)),
        ("a/b/churn^feature/x", ("a", "b"), "churn", RefName("feature/x")),
        ("churn^50%25%40home", (), "churn", RefName("50%@home")),
        ("churn~0123ABCD", (), "churn", DigestPrefix("0123abcd")),
        ("churn@latest", (), "churn", Latest()),
        ("churn:latest", (), "churn", Latest()),
        ("a@b@latest", (), "a@b", Latest()),
        ("a@b:2024/05:x@y", (), "a@b", Label("2024/05:x@y")),
        ("a^b/c~d@prod", ("a^b",), "c~d", AliasName("prod")),
    ],
)
def test_a_reference_is_read(text: str, namespace: tuple[str, ...], name: str, selector: Selector) -> None:
    assert parse_reference(text) == Reference(namespace, name, selector)


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "a@", "a:", "a^", "a~", "@a", ":3", "/a", "a/", "a//b", "../a", "a@3", "a@v3", "a:0", "a:03"),
        *("a~1234567", "a~xyz45678", "a~" + "0" * 65, "a^%", "a^%2e", "a^b..c", "a@b c", "a\n", "x" * 9000),
        "/".join("abcdefghijklmnopqr"),
    ],
)
def test_a_reference_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        parse_reference(text)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(REFERENCES)
def test_a_reference_reads_back_as_written(reference: Reference) -> None:
    assert parse_reference(str(reference)) == reference


@given(TEXT)
def test_a_text_that_is_read_means_one_thing(text: str) -> None:
    try:
        reference = parse_reference(text)
    except BadName:
        assume(False)
    assert parse_reference(str(reference)) == reference


def test_a_selector_alone() -> None:
    assert parse_selector("") == Latest()
    assert parse_selector("@prod") == AliasName("prod")
    with pytest.raises(BadName):
        parse_selector("prod")
