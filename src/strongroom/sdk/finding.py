"""Searches in the filter language, from the client's side."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from strongroom.sdk.api import Api
from strongroom.sdk.errors import Invalid
from strongroom.sdk.models import Asset, Version
from strongroom.sdk.run_models import Experiment, LoggedModel, RunInfo

T = TypeVar("T")

NOUNS: Mapping[str, tuple[str, type[Any]]] = {
    "assets": ("asset", Asset),
    "versions": ("version", Version),
    "experiments": ("experiment", Experiment),
    "runs": ("run", RunInfo),
    "logged_models": ("logged_model", LoggedModel),
}
PAGE = 100


def quoted(text: str) -> str:
    """A text as the filter language writes it."""
    return "'" + text.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """The name of a tag, property, param or metric as the filter language writes it."""
    return "`" + name.replace("`", "``") + "`"


def search(
    api: Api, noun: str, item: type[T], *, order_by: Sequence[str] = (), at: datetime | str | None = None, **fields: Any
) -> Iterator[T]:
    """Every row that fits, page after page as they are asked for."""
    return api.every(f"{noun}.search", item, page_size=PAGE, order_by=list(order_by), at=at, **fields)


def find(api: Api, what: str, **fields: Any) -> Iterator[Any]:
    """The same by the plural of what is looked for. :raises Invalid: there is no such thing to look for."""
    if what not in NOUNS:
        raise Invalid(f"Search for {', '.join(NOUNS)}; not {what!r}.")
    return search(api, *NOUNS[what], **fields)
