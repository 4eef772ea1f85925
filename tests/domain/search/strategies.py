"""Random filter trees over a few names and values, chosen so that they meet what worlds hold."""

from hypothesis import strategies as st

from strongroom.domain.search.ast import (
    MANY,
    MEASURED,
    SAID,
    SETS,
    And,
    Between,
    Compare,
    Contains,
    Expr,
    Field,
    Group,
    In,
    IsNull,
    Like,
    Matches,
    Not,
    On,
    Op,
    Or,
    OrderTerm,
    Some,
    Value,
)
from strongroom.domain.search.schema import ATTRIBUTES, DATASETS, GROUPS, PARTS, SPAN_FIELDS, Entity, Type, check

KEYS = ("team", "val/loss", "odd `key` of '\"", "größe")
TEXTS = (
    "",
    "a",
    "A",
    "ab",
    "a_b",
    "a%b",
    "Äb",
    "äb",
    "x'y",
    "\\",
    "[*?",
    "1",
    "1.5",
    "zoë",
    "日本",
    "champion",
    "\U0001f600",
)
NUMBERS = (-1.5, 0, 1, 1.5, 2, 1e300, -3)
TIMES = (0, 1_000_000, 1_700_000_000_000_000, 1_700_000_000_000_001)
PATTERNS = ("%", "a%", "%b", "_b", "A_", "%\\%%", "a\\_b", "\\\\", "[%", "%ä%", "", "Ä_", "%*%", "_")

EXPRESSIONS = ("a", "^a", "b$", "^$", "[A-Z]", "a.b", "^(a|A)_?b?$", "\\d", "ä", "(?i)^AB$", "'y", "\\\\")

WORDS = ("a", "ab", "champion", "1", "1*", "a*", "AB b", "y x", "ZOË", "本日", "äb", "champ* nothing", "日*")

texts = st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
booleans = st.booleans()
datasets = st.none() | st.builds(On, st.sampled_from(["a", "ab", "Äb"]), st.sampled_from([None, "1", "x'y"]))


def fields(entity: Entity) -> st.SearchStrategy[Field]:
    """A field of the entity."""
    kinds: list[st.SearchStrategy[Field]] = [
        st.sampled_from(sorted(ATTRIBUTES[entity])).map(lambda name: Field(Group.ATTRIBUTE, name))
    ]
    keyed = sorted(GROUPS[entity] & {Group.TAG, Group.PROPERTY, Group.PARAM})
    if keyed:
        kinds.append(st.builds(Field, st.sampled_from(keyed), st.sampled_from(KEYS)))
    if Group.METRIC in GROUPS[entity]:
        parts = st.sampled_from(sorted(PARTS[entity]))
        on = datasets if entity is Entity.LOGGED_MODEL else st.none()
        kinds.append(st.builds(Field, st.just(Group.METRIC), st.sampled_from(KEYS), parts, on))
    if Group.EVALUATION in GROUPS[entity]:
        kinds.append(st.builds(Field, st.just(Group.EVALUATION), st.sampled_from(KEYS), on=datasets))
    if Group.DATASET in GROUPS[entity]:
        kinds.append(st.builds(Field, st.just(Group.DATASET), st.sampled_from(DATASETS[entity])))
    kinds += [st.just(Field(group)) for group in sorted(GROUPS[entity] & {*SETS, Group.TEXT})]
    if GROUPS[entity] >= SAID:
        kinds.append(st.builds(Field, st.sampled_from(sorted(SAID)), st.sampled_from(KEYS)))
    if Group.SPAN in GROUPS[entity]:
        kinds.append(span_fields())
    return st.one_of(kinds)


def span_fields() -> st.SearchStrategy[Field]:
    """A field of a span."""
    attributes = [f"attributes.{key}" for key in KEYS]
    return st.builds(Field, st.just(Group.SPAN), st.sampled_from([*sorted(SPAN_FIELDS), *attributes]))


def literals(entity: Entity, field: Field) -> st.SearchStrategy[st.SearchStrategy[Value]]:
    """Strategies of literals that fit a field, one type each."""
    choices: list[st.SearchStrategy[Value]] = [texts]
    match field.group:
        case Group.ATTRIBUTE:
            by_type: dict[Type, st.SearchStrategy[Value]] = {
                Type.TEXT: texts,
                Type.INTEGER: numbers.filter(lambda n: abs(n) < 1e18),
                Type.BOOLEAN: booleans,
                Type.TIME: st.sampled_from(TIMES),
            }
            choices = [by_type[ATTRIBUTES[entity][field.name].type]]
        case Group.PROPERTY:
            choices = [texts, numbers, booleans]
        case Group.PARAM:
            choices = [texts, numbers]
        case Group.FEEDBACK | Group.EXPECTATION | Group.ISSUE:
            choices = [texts, numbers, booleans]
        case Group.SPAN:
            found = SPAN_FIELDS.get(field.name)
            of_number = found is not None and found.type is Type.INTEGER
            choices = [st.sampled_from((-1, 0, 1, 2))] if of_number else [texts]
            choices = choices if found else [texts, numbers, booleans]
        case Group.METRIC | Group.EVALUATION:
            choices = [numbers.filter(lambda n: abs(n) < 1e18)]
    return st.sampled_from(choices)


@st.composite
def atom(draw: st.DrawFn, entity: Entity) -> Expr:
    """One comparison that the check lets through."""
    field = draw(fields(entity))
    if field.group is Group.TEXT:
        return Contains(draw(st.sampled_from(WORDS)))
    values = draw(literals(entity, field))
    like = field.group not in MEASURED
    ordered = field.group not in SETS
    if field.group is Group.ATTRIBUTE:
        kind = ATTRIBUTES[entity][field.name].type
        like, ordered = kind is Type.TEXT, kind is not Type.BOOLEAN
    if field.group is Group.SPAN and field.name in SPAN_FIELDS:
        like = SPAN_FIELDS[field.name].type is Type.TEXT
    shapes = ["equal", "in", "null", *["like", "matches"] * like, *["order", "between"] * ordered]
    match draw(st.sampled_from(shapes)):
        case "in":
            return In(field, tuple(draw(st.lists(values, min_size=1, max_size=3))))
        case "null":
            return IsNull(field)
        case "like":
            return Like(field, draw(st.sampled_from(PATTERNS)), draw(booleans))
        case "matches" if field.group not in MANY - SAID - {Group.SPAN} and field.name != "content":
            return Matches(field, draw(st.sampled_from(EXPRESSIONS)))
        case "order":
            return Compare(field, draw(st.sampled_from(list(Op))), draw(values))
        case "between":
            return Between(field, draw(values), draw(values))
        case _:
            return Compare(field, draw(st.sampled_from([Op.EQ, Op.NE])), draw(values))


@st.composite
def one_span(draw: st.DrawFn, entity: Entity) -> Expr:
    """Several comparisons of one span."""
    found = draw(st.lists(atom(entity).filter(_of_span), min_size=1, max_size=3))
    return Some(tuple(found))  # type: ignore[arg-type]  # atoms


def _of_span(expr: Expr) -> bool:
    return not isinstance(expr, And | Or | Not | Some) and expr.field.group is Group.SPAN


def filters(entity: Entity) -> st.SearchStrategy[Expr]:
    """A checked tree."""
    leaf: st.SearchStrategy[Expr] = atom(entity)
    if Group.SPAN in GROUPS[entity]:
        leaf = st.one_of(leaf, one_span(entity))

    def joined(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))

    return st.recursive(leaf, joined, max_leaves=6).map(lambda tree: check(entity, tree))


def orders(entity: Entity) -> st.SearchStrategy[tuple[OrderTerm, ...]]:
    """Up to three things to order by; none for runs, logged models and traces means something else."""
    terms = st.builds(OrderTerm, fields(entity).filter(lambda field: field.group not in MANY), booleans)
    least = int(entity in {Entity.RUN, Entity.LOGGED_MODEL, Entity.TRACE})
    return st.lists(terms, min_size=least, max_size=3).map(tuple)
