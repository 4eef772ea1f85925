"""Bundles: things that belong together, each by a name and its digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests.cursor import Fields
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.member import Member

FIELDS: Final = ("members", "settings", "description")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle; members by name."""

    members: Mapping[str, Member]
    settings: Mapping[str, Plain]
    description: str = ""


def read(fields: Fields) -> Bundle:
    """A bundle. :raises BadManifest: naming the place."""
    members = {name: one.member() for name, one in fields["members"].named()}
    if not members:
        fields["members"].fail("has at least one member.")
    return Bundle(members, fields.settings(), fields.words())
