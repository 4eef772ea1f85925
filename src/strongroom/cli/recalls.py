"""``strongroom recall say`` and ``impact``."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common

if TYPE_CHECKING:
    from strongroom.sdk.recalls import Affected

_SHOWN = ("distance", "kind", "what", "barred", "aliases", "runs in", "targets", "read by", "owners")


def say(
    kind: Literal["version", "digest", "dataset", "licence"],
    subject: str,
    *,
    reason: str,
    downstream: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """Let something not be pulled any more, on every dialect and process.

    Parameters
    ----------
    kind:
        What is named.
    subject:
        A version such as prod/churn:3, a SHA-256, a data set's digest, or a licence.
    reason:
        Why; whoever is refused reads it.
    downstream:
        Nor what came of it.
    """
    common = common or NONE
    with common.client() as client:
        of = getattr(client.recalls, kind)
        made = of(subject, reason, downstream=downstream)
    output.one(made, as_json=common.json)


def impact(uid: str, *, limit: int = 1_000, common: Common | None = None) -> None:
    """What a recall reaches, the nearest first, with who is concerned.

    Parameters
    ----------
    uid:
        Of the recall.
    limit:
        At most so many rows.
    """
    common = common or NONE
    with common.client() as client:
        found = list(islice(client.recalls.impact(uid), limit))
    if common.json:
        output.emit(found)
        return
    output.rows([_row(one) for one in found], as_json=False, columns=_SHOWN)


def _row(one: "Affected") -> dict[str, object]:
    places = [f"{place.environment}/{place.line}#{place.number}" for place in one.releases if place.environment]
    return {
        "distance": one.distance,
        "kind": one.vertex.kind,
        "what": one.vertex.label,
        "barred": "yes" if one.barred else "",
        "aliases": ", ".join(one.aliases),
        "runs in": ", ".join(places),
        "targets": ", ".join(f"{target.name}{'' if target.running else ' (not yet)'}" for target in one.targets),
        "read by": ", ".join(reader.name for reader in one.consumers),
        "owners": ", ".join(owner.name for owner in one.owners) + (" and more" if one.more else ""),
    }
