"""A condition on thousands of ids as one parameter, so that a statement is the same for any number of them.

`IN` with a parameter an id is compiled anew for each number of ids, which for ten thousand takes longer than the query.
`prepared.among` is the same for statements that are compiled once and get their ids later.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY


def one_of(connection: Connection, column: ColumnElement[Any], ids: Iterable[int]) -> ColumnElement[bool]:
    """The column is one of the ids."""
    if connection.dialect.name == "sqlite":
        each = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(None, list(ids), ARRAY(BigInteger)))
