"""What a listing of repositories is asked for, as a question of the one search language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.search.find import Question
from strongroom.domain.search.ast import And, Compare, Expr, Field, Group, In, IsNull, Like, Not, Op, Or, OrderTerm

_ORDERS: Final[Mapping[str, str]] = {
    "lastModified": "updated_at", "last_modified": "updated_at", "downloads": "downloads",
}  # fmt: skip
_SEARCHED: Final = ("name", "slug", "namespace", "display_name")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A listing as clients ask for it. :param namespace: the path of the author's namespace."""

    kind: str
    search: Sequence[str] = ()
    namespace: str | None = None
    tags: Sequence[str] = ()
    gated: bool | None = None
    sort: str = ""
    ascending: bool = False


def question(wanted: Wanted) -> Question:
    """Repositories that fit, the youngest first; likes and trends order nothing here."""
    terms: list[Expr] = [Compare(_field("kind"), Op.EQ, wanted.kind)]
    if wanted.namespace is not None:
        terms.append(Compare(_field("namespace"), Op.EQ, wanted.namespace))
    terms += [_within(text) for text in wanted.search]
    terms += [Not(IsNull(Field(Group.TAG, tag))) for tag in wanted.tags]
    if wanted.gated is not None:
        open_ = Compare(_field("gated"), Op.EQ, "")
        terms.append(Not(open_) if wanted.gated else open_)
    order = OrderTerm(_field(_ORDERS.get(wanted.sort, "created_at")), descending=not wanted.ascending)
    return Question(And(tuple(terms)), (order,))


def kept_in(namespace: str, kinds: Sequence[str]) -> Question:
    """All repositories of a namespace, the youngest first."""
    return Question(And((In(_field("kind"), tuple(kinds)), Compare(_field("namespace"), Op.EQ, namespace))))


def _field(name: str) -> Field:
    return Field(Group.ATTRIBUTE, name)


def _within(text: str) -> Expr:
    """The text stands in a name, or, with a slash, the namespace and the name end and begin with its parts."""
    space, slash, name = text.rpartition("/")
    if slash:
        return And((_like("namespace", f"%{_plain(space)}"), _like("slug", f"{_plain(name)}%")))
    return Or(tuple(_like(field, f"%{_plain(text)}%") for field in _SEARCHED))


def _like(field: str, pattern: str) -> Like:
    return Like(_field(field), pattern, any_case=True)


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
