"""Damaged bodies of xorbs, and the files in chunks that are made of them: marked together, healed together."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Select, select, update

from strongroom.adapters.sql.repositories.base import begins
from strongroom.adapters.sql.tables import blob, xet_file, xet_file_xorb, xorb
from strongroom.application.artifacts.spare import PLACE

PACKED = "p:"
"""How the place of a blob begins that is a record in a pack."""


def made_of(bodies: Sequence[int]) -> Select[tuple[int]]:
    """Ids of the blobs that are made of the chunks in these."""
    return (
        select(xet_file.c.blob_id)
        .join(xet_file_xorb, xet_file_xorb.c.file_id == xet_file.c.id)
        .join(xorb, xorb.c.id == xet_file_xorb.c.xorb_id)
        .where(xorb.c.blob_id.in_(bodies))
    )


def named_places(connection: Connection, places: Sequence[str]) -> set[str]:
    """Those places in packs that rows name, under whatever digest: a damaged header must not cost somebody's blob.

    Places have no index; this is asked only of what was found to be unknown by its digest.
    """
    packed = [place for place in places if place.startswith(PACKED)]
    if not packed:
        return set()
    return set(connection.execute(select(blob.c.place).where(blob.c.place.in_(packed))).scalars())


def in_chunks() -> ColumnElement[bool]:
    """The blob has no other place."""
    return begins(blob.c.place, PLACE)


def mark_made(connection: Connection, bodies: Sequence[int], now: int) -> None:
    """Mark what is made of damaged bodies."""
    fresh = update(blob).where(blob.c.id.in_(made_of(bodies)), in_chunks(), blob.c.damaged_at.is_(None))
    connection.execute(fresh.values(damaged_at=now))


def heal_made(connection: Connection, bodies: Sequence[int]) -> None:
    """What is made of healed bodies is sound again, unless another body that it needs is damaged."""
    body = blob.alias("body")
    still = (
        select(xet_file.c.id)
        .join(xet_file_xorb, xet_file_xorb.c.file_id == xet_file.c.id)
        .join(xorb, xorb.c.id == xet_file_xorb.c.xorb_id)
        .join(body, body.c.id == xorb.c.blob_id)
        .where(xet_file.c.blob_id == blob.c.id, body.c.damaged_at.is_not(None))
        .exists()
    )
    healed = update(blob).where(blob.c.id.in_(made_of(bodies)), in_chunks(), blob.c.damaged_at.is_not(None), ~still)
    connection.execute(healed.values(damaged_at=None))
