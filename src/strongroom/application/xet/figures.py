"""What storing things costs: the same bytes counted as they are shown, as they differ, and as they lie in the store.

For an asset and a workspace: `logical` counts each version whole, `unique` each different file once, `stored` what lies
in the store for them, where chunks that files share are there once, and `shared` the part of it that more than one
asset holds. Of an asset only sharing with assets that the caller may read is told (N16).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call, asset_target
from strongroom.application.ports.xet import Held, Whole
from strongroom.application.registry import assets
from strongroom.domain.errors import TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.xet.terms import Range, joined, overlaps, ranges_of, unpack_terms
from strongroom.domain.xet.xorb import XorbIndex

FILES_MOST: Final = 200_000
OTHERS_MOST: Final = 1_000
_AT_ONCE: Final = 64
FOLDERS: Final = 0
"""The holder that stands for folders of runs and drafts; it shares with nobody."""

Ranges = dict[int, list[Range]]


@dataclass(frozen=True, slots=True)
class StorageView:
    """Bytes; see the module. `twice` is the part of `unique` that lies in the store both whole and as chunks."""

    logical: int
    unique: int
    stored: int
    shared: int
    twice: int


@dataclass(frozen=True, slots=True)
class StoreView:
    """All that the store holds, in bytes: `held` by something in a workspace, `unheld` by nothing."""

    total: int
    held: int
    unheld: int


def of_asset(call: Call, uid: str) -> StorageView:
    """What one asset costs."""
    asset = assets.by_uid(call, uid, Permission.ASSET_READ)
    figures = call.tx.figures
    own = _ranges(figures.chunked(asset_id=asset.id))[asset.id]
    others = _readable(call, figures.sharing(asset.id, list(own), OTHERS_MOST))
    whole = figures.whole(asset_id=asset.id, others=others)
    theirs: Ranges = {}
    if others:
        for held in _ranges(figures.chunked(assets=others, xorbs=list(own))).values():
            for xorb, ranges in held.items():
                theirs[xorb] = joined([*theirs.get(xorb, ()), *ranges])
    both = {xorb: overlaps([ranges, theirs.get(xorb, [])]) for xorb, ranges in own.items()}
    return _view(call, figures.logical(asset_id=asset.id), whole, own, both)


def unique_of(call: Call, uids: Sequence[str]) -> Mapping[str, int]:
    """Each different file of each of these assets once, in bytes; of assets that the caller was shown already."""
    found = {uid: call.tx.assets.by_uid(call.workspace.id, uid) for uid in uids}
    held = call.tx.figures.unique([asset.id for asset in found.values() if asset])
    return {uid: held.get(asset.id, 0) for uid, asset in found.items() if asset}


def of_workspace(call: Call) -> StorageView:
    """What all in the workspace costs, folders of runs and drafts included."""
    call.require(Permission.WORKSPACE_SETTINGS)
    figures, here = call.tx.figures, call.workspace.id
    holders = _ranges(figures.chunked(workspace_id=here))
    by_xorb: dict[int, list[list[Range]]] = {}
    in_folders: Ranges = holders[FOLDERS]
    for holder, held in holders.items():
        for xorb, ranges in held.items() if holder != FOLDERS else ():
            by_xorb.setdefault(xorb, []).append(ranges)
    used = dict(in_folders)
    for xorb, all_ in by_xorb.items():
        used[xorb] = joined([*used.get(xorb, ()), *(one for ranges in all_ for one in ranges)])
    both = {xorb: overlaps(all_) for xorb, all_ in by_xorb.items()}
    return _view(call, figures.logical(workspace_id=here), figures.whole(workspace_id=here), used, both)


def of_store(call: Call) -> StoreView:
    """What the store holds, whoever holds it."""
    call.require(Permission.SERVER_READ)
    figures = call.tx.figures
    used: Ranges = {}
    for held in _ranges(figures.chunked()).values():
        for xorb, ranges in held.items():
            used[xorb] = joined([*used.get(xorb, ()), *ranges])
    held_bytes = figures.whole().stored + _body_bytes(call, used)
    total = figures.total()
    return StoreView(total, held_bytes, total - held_bytes)


def _view(call: Call, logical: int, whole: Whole, used: Ranges, both: Ranges) -> StorageView:
    stored = whole.stored + _body_bytes(call, used)
    return StorageView(logical, whole.unique, stored, whole.shared + _body_bytes(call, both), whole.twice)


def _ranges(rows: Iterable[Held]) -> Mapping[int, Ranges]:
    """For each holder the chunks that its files use.

    :raises TooLarge: there are too many files to look at while somebody waits.
    """
    found: dict[int, Ranges] = _Missing()
    for number, row in enumerate(rows):
        if number >= FILES_MOST:
            raise TooLarge(f"More than {FILES_MOST} files in chunks; ask for parts.", limit=FILES_MOST)
        held = found.setdefault(row.holder, {})
        for xorb, ranges in ranges_of(unpack_terms(row.terms)).items():
            held[xorb] = joined([*held[xorb], *ranges]) if xorb in held else ranges
    return found


class _Missing(dict[int, Ranges]):
    """Who holds nothing in chunks uses none."""

    def __missing__(self, _holder: int) -> Ranges:
        return {}


def _readable(call: Call, others: Sequence[int]) -> list[int]:
    found = call.tx.assets.by_ids(others).values() if others else ()
    return [
        one.id
        for one in found
        if one.workspace_id == call.workspace.id and call.allows(Permission.ASSET_READ, asset_target(one))
    ]


def _body_bytes(call: Call, used: Ranges) -> int:
    """Bytes that chunks take in the store; indexes are looked at only of xorbs that are used in part."""
    total, parts = 0, []
    sizes = call.tx.figures.sizes([xorb for xorb, ranges in used.items() if ranges])
    for xorb, (count, size) in sizes.items():
        if used[xorb] == [(0, count)]:
            total += size
        else:
            parts.append(xorb)
    for at in range(0, len(parts), _AT_ONCE):
        for found in call.tx.xet.xorbs(parts[at : at + _AT_ONCE]).values():
            total += sum(_bytes(found.index, *one) for one in used[found.id])
    return total


def _bytes(index: XorbIndex, start: int, end: int) -> int:
    return index.body_at(end) - index.body_at(start)
