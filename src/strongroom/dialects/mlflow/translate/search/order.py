"""MLflow's ORDER BY clauses."""

import re
from collections.abc import Callable, Sequence

from strongroom.dialects.mlflow.translate.search.filters import split_key
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import Field, OrderTerm

_CLAUSE = re.compile(
    r"""\s*(?P<key>(?:[A-Za-z_]+\.)?(?:`[^`]*`|"[^"]*")|[^\s`"]+(?:\s+[Nn]ame)?)(?:\s+(?P<way>ASC|DESC))?\s*""",
    re.IGNORECASE,
)


def order_of(clauses: Sequence[str], field_of: Callable[[str, str], Field]) -> tuple[OrderTerm, ...]:
    """What to order by.

    :param field_of: from the word before the dot, and the key, to a field of the core.
    :raises Invalid: a clause that is none.
    """
    terms: dict[Field, OrderTerm] = {}
    for clause in clauses:
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise Invalid(f"Invalid order_by clause '{clause[:200]}'. Could not be parsed.")
        field = field_of(*split_key(found["key"]))
        terms.setdefault(field, OrderTerm(field, descending=(found["way"] or "").upper() == "DESC"))
    return tuple(terms.values())
