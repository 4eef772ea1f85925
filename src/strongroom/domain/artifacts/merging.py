"""Three-way merge of trees by paths. No content is merged: a path that both sides changed differently conflicts."""

from dataclasses import dataclass

from strongroom.domain.artifacts.changes import diff
from strongroom.domain.artifacts.pages import PageSource, TreeRoot
from strongroom.domain.artifacts.tree import Entry

EMPTY = TreeRoot(())


@dataclass(frozen=True, slots=True)
class Merged:
    """What to change in ours so that it holds theirs too, and the paths on which the two disagree."""

    changes: dict[str, Entry | None]
    conflicts: list[str]


def merge(base: TreeRoot, ours: TreeRoot, theirs: TreeRoot, source: PageSource) -> Merged:
    """Bring what theirs changed since the base into ours; `EMPTY` is the base of histories that share nothing."""
    mine = {change.path: change.after for change in diff(base, ours, source)}
    changes: dict[str, Entry | None] = {}
    conflicts = []
    for change in diff(base, theirs, source):
        if change.path not in mine:
            changes[change.path] = change.after
        elif mine[change.path] != change.after:
            conflicts.append(change.path)
    return Merged(changes, conflicts + _clashes(mine, changes))


def _clashes(mine: dict[str, Entry | None], theirs: dict[str, Entry | None]) -> list[str]:
    """Paths where one side put a file and the other a directory."""
    ours_put = {path for path, entry in mine.items() if entry is not None}
    theirs_put = {path for path, entry in theirs.items() if entry is not None}
    above_ours = {above for path in ours_put for above in _above(path)}
    above_theirs = {above for path in theirs_put for above in _above(path)}
    return sorted((theirs_put & above_ours) | (ours_put & above_theirs))


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
