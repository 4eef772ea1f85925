"""Models, as far as they say what they rest on: an adapter names the digest of its base."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests.cursor import Cursor, Fields
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.member import Member

FIELDS: Final = ("adapter", "settings", "description")


@dataclass(frozen=True, slots=True)
class Adapter:
    """Weights that mean something only together with their base."""

    base: Member
    method: str
    settings: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """A model; `adapter` when it is one."""

    adapter: Adapter | None
    settings: Mapping[str, Plain]
    description: str = ""


def read(fields: Fields) -> ModelManifest:
    """A model. :raises BadManifest: naming the place."""
    adapter = fields.get("adapter")
    return ModelManifest(_adapter(adapter) if adapter else None, fields.settings(), fields.words())


def _adapter(cursor: Cursor) -> Adapter:
    fields = cursor.fields("base", optional=("method", "settings"))
    method = fields.get("method")
    return Adapter(fields["base"].member("model"), method.name() if method else "", fields.settings())
