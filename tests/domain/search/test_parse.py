"""The native language: what it reads, what it refuses and how fast, and that trees survive being written down."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import (
    And,
    Between,
    Compare,
    Expr,
    Field,
    Group,
    In,
    IsNull,
    Like,
    Not,
    On,
    Op,
    Or,
    OrderTerm,
    Part,
)
from strongroom.domain.search.parse import parse_filter, parse_order
from strongroom.domain.search.schema import Entity, check
from strongroom.domain.search.text import field_text, unparse
from tests.domain.search.strategies import filters, orders
from tests.support.cpu import bounded

ENTITIES = st.sampled_from(list(Entity))
AUC, TEAM, DEPTH = Field(Group.METRIC, "auc"), Field(Group.TAG, "team"), Field(Group.PARAM, "depth")


def flat(expr: Expr) -> Expr:
    """ANDs in ANDs and ORs in ORs count as one: parentheses say no more."""
    match expr:
        case Not(term):
            return Not(flat(term))
        case And(terms) | Or(terms):
            inner = [flat(term) for term in terms]
            join = type(expr)
            return join(tuple(x for term in inner for x in (term.terms if isinstance(term, join) else (term,))))
    return expr


@given(ENTITIES.flatmap(lambda entity: st.tuples(st.just(entity), filters(entity))))
def test_a_tree_written_down_is_read_back(case: tuple[Entity, Expr]) -> None:
    entity, tree = case
    again = parse_filter(entity, unparse(entity, tree))
    assert again == flat(tree)
    assert check(entity, tree) == tree


@given(ENTITIES.flatmap(lambda entity: st.tuples(st.just(entity), orders(entity))))
def test_an_order_written_down_is_read_back(case: tuple[Entity, tuple[OrderTerm, ...]]) -> None:
    entity, terms = case
    written = [f"{field_text(term.field)} {'DESC' if term.descending else 'ASC'}" for term in terms]
    assert parse_order(entity, written) == terms


def test_every_construct() -> None:
    text = """metrics.auc > 0.9 AND (tags.team = 'x''s' OR NOT params.depth IN (1, 2))
        and created_at BETWEEN '2026-01-01' AND '2026-02-01T00:00:00Z' AND name ILIKE 'chu%'
        AND max(metrics.`odd ``key``.`) <> -1e3 AND param.val/loss IS NOT NULL AND state NOT LIKE 'f%'"""
    assert parse_filter(Entity.RUN, text) == And(
        (
            Compare(AUC, Op.GT, 0.9),
            Or((Compare(TEAM, Op.EQ, "x's"), Not(In(DEPTH, (1.0, 2.0))))),
            Between(Field(Group.ATTRIBUTE, "created_at"), 1_767_225_600_000_000, 1_769_904_000_000_000),
            Like(Field(Group.ATTRIBUTE, "name"), "chu%", any_case=True),
            Compare(Field(Group.METRIC, "odd `key`.", Part.MAX), Op.NE, -1000.0),
            Not(IsNull(Field(Group.PARAM, "val/loss"))),
            Not(Like(Field(Group.ATTRIBUTE, "state"), "f%")),
        )
    )
    assert parse_filter(Entity.VERSION, "alias = 'champion'") == Compare(Field(Group.ALIAS), Op.EQ, "champion")
    assert parse_filter(Entity.VERSION, "unpinned = TRUE and size < 1e3") is not None
    assert parse_filter(Entity.ASSET, "  \n") is None
    on = Field(Group.METRIC, "auc", Part.STEP, On("a'b", "x"))
    assert parse_filter(Entity.LOGGED_MODEL, "step(metrics.auc) ON ('a''b', 'x') > 3") == Compare(on, Op.GT, 3)
    assert parse_filter(Entity.RUN, "datasets.name = 'e\u0301'") == Compare(Field(Group.DATASET, "name"), Op.EQ, "é")


REFUSED = {
    "name": "comparison is missing",
    "name =": "value is missing",
    "name = 'x": "has no end",
    'name = "x"': "single quotes",
    "name = NULL": "IS NULL",
    "name = 5": "compared with a text",
    "name = 'x' name = 'y'": "AND or OR",
    "(name = 'x'": r"\) is missing",
    "name = 'x')": "AND or OR",
    "nam = 'x'": "no attribute",
    "alias = 'x'": "no alias",
    "bags.x = 1": "Before the dot",
    "metrics.x = 'a'": "numbers",
    "metrics.x LIKE 'a'": "LIKE is for texts",
    "params.x = TRUE": "texts or numbers",
    "params.x IN ()": "value is missing",
    "params.x IN (1, 'a')": "one type",
    "params.x BETWEEN 1 AND 'b'": "one type",
    "started_at > 5": "single quotes",
    "started_at > 'yesterday'": "A time is written",
    "max(params.x) > 1": "takes a metric",
    "metrics.x > 1e999": "finite",
    f"metrics.x > {'9' * 400}": "finite",
    f"metrics.x > {'9' * 500}": "too long",
    f"count(metrics.x) > {'9' * 30}": "64 bits",
    "name LIKE 'a\\'": "escape",
    "name REGEXP 'a.*'": "MATCHES",
    "name MATCHES 5": "single quotes",
    "started_at MATCHES 'a'": "MATCHES is for texts",
    "metrics.x MATCHES 'a'": "MATCHES is for texts",
    f"name MATCHES '{'a' * 1_001}'": "at most 1000",
    "name ~ 'a'": "Nothing begins",
    "AND": "name of a field",
    "metrics.x ON 'a' > 1": "measured on data sets",
    "metrics.x ON a > 1": "single quotes is missing",
    "dataset.size = 'x'": "dataset.name",
    "dataset.name MATCHES 'x'": "MATCHES is for texts",
    "dataset.name = 1": "compared with texts",
    "name = 'a\x00'": "NUL",
    "name = '\ud800'": "surrogate",
    "tags.`\u202e` = 'a'": "invisible",
    "name = 'x'; DROP TABLE run": "Nothing begins",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_filter_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Invalid, match=REFUSED[text]) as refused:
        parse_filter(Entity.RUN, text)
    assert 0 <= int(str(refused.value.details["position"])) <= len(text)


HOSTILE = {
    "10,000 terms": " OR ".join(["name = 'a'"] * 10_000),
    "10,000 short terms": "OR ".join(["uid='' "] * 2_000),
    "deep": "(" * 8_000 + "name = 'a'" + ")" * 8_000,
    "51 levels": "(" * 51 + "name = 'a'" + ")" * 51,
    "31 levels": "(name = 'b' OR name = 'c' AND " * 16 + "name = 'a'" + ")" * 16,
    "NOT": "NOT " * 4_000 + "name = 'a'",
    "quotes": "name = " + "'" * 16_001,
    "backticks": "tags." + "`" * 16_001 + " = 'a'",
    "IN": "params.x IN (" + ",".join(["1"] * 1_001) + ")",
    "digits": "metrics.x > " + "1" * 16_000,
    "dots": "tags" + ".a" * 8_000 + " = 'a'",
    "spaces": " " * 16_300 + "x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_filters_are_refused_quickly(name: str) -> None:
    with bounded(), pytest.raises(Invalid):
        parse_filter(Entity.RUN, HOSTILE[name])


@given(st.text(max_size=60) | st.text(alphabet="()'`.=<>%_ANDORnotin metrics1,\\", max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        parse_filter(Entity.RUN, text)


def test_orders_are_bounded_and_never_by_aliases() -> None:
    assert len(parse_order(Entity.RUN, ["metrics.auc DESC", "started_at"])) == 2
    for wrong in (["name"] * 6, ["name UP"], ["name, uid"], ["nam"], [""]):
        with pytest.raises(Invalid):
            parse_order(Entity.RUN, wrong)
    with pytest.raises(Invalid, match="aliases"):
        parse_order(Entity.VERSION, ["alias"])


def test_a_tree_built_by_a_dialect_is_bounded_too() -> None:
    atom: Expr = Compare(AUC, Op.GT, 1)
    deep = atom
    for _ in range(200):
        deep = Not(deep)
    for wrong in (deep, And((atom,) * 501), Compare(Field(Group.ATTRIBUTE, "nope"), Op.EQ, 1), In(DEPTH, ())):
        with pytest.raises(Invalid):
            check(Entity.RUN, wrong)
