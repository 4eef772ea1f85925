"""The native filter language, a subset of SQL's WHERE and ORDER BY, into the tree.

``metrics.auc > 0.9 AND (tags.team = 'x' OR NOT params.depth IN (1, 2)) AND max(metrics.auc) IS NOT NULL``
``metrics.auc ON 'holdout' > 0.9 AND dataset.name LIKE 'hold%'``
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import (
    MEASURED,
    SETS,
    And,
    Atom,
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
    Part,
    Some,
    Value,
    values_of,
)
from strongroom.domain.search.schema import (
    DEPTH_MOST,
    ORDER_MOST,
    Entity,
    Type,
    attribute,
    check,
    check_atom,
    check_counts,
    check_field,
    check_order,
    check_some,
)
from strongroom.domain.search.schema import (
    GROUPS as ENTITY_GROUPS,
)
from strongroom.domain.search.tokens import Sort, Token, number_value, refusal, text_value, tokenize

T = TypeVar("T")

GROUPS = {
    **{group.value: group for group in Group if group not in {*SETS, Group.TEXT}},
    **{group.value.removesuffix("s"): group for group in (Group.ATTRIBUTE, Group.TAG, Group.PARAM, *MEASURED)},
    "property": Group.PROPERTY,
    "datasets": Group.DATASET,
    "summary": Group.PROPERTY,
    "metadata": Group.PROPERTY,
    "span": Group.SPAN,
    "expectations": Group.EXPECTATION,
    "issues": Group.ISSUE,
}
_ALONE = {**{group.value: group for group in (*SETS, Group.TEXT)}, "aliases": Group.ALIAS}
OPERATORS = {**{op.value: op for op in Op}, "<>": Op.NE}
KEYWORDS = {"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "MATCHES", "CONTAINS", "IS", "NULL", "TRUE", "FALSE"}
COMPARISONS = "=, !=, <, <=, >, >=, IN, BETWEEN, LIKE, ILIKE, MATCHES or IS NULL; of text CONTAINS"
REGEX = {"REGEXP", "RLIKE", "SIMILAR"}


def parse_filter(entity: Entity, text: str) -> Expr | None:
    """A filter for an entity, checked; None when the text is blank.

    :raises Invalid: what `schema.check` refuses, or no filter at all; `details["position"]` says where.
    """
    parser = _Parser(entity, text)
    return None if parser.token.sort is Sort.END else check(entity, parser.whole())


def parse_order(entity: Entity, items: Sequence[str]) -> tuple[OrderTerm, ...]:
    """What to order by, each as ``field``, ``field ASC`` or ``field DESC``. :raises Invalid: something else."""
    if len(items) > ORDER_MOST:
        raise Invalid(f"At most {ORDER_MOST} things to order by.", limit=ORDER_MOST)
    return check_order(entity, tuple(_Parser(entity, item).order() for item in items))


class _Parser:
    """Recursive descent over the tokens; depth and counts are bounded while it goes."""

    def __init__(self, entity: Entity, text: str) -> None:
        self._entity = entity
        self._tokens = tokenize(text)
        self._at = 0
        self._terms = 0
        self._values = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self.token
        self._at += token.sort is not Sort.END
        return token

    def _take(self, *words: str) -> str | None:
        """The next token's word, taken, if it is one of these."""
        word = self.token.word
        if word not in words:
            return None
        self._next()
        return word

    def _need(self, word: str) -> None:
        if self._take(word) is None:
            raise refusal(f"{word} is missing", self.token.at)

    def _end(self, what: T) -> T:
        if self.token.sort is not Sort.END:
            raise refusal(f"Nothing is expected here, or AND or OR, not {self.token.text[:40]!r}", self.token.at)
        return what

    def whole(self) -> Expr:
        return self._end(self._or(0))

    def order(self) -> OrderTerm:
        field = self._field()
        direction = self._take("ASC", "DESC")
        return self._end(OrderTerm(field, direction == "DESC"))

    def _or(self, depth: int) -> Expr:
        return self._joined("OR", Or, self._and, depth)

    def _and(self, depth: int) -> Expr:
        return self._joined("AND", And, self._not, depth)

    def _joined(self, word: str, join: type[And | Or], part: Callable[[int], Expr], depth: int) -> Expr:
        terms = [part(depth)]
        while self._take(word):
            terms.append(part(depth))
        if len(terms) == 1:
            return terms[0]
        # parentheses around an AND in an AND say nothing
        flat = (term.terms if isinstance(term, join) else (term,) for term in terms)
        return join(tuple(chain.from_iterable(flat)))

    def _not(self, depth: int) -> Expr:
        if depth > DEPTH_MOST:
            raise refusal(f"A filter has at most {DEPTH_MOST} levels of NOT and parentheses", self.token.at)
        if self._take("NOT"):
            return Not(self._not(depth + 1))
        if self._take("("):
            inner = self._or(depth + 1)
            self._need(")")
            return inner
        if self.token.word == "SPAN" and Group.SPAN in ENTITY_GROUPS[self._entity]:
            return self._span()
        return self._atom()

    def _span(self) -> Some:
        """``SPAN (spans.name = 'a' AND spans.status = 'error')``: of one and the same span."""
        at = self._next().at
        self._need("(")
        terms = [self._of_span(at)]
        while self._take("AND"):
            terms.append(self._of_span(at))
        self._need(")")
        return check_some(self._entity, tuple(terms))

    def _of_span(self, at: int) -> Atom:
        found = self._atom()
        if not isinstance(found, Some):
            raise refusal("SPAN (...) takes comparisons of spans, joined by AND, and no NOT", at)
        return found.terms[0]

    def _atom(self) -> Expr:
        at = self.token.at
        field = self._field()
        negated = self._take("NOT") is not None
        atom = self._comparison(field, negated=negated)
        if isinstance(atom, Not):
            return Not(_leaf(self._checked(atom.term, at)))  # type: ignore[arg-type]  # an atom: IS NOT NULL
        found = _leaf(self._checked(atom, at))
        return Not(found) if negated else found

    def _checked(self, atom: Atom, at: int) -> Atom:
        self._terms += 1
        self._values += len(values_of(atom))
        try:
            check_counts(self._terms, self._values)
            return check_atom(self._entity, atom)
        except Invalid as error:
            raise refusal(error.message.rstrip("."), at) from error

    def _comparison(self, field: Field, *, negated: bool) -> Atom | Not:
        token = self._next()
        if token.word in OPERATORS and not negated:
            return Compare(field, OPERATORS[token.word], self._value(field))
        match token.word:
            case "IN":
                return In(field, self._list(field))
            case "BETWEEN":
                low = self._value(field)
                self._need("AND")
                return Between(field, low, self._value(field))
            case "LIKE" | "ILIKE":
                return Like(field, self._pattern(), token.word == "ILIKE")
            case "CONTAINS" if field.group is Group.TEXT:
                return Contains(self._pattern())
            case "MATCHES":
                return Matches(field, self._pattern())
            case "IS" if not negated:
                absent = self._take("NOT") is None
                self._need("NULL")
                return IsNull(field) if absent else Not(IsNull(field))
            case word if word in REGEX:
                raise refusal("Regular expressions are written with MATCHES", token.at)
        raise refusal(f"A comparison is missing: {COMPARISONS}", token.at)

    def _pattern(self) -> str:
        token = self._next()
        if token.sort is not Sort.TEXT:
            raise refusal("A text in single quotes is missing", token.at)
        return text_value(token)

    def _list(self, field: Field) -> tuple[Value, ...]:
        self._need("(")
        values = [self._value(field)]
        while self._take(","):
            values.append(self._value(field))
        self._need(")")
        return tuple(values)

    def _value(self, field: Field) -> Value:
        token = self._next()
        if token.sort is Sort.TEXT:
            return text_value(token)
        if field.group is Group.ATTRIBUTE and attribute(self._entity, field).type is Type.TIME:
            raise refusal("A time stands in single quotes: '2026-01-31' or '2026-01-31T12:00:00Z'", token.at)
        if token.sort is Sort.NUMBER:
            return number_value(token)
        if token.word in {"TRUE", "FALSE"}:
            return token.word == "TRUE"
        if token.word == "NULL":
            raise refusal("Nothing equals NULL; write IS NULL or IS NOT NULL", token.at)
        raise refusal("A value is missing: a number, TRUE, FALSE, or a text in single quotes", token.at)

    def _field(self) -> Field:
        token = self._next()
        if token.sort is not Sort.FIELD or token.word in KEYWORDS:
            raise refusal("The name of a field is missing", token.at)
        part = Part.LAST
        if token.text.lower() in set(Part) and self._take("("):
            part, token = Part(token.text.lower()), self._next()
            if _named(token).group is not Group.METRIC:
                raise refusal(f"{part}() takes a metric, such as metrics.loss", token.at)
            self._need(")")
        named = replace(_named(token), part=part)
        named = replace(named, on=self._on()) if named.group in {*MEASURED, Group.DATASET} else named
        try:
            return check_field(self._entity, named)
        except Invalid as error:
            raise refusal(error.message.rstrip("."), token.at) from error

    def _on(self) -> On | None:
        """The data set behind a metric: ``ON 'name'``, or ``ON ('name', 'digest')``."""
        if not self._take("ON"):
            return None
        if not self._take("("):
            return On(self._pattern())
        name = self._pattern()
        self._need(",")
        digest = self._pattern()
        self._need(")")
        return On(name, digest)


def _named(token: Token) -> Field:
    """The field that a word means."""
    if token.sort is not Sort.FIELD:
        raise refusal("The name of a field is missing", token.at)
    if token.text.startswith("`"):
        return Field(Group.ATTRIBUTE, token.text[1:-1])
    group, dot, name = token.text.partition(".")
    if not dot:
        return Field(_ALONE[group]) if group in _ALONE else Field(Group.ATTRIBUTE, group)
    if group not in GROUPS:
        raise refusal(f"Before the dot stands {', '.join(sorted(set(GROUPS)))}; not {group[:40]!r}", token.at)
    if name.endswith("`"):
        head, _, quoted = name.partition("`")
        name = head + quoted[:-1].replace("``", "`")
    return Field(GROUPS[group], name)


def _leaf(atom: Atom) -> Atom | Some:
    """A comparison of spans says that it holds of some span."""
    return Some((atom,)) if atom.field.group is Group.SPAN else atom
