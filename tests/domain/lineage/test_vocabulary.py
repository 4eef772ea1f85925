"""The types of edges and the ends that each allows."""

import pytest

from strongroom.domain.errors import Invalid
from strongroom.domain.lineage.vocabulary import (
    CARRYING,
    DERIVATION,
    NODE_KINDS,
    RULES,
    EdgeType,
    check_ends,
    parse_type,
)


def test_every_type_has_a_rule() -> None:
    assert set(RULES) == set(EdgeType)
    forms = NODE_KINDS | {"version", "run", "logged_model", "principal"}
    for type_, rule in RULES.items():
        assert rule.sources, type_
        assert rule.sources | rule.targets <= forms, type_


def test_the_derivations_of_the_model_and_nothing_else_must_close_no_loop() -> None:
    """ "Only derivation edges between versions (base, adapter, merge, quantised, copied) must be acyclic" (N10)."""
    assert {"base", "adapter", "merge", "quantised", "copied"} <= DERIVATION
    assert DERIVATION - {"base", "adapter", "merge", "quantised", "copied"} == {"converted", "linked"}
    for type_ in DERIVATION:
        assert RULES[type_].targets == {"version"}, "a loop runs through versions only"
    assert EdgeType.DERIVED not in DERIVATION


def test_what_describes_or_contains_carries_no_flag() -> None:
    assert set(EdgeType) - CARRYING == {"describes", "member_of", "associated", "consumed_by", "evaluation"}


@pytest.mark.parametrize(
    ("type_", "source", "target"),
    [
        ("input", "dataset", "run"),
        ("input", "version", "action"),
        ("output", "job", "image"),
        ("registered", "run", "version"),
        ("adapter", "artifact", "version"),
        ("derived", "dataset", "dataset"),
        ("derived", "dataset", "version"),
        ("evaluated", "version", "run"),
        ("describes", "version", "version"),
        ("member_of", "run", "context"),
        ("member_of", "context", "context"),
        ("associated", "action", "code"),
    ],
)
def test_ends_that_fit(type_: str, source: str, target: str) -> None:
    check_ends(parse_type(type_), source, target)


@pytest.mark.parametrize(
    ("type_", "source", "target"),
    [
        ("input", "run", "version"),
        ("input", "context", "run"),
        ("output", "version", "run"),
        ("base", "version", "artifact"),
        ("base", "dataset", "version"),
        ("derived", "version", "version"),
        ("member_of", "run", "run"),
        ("consumed_by", "version", "run"),
        ("associated", "principal", "run"),
    ],
)
def test_ends_that_do_not_fit(type_: str, source: str, target: str) -> None:
    with pytest.raises(Invalid):
        check_ends(EdgeType(type_), source, target)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Invalid, match="input"):
        parse_type("INPUT")
