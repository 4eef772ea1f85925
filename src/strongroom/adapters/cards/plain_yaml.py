"""Reads the heads of cards: YAML's plain values and nothing that grows, refers or makes objects."""

import math
from collections.abc import Mapping
from typing import Any, Final

import yaml  # type: ignore[import-untyped]  # it comes without

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.card import HEAD_LARGEST, CardValue

DEPTH_MOST: Final = 30


class _Plain(yaml.SafeLoader):  # type: ignore[misc]  # the package has no types
    """No references (a few of them make gigabytes), and dates stay texts."""

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - the parser's own types
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("a card refers to nothing inside itself (no '*name')")
        return super().compose_node(parent, index)


_Plain.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class PlainYaml:
    """See :class:`strongroom.application.ports.cards.ReadsYaml`."""

    def read(self, text: str) -> Mapping[str, CardValue]:
        """A mapping of plain values."""
        if len(text) > HEAD_LARGEST:
            raise Invalid(f"The head of a card has at most {HEAD_LARGEST} characters.", limit=HEAD_LARGEST)
        try:
            said = yaml.load(text, Loader=_Plain)  # noqa: S506 - a SafeLoader that can do less
        except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
            raise Invalid(f"The head of the card is no YAML: {error}"[:500]) from None
        if not isinstance(said, dict | None):
            raise Invalid("The head of a card is a mapping of fields.")
        plain = _plain(said or {}, 0)
        assert isinstance(plain, dict)  # noqa: S101 - a mapping stays one
        return plain


def _plain(value: object, depth: int) -> CardValue:
    if depth > DEPTH_MOST:
        raise Invalid(f"The head of a card has at most {DEPTH_MOST} levels.", limit=DEPTH_MOST)
    match value:
        case dict():
            return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
        case list() | tuple() | set():
            return [_plain(inner, depth + 1) for inner in value]
        case float():
            return value if math.isfinite(value) else None
        case None | bool():
            return value
        case str():
            return value.encode("utf-8", "replace").decode().replace("\0", "")
        case int():
            return value if abs(value) < 2**53 else str(value)[:1000]
    return str(value)[:1000]
