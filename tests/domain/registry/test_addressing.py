"""Ten clients' ways to write an asset down, each the inverse of looking it up (domain.md N2 and section 4, risk 4).

A paper model: a table of assets with stored slugs, and for each client a pair of pure functions. For every asset of
every table, `locate(address(asset))` is that asset, or the client is declared unable to name it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from strongroom.domain.registry.kinds import Kind
from strongroom.domain.registry.names import FILLER, clean_name, clean_namespace_path, slug_candidates, slug_key
from tests.domain.registry.strategies import accepted

WORKSPACE = "acme"
Address = tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """An asset as stored: namespace by names and by slugs, kind, name, slug."""

    levels: tuple[str, ...]
    slugs: tuple[str, ...]
    kind: Kind
    name: str
    slug: str


def table(assets: set[tuple[tuple[str, ...], Kind, str]]) -> list[Row]:
    """Give every namespace level and asset the first slug that is free beside it."""
    taken: set[tuple[object, ...]] = set()
    level_slugs: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}

    def free(beside: object, candidates: Iterator[str]) -> str:
        slug = next(slug for slug in candidates if (beside, slug_key(slug)) not in taken)
        taken.add((beside, slug_key(slug)))
        return slug

    rows = []
    for levels, kind, name in sorted(assets):
        for depth in range(1, len(levels) + 1):
            here, above = levels[:depth], level_slugs[levels[: depth - 1]]
            if here not in level_slugs:
                choices = slug_candidates(here[-1], namespace=True, top=depth == 1, workspace=WORKSPACE)
                level_slugs[here] = (*above, free(above, choices))
        slugs = level_slugs[levels]
        rows.append(Row(levels, slugs, kind, name, free((slugs, kind), slug_candidates(name))))
    return rows


def fold(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(slug_key, texts))


@dataclass(frozen=True)
class Client:
    """A client that names namespaces by slugs written by `place`, and assets by slug that fit `grammar`.

    :param kinds: those it serves, in the order a lookup without a kind takes them.
    :param says_kind: whether its addresses hold the kind.
    :param by_name: it writes the asset's name rather than its slug.
    """

    place: Callable[[Row], Address | None]
    kinds: tuple[Kind, ...]
    grammar: str = r"[\s\S]*"
    says_kind: bool = False
    by_name: bool = False
    folds: bool = False

    def word(self, row: Row) -> str:
        text = row.name if self.by_name else row.slug
        return slug_key(text) if self.folds else text

    def whole(self, row: Row) -> Address | None:
        place = self.place(row)
        if place is None or row.kind not in self.kinds or not re.fullmatch(self.grammar, self.word(row)):
            return None
        return (*(fold(place) if self.folds else place), *((row.kind.value,) if self.says_kind else ()), self.word(row))

    def locate(self, address: Address, rows: list[Row]) -> Row | None:
        """Lookup by stored columns only: place, kinds in order, name or folded slug."""
        for kind in self.kinds:
            for row in rows:
                if row.kind is kind and self.whole(row) == address:
                    return row
        return None

    def address(self, row: Row, rows: list[Row]) -> Address | None:
        """None where declared: kind, depth or grammar do not fit, or an earlier kind holds the same word there."""
        whole = self.whole(row)
        if whole is None or self.says_kind:
            return whole
        earlier = self.kinds[: self.kinds.index(row.kind)]
        return None if any(other.kind in earlier and self.whole(other) == whole for other in rows) else whole


def any_depth(row: Row) -> Address:
    """Hugging Face, home namespaces: slugs joined by dots; the root answers to the workspace's name."""
    return (".".join(row.slugs) or WORKSPACE,)


def two_levels(row: Row) -> Address | None:
    """Unity Catalog, W&B: first and second slug, with fillers for missing ones; deeper is not addressable."""
    first, second = (*row.slugs, *(WORKSPACE, FILLER)[len(row.slugs) :])[:2]
    return (first, second) if len(row.slugs) <= 2 else None


def by_names(row: Row) -> Address:
    """ClearML: the project path as written."""
    return ("/".join(row.levels),)


ALL = tuple(Kind)
CLIENTS = {
    "mlflow": Client(any_depth, (Kind.MODEL, Kind.PROMPT), by_name=True),
    "huggingface": Client(any_depth, (Kind.MODEL, Kind.DATASET, Kind.SPACE), says_kind=True, folds=True),
    "unity": Client(two_levels, (Kind.MODEL,), r"[^.]+", folds=True),
    "wandb": Client(two_levels, ALL),
    "clearml": Client(by_names, (Kind.MODEL, Kind.DATASET), says_kind=True, by_name=True),
    "sagemaker": Client(any_depth, (Kind.MODEL,), r"[A-Za-z0-9](-?[A-Za-z0-9]){0,62}"),
    "vertex": Client(any_depth, (Kind.MODEL,), r"[a-zA-Z_][a-zA-Z0-9_-]{0,62}"),
    "azure": Client(any_depth, (Kind.MODEL, Kind.DATASET, Kind.COMPONENT, Kind.RUNTIME), says_kind=True),
    "comet": Client(any_depth, (Kind.MODEL, Kind.DATASET), r"[^.]+", says_kind=True),
    "s3": Client(any_depth, ALL, says_kind=True, by_name=True, folds=False),
}

PIECES = st.sampled_from(
    ["a", "A", "b", ".", "--", "-", "é", "e\u0301", "模", " ", "default", WORKSPACE, "x" * 60, "_"]
)
NAMES = accepted(st.lists(PIECES, min_size=1, max_size=4).map("".join), clean_name)
LEVELS = accepted(st.lists(NAMES, max_size=5).map("/".join), clean_namespace_path)
ASSETS = st.sets(st.tuples(LEVELS, st.sampled_from(ALL[:3] + ALL[8:9]), NAMES), min_size=1, max_size=10)


@pytest.mark.parametrize("client", CLIENTS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(ASSETS)
def test_an_address_leads_back_to_its_asset(client: str, assets: set[tuple[tuple[str, ...], Kind, str]]) -> None:
    rows = table(assets)
    one = CLIENTS[client]
    for row in rows:
        address = one.address(row, rows)
        event(f"{client}: {'addressed' if address else 'not addressable'}")
        assert address is None or one.locate(address, rows) == row


@given(ASSETS)
def test_no_two_assets_share_an_address(assets: set[tuple[tuple[str, ...], Kind, str]]) -> None:
    rows = table(assets)
    for client in CLIENTS.values():
        found = [address for row in rows if (address := client.address(row, rows)) is not None]
        assert len(set(found)) == len(found)


@given(ASSETS)
def test_every_model_has_an_address_where_depth_and_grammar_allow(
    assets: set[tuple[tuple[str, ...], Kind, str]],
) -> None:
    rows = table(assets)
    for row in (row for row in rows if row.kind is Kind.MODEL):
        for client in ("mlflow", "huggingface", "clearml", "azure", "s3"):
            assert CLIENTS[client].address(row, rows) is not None
        assert (CLIENTS["wandb"].address(row, rows) is None) == (len(row.slugs) > 2)
