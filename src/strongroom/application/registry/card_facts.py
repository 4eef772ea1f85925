"""What the card on `main` says, kept beside the asset: its tags, its bases, its fields (domain.md N10, N12).

It is read before the transaction of a commit that changes README.md and written in it. A card that cannot be read
leaves nothing behind, and the commit stands: what people write in a README stops no push.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge, Gateway
from strongroom.application.lineage import graph
from strongroom.application.lineage.graph import Said
from strongroom.application.ports.cards import StoredCard
from strongroom.application.ports.documents import UnreadableDocumentError
from strongroom.application.registry import card_results, cards, slugs
from strongroom.application.registry.cards import CardText
from strongroom.application.registry.readiness import Ready
from strongroom.domain.artifacts.cards import CARD_PATH
from strongroom.domain.artifacts.lookup import find
from strongroom.domain.artifacts.pages import PageSource, TreeRoot
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import DomainError, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.registry.card import CardValue, bases_of, head_of, relation_of, tags_of
from strongroom.domain.registry.fields import CARD_LARGEST
from strongroom.domain.registry.model import Asset, Version, VersionState

KINDS: Final = frozenset({"model", "dataset", "space"})


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it was read. :param sha256: of the file; None where there is none."""

    sha256: str | None
    data: Mapping[str, CardValue] = field(default_factory=dict)


async def of_tree(edge: Edge, tree: str, ready: Ready | None) -> Card:
    """The card of a stored tree. :param ready: the tree as it was looked at already, maybe with its card."""
    return await _read(
        edge, await edge.read(lambda call: _entry(load_root(call, tree), StoredPages(call.tx.trees))), ready
    )


async def of_pages(edge: Edge, root: TreeRoot, pages: PageSource, ready: Ready | None) -> Card:
    """The card of a tree whose pages are at hand."""
    return await _read(edge, _entry(root, pages), ready)


def _entry(root: TreeRoot, pages: PageSource) -> FileEntry | None:
    entry = find(root, pages, CARD_PATH)
    return entry if isinstance(entry, FileEntry) and entry.size <= CARD_LARGEST else None


async def _read(edge: Edge, entry: FileEntry | None, ready: Ready | None) -> Card:
    if entry is None:
        return Card(None)
    card = ready.card if ready else None
    if card is None or card.sha256 != entry.sha256:
        card = await cards.read(edge, entry)
    if card is None or card.text is None:
        return Card(entry.sha256)
    try:
        return Card(entry.sha256, await asyncio.to_thread(parsed, edge.gateway, card.text))
    except DomainError:
        return Card(entry.sha256)


def parsed(gateway: Gateway, text: str) -> Mapping[str, CardValue]:
    """The fields of a card's text; none without a head. :raises Invalid: the head cannot be read."""
    head = head_of(text)
    if head is None:
        return {}
    try:
        said = gateway.yaml.load(head.encode())
    except UnreadableDocumentError as error:
        raise Invalid(f"The head of the card cannot be read: {error}") from None
    if not isinstance(said, dict | None):
        raise Invalid("The head of a card is a mapping of fields.")
    return said or {}


def keep(call: Call, asset: Asset, card: Card) -> None:
    """Keep what the card says of a locked asset: fields, tags in the place of the former card's, and bases."""
    before = call.tx.cards.of([asset.id]).get(asset.id)
    if (before.sha256 if before else None) == card.sha256:
        return
    data = dict(card.data)
    named = _bases(call, asset, bases_of(data))
    call.tx.cards.put(asset.id, StoredCard(card.sha256, data, named) if card.sha256 is not None else None)
    old, new = set(tags_of(before.data) if before else ()), tags_of(data)
    present = {tag.key for tag in call.tx.tags.current("asset", [asset.id]).get(asset.id, ())}
    gone, added = sorted(old.difference(new) & present), [tag for tag in new if tag not in present]
    if gone:
        call.tx.tags.remove(asset.workspace_id, "asset", asset.id, gone)
    if added:
        call.tx.tags.set(asset.workspace_id, "asset", asset.id, dict.fromkeys(added), call.actor.id)
    if gone or added:
        details: dict[str, Json] = {"card": card.sha256, "added": tuple(added), "removed": tuple(gone)}
        call.record("asset.card", Subject("asset", asset.uid), details, asset=call.tx.assets.tick(asset))


def _bases(call: Call, asset: Asset, named: Sequence[str]) -> list[str]:
    """Of those bases that are assets here and that the committer may see: the latest version, or one yet to come."""
    found = []
    for name in named:
        space, _, slug = name.partition("/")
        try:
            base = slugs.asset_of(call, space.replace(".", "/"), slug, asset.kind, Permission.ASSET_READ).asset
        except NotFound:
            call.refusal, call.absent = None, False
            continue
        if base.id != asset.id:
            latest = base.latest_version_id
            found.append(base.uid if latest is None else call.tx.versions.by_id(latest).uid)
    return found


def derive(call: Call, asset: Asset, version_uid: str, card: CardText | None) -> None:
    """Say of a version that was published just now what its card does: its bases in the lineage, and its figures.

    :param card: of the version's own tree; what was kept of the card on `main` counts when it is the same.
    """
    known = call.tx.cards.of([asset.id]).get(asset.id)
    if known is None or card is None or card.sha256 != known.sha256:
        return
    target = Vertex("version", call.tx.versions.by_uids(asset.workspace_id, [version_uid])[version_uid].id)
    says, bases = relation_of(known.data), _versions(call, asset, known.bases)
    graph.link_all(call, [Said(Vertex("version", base.id), says, target, {}) for base in bases])
    card_results.record(call, version_uid, known.data)


def _versions(call: Call, asset: Asset, uids: Sequence[str]) -> list[Version]:
    """The live versions of these uids, of an asset the latest."""
    found = call.tx.versions.by_uids(asset.workspace_id, uids) if uids else {}
    others = [call.tx.assets.by_uid(asset.workspace_id, uid) for uid in uids if uid not in found]
    latest = [one.latest_version_id for one in others if one is not None]
    versions = [*found.values(), *(call.tx.versions.by_id(one) for one in latest if one is not None)]
    return [version for version in versions if version.state is VersionState.LIVE]


def said(call: Call, asset_uids: Sequence[str]) -> Mapping[str, Mapping[str, CardValue]]:
    """The fields of the cards of assets that the caller was shown already, by uid."""
    found = {uid: call.tx.assets.by_uid(call.workspace.id, uid) for uid in asset_uids}
    cards = call.tx.cards.of([asset.id for asset in found.values() if asset])
    return {uid: cards[asset.id].data for uid, asset in found.items() if asset and asset.id in cards}
