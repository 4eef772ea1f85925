"""Forms and limits of what is said of nodes and edges."""

import pytest

from strongroom.domain.errors import Invalid
from strongroom.domain.lineage import fields
from strongroom.domain.lineage.flags import parse_cause


def nested(levels: int) -> dict[str, object]:
    inner: object = 1
    for _ in range(levels):
        inner = {"a": inner} if levels % 2 else [inner]
    return {"a": inner}


def test_properties_of_an_edge_are_bounded_json() -> None:
    whole = {"a": [1, {"b": None}], "ü": "x" * 16_000}
    assert fields.clean_properties(whole) is whole
    assert fields.clean_properties({}) == {}
    assert fields.clean_properties(nested(15))
    bad: list[dict[str, object]] = [nested(16), nested(100_000), {"a": "x" * 16_384}, {"a": float("nan")}]
    bad += [{"a": "\ud800"}, {"a": {1, 2}}]
    for one in bad:
        with pytest.raises(Invalid):
            fields.clean_properties(one)


def test_words_of_other_systems() -> None:
    assert fields.clean_dialect("sagemaker") == "sagemaker"
    for bad in ("", "SageMaker", "x" * 33, "a b", "a\n"):
        with pytest.raises(Invalid):
            fields.clean_dialect(bad)
    assert fields.clean_foreign_id("arn:aws:sagemaker:eu-west-1:1:action/a") == "arn:aws:sagemaker:eu-west-1:1:action/a"
    for bad in ("", "x" * 513, "a\nb", " a"):
        with pytest.raises(Invalid):
            fields.clean_foreign_id(bad)


def test_a_reason_is_given() -> None:
    assert fields.clean_reason(" stale \n") == "stale"
    for bad in ("", "  \n", "x" * 1_001, "\x00"):
        with pytest.raises(Invalid):
            fields.clean_reason(bad)


def test_a_cause_is_one_of_a_few() -> None:
    assert parse_cause("licence").value == "licence"
    with pytest.raises(Invalid, match="bad_data"):
        parse_cause("license")
