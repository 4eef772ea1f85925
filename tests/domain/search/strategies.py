"""Random filter trees over a few names and values, chosen so that they meet what worlds hold."""

from hypothesis import strategies as st

from strongroom.domain.search.ast import (
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
    Value,
)
from strongroom.domain.search.schema import ATTRIBUTES, DATASETS, GROUPS, PARTS, Entity, Type, check

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
    if Group.DATASET in GROUPS[entity]:
        kinds.append(st.builds(Field, st.just(Group.DATASET), st.sampled_from(DATASETS[entity])))
    if Group.ALIAS in GROUPS[entity]:
        kinds.append(st.just(Field(Group.ALIAS)))
    if Group.TEXT in GROUPS[entity]:
        kinds.append(st.just(Field(Group.TEXT)))
    return st.one_of(kinds)


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
        case Group.METRIC:
            choices = [numbers.filter(lambda n: abs(n) < 1e18)]
    return st.sampled_from(choices)


@st.composite
def atom(draw: st.DrawFn, entity: Entity) -> Expr:
    """One comparison that the check lets through."""
    field = draw(fields(entity))
    if field.group is Group.TEXT:
        return Contains(draw(st.sampled_from(WORDS)))
    values = draw(literals(entity, field))
    like = field.group is not Group.METRIC
    ordered = field.group is not Group.ALIAS
    if field.group is Group.ATTRIBUTE:
        kind = ATTRIBUTES[entity][field.name].type
        like, ordered = kind is Type.TEXT, kind is not Type.BOOLEAN
    shapes = ["equal", "in", "null", *["like", "matches"] * like, *["order", "between"] * ordered]
    match draw(st.sampled_from(shapes)):
        case "in":
            return In(field, tuple(draw(st.lists(values, min_size=1, max_size=3))))
        case "null":
            return IsNull(field)
        case "like":
            return Like(field, draw(st.sampled_from(PATTERNS)), draw(booleans))
        case "matches" if field.group not in {Group.ALIAS, Group.DATASET}:
            return Matches(field, draw(st.sampled_from(EXPRESSIONS)))
        case "order":
            return Compare(field, draw(st.sampled_from(list(Op))), draw(values))
        case "between":
            return Between(field, draw(values), draw(values))
        case _:
            return Compare(field, draw(st.sampled_from([Op.EQ, Op.NE])), draw(values))


def filters(entity: Entity) -> st.SearchStrategy[Expr]:
    """A checked tree."""

    def joined(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))

    return st.recursive(atom(entity), joined, max_leaves=6).map(lambda tree: check(entity, tree))


def orders(entity: Entity) -> st.SearchStrategy[tuple[OrderTerm, ...]]:
    """Up to three things to order by; none for runs and logged models means something else."""
    sets = {Group.ALIAS, Group.DATASET, Group.TEXT}
    terms = st.builds(OrderTerm, fields(entity).filter(lambda field: field.group not in sets), booleans)
    least = int(entity in {Entity.RUN, Entity.LOGGED_MODEL})
    return st.lists(terms, min_size=least, max_size=3).map(tuple)
