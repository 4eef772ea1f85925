"""Kinds, tags, properties and descriptions."""

import math

import pytest

from strongroom.domain.errors import BadName, Invalid
from strongroom.domain.registry.fields import clean_description, clean_property, clean_tag_key, clean_tag_value
from strongroom.domain.registry.kinds import Kind, clean_type


def test_kinds_are_those_of_the_design() -> None:
    words = (
        "model dataset prompt pipeline component runtime code space scorer card index agent memory report bundle other"
    )
    assert " ".join(kind.value for kind in Kind) == words
    assert Kind.parse("model") is Kind.MODEL
    for text in ("Model", "", "environment"):
        with pytest.raises(Invalid) as refused:
            Kind.parse(text)
        assert "model" in str(refused.value.details["kinds"])


def test_types_are_free_lines() -> None:
    assert clean_type("my weird: type/1") == "my weird: type/1"
    for text in ("", "a\n", "x" * 129):
        with pytest.raises(Invalid):
            clean_type(text)


def test_tag_keys_and_values() -> None:
    assert clean_tag_key("mlflow.note: x/y") == "mlflow.note: x/y"
    assert clean_tag_value("any\ntext\x01\u202e") == "any\ntext\x01\u202e"
    assert clean_tag_value(None) is None
    assert clean_tag_value("") == ""
    for key in ("", "x" * 251, "a\tb"):
        with pytest.raises(BadName):
            clean_tag_key(key)
    for value in ("x" * 20_001, "\x00", "\udc80"):
        with pytest.raises(Invalid):
            clean_tag_value(value)


def test_descriptions_have_a_limit() -> None:
    assert clean_description("") == ""
    with pytest.raises(Invalid):
        clean_description("x" * 65_537)


@pytest.mark.parametrize("value", [None, True, 0, -(2**63), 2**63 - 1, 1.5, "", "x" * 5000])
def test_a_property_keeps_value_and_type(value: object) -> None:
    kept = clean_property(value)
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, math.nan, math.inf, "\x00", "x" * 20_001, [], {}, b"a"], ids=repr
)
def test_a_property_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        clean_property(value)
