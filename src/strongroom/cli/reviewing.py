"""``access review``: who may do what in the workspace, and why, as a table, JSON or CSV."""

import csv
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common

if TYPE_CHECKING:
    from strongroom.sdk.identity_models import Review

COLUMNS = (
    "name", "kind", "disabled", "role", "level", "scope", "team", "granted_at", "granted_by", "grant",
    "tokens", "oldest_token_days", "last_used_at",
)  # fmt: skip
_SHOWN = ("name", "role", "level", "scope", "team", "granted_at", "tokens", "oldest_token_days", "last_used_at")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def review(
    *,
    permission: str | None = None,
    as_csv: Annotated[bool, Parameter(name="--csv", negative="")] = False,
    common: Common | None = None,
) -> None:
    """Who holds which role in the workspace and why, with the age of tokens and their last use; a line a role.

    Parameters
    ----------
    permission:
        Only who may do this, such as release:place, and the roles that give it.
    as_csv:
        Write CSV with all columns.
    """
    common = common or NONE
    with common.client() as client:
        found = client.grants.review(permission)
        if common.json:
            output.emit(list(found))
        elif as_csv:
            _csv(_rows(found))
        else:
            output.rows(list(_rows(found)), as_json=False, columns=_SHOWN)


def _rows(found: Iterable["Review"]) -> Iterator[dict[str, object]]:
    """A row a role; one who has none gets a row, too."""
    now = datetime.now(UTC)
    for one in found:
        oldest = min((token.created_at for token in one.tokens or ()), default=None)
        said: dict[str, object] = {
            "name": one.principal.name,
            "kind": one.principal.kind,
            "disabled": "yes" if one.principal.disabled_at else "",
            "tokens": "" if one.tokens is None else len(one.tokens),
            "oldest_token_days": "" if oldest is None else (now - oldest).days,
            "last_used_at": one.last_used_at,
        }
        if not one.roles:
            yield said
        for role in one.roles:
            yield {**said, **{name: getattr(role, name) for name in COLUMNS if hasattr(role, name)}}


def _csv(rows: Iterable[dict[str, object]]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name)) for name in COLUMNS})


def _cell(value: object) -> str:
    """As text that no spreadsheet takes for a formula."""
    text = output.text(value) if value is not None else ""
    return f"'{text}" if text.startswith(_FORMULA) else text
