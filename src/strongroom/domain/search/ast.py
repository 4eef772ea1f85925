"""A filter as a tree. Every dialect's filter language becomes this one; `schema.check` says whether it is well formed.

Truth has three values, as in SQL: a comparison with what is not there is unknown, NOT of unknown is unknown, and only
what is true is found. So ``NOT metrics.auc > 0.9`` finds no run without that metric; IS NULL does.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool
"""A literal. Times are whole microseconds since 1970 in UTC."""


class Group(StrEnum):
    """Where a field's value comes from; the word that stands before the dot."""

    ATTRIBUTE = "attributes"
    TAG = "tags"
    PROPERTY = "properties"
    PARAM = "params"
    METRIC = "metrics"
    EVALUATION = "evaluations"
    ALIAS = "alias"
    DATASET = "dataset"
    TEXT = "text"
    RUN = "run"
    PROMPT = "prompt"
    FEEDBACK = "feedback"
    EXPECTATION = "expectation"
    ISSUE = "issue"
    SPAN = "spans"


SETS = frozenset({Group.ALIAS, Group.RUN, Group.PROMPT})
"""Groups of fields without a name, of which a row may have several values."""
SAID = frozenset({Group.FEEDBACK, Group.EXPECTATION, Group.ISSUE})
"""What is said of traces: of one name there may be several, and a comparison holds when it does of any."""
MANY = SETS | SAID | {Group.SPAN, Group.TEXT, Group.DATASET}
"""What nothing can be ordered by."""
MEASURED = frozenset({Group.METRIC, Group.EVALUATION})
"""What is a number, and may be narrowed to what was measured on one data set."""


class Part(StrEnum):
    """Which number of a metric's series is meant."""

    LAST = "last"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    STEP = "step"


class Op(StrEnum):
    """A comparison of a field with a value."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class On:
    """The data set that is meant: of any digest when it names none."""

    name: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared or ordered by. `part` matters for metrics only; a field of a set or of text has no name.

    :param on: of what was measured or read, only what concerns this data set.
    """

    group: Group
    name: str = ""
    part: Part = Part.LAST
    on: On | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """Field, operator, value."""

    field: Field
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """The field is one of these values, all of one type."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends belong to it."""

    field: Field
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class Like:
    """A pattern over the whole text: ``%`` any characters, ``_`` one, a backslash takes the next one as it is.

    `any_case` takes A to Z and a to z as equal, and no other letters: both databases agree on these alone.
    """

    field: Field
    pattern: str
    any_case: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """An RE2 expression is found somewhere in the text; `^` and `$` are its ends, `(?i)` takes no notice of case."""

    field: Field
    pattern: str


@dataclass(frozen=True, slots=True)
class Contains:
    """All words stand in what is written of the row (name, description, card), in any order; never unknown.

    ``*`` behind a word: some word begins so. See `domain.search.words`.
    """

    words: str
    field: Field = Field(Group.TEXT)


@dataclass(frozen=True, slots=True)
class IsNull:
    """There is no value; never unknown. A bare word is a tag with the empty text; NaN is no value."""

    field: Field


@dataclass(frozen=True, slots=True)
class Some:
    """Some span of a trace fits all of these, which are comparisons of spans; never unknown."""

    terms: tuple["Atom", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Neither true nor unknown."""

    term: "Expr"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    terms: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more."""

    terms: tuple["Expr", ...]


Atom: TypeAlias = Compare | In | Between | Like | Matches | Contains | IsNull
Expr: TypeAlias = Atom | Some | Not | And | Or


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One thing to order by; what has no value comes last either way."""

    field: Field
    descending: bool = False


def values_of(atom: Atom) -> tuple[Value, ...]:
    """The literals of an atom, its pattern included."""
    match atom:
        case Compare():
            return (atom.value,)
        case In():
            return atom.values
        case Between():
            return (atom.low, atom.high)
        case Like() | Matches():
            return (atom.pattern,)
        case Contains():
            return (atom.words,)
        case IsNull():
            return ()


def atoms(expr: Expr) -> list[Atom]:
    """The atoms of a tree from left to right."""
    found: list[Atom] = []
    waiting = [expr]
    while waiting:
        match waiting.pop():
            case Not(term):
                waiting.append(term)
            case And(terms) | Or(terms) | Some(terms):
                waiting.extend(reversed(terms))
            case atom:
                found.append(atom)
    return found
