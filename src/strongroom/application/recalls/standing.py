"""The one question before bytes go out: whether they are recalled (decision 36).

Whatever opens bytes for reading asks here; `tests/application/recalls/test_doors.py` holds that all do. Recalls that
stand are remembered under the mark of decision 25, so where nothing is recalled the question costs no statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call, Refusal
from strongroom.application.ports.recalls import Reached, Standing
from strongroom.application.views import time_of
from strongroom.domain.artifacts.page import Page
from strongroom.domain.artifacts.pages import decode_root
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Recalled
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.recalls.licences import stated
from strongroom.domain.recalls.model import Bars, SubjectKind
from strongroom.domain.registry.model import Version

NAMED_MOST: Final = 5
PAGES_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Content:
    """What is about to be read.

    :ivar tree: that a version or revision is of. :ivar sha256: of the file; None asks about all of the tree.
    :ivar version: that it is read as. :ivar owner: the run or logged model whose folder has it.
    """

    tree: str | None = None
    sha256: str | None = None
    version: Version | None = None
    owner: Vertex | None = None


def refuse_recalled(call: Call, content: Content) -> None:
    """Refuse what is recalled, unless the caller is exempt.

    :raises Recalled: at least one recall stands that the caller is not exempt from.
    """
    held = held_by(call, content)
    if not held:
        return
    named = [
        {"uid": one.uid, "reason": one.reason, "since": time_of(one.recorded_at).isoformat()}
        for one in held[:NAMED_MOST]
    ]
    version = content.version
    call.refusal = Refusal(
        Permission.VERSION_BYTES, Subject("version", version.uid) if version else Subject("recall", held[0].uid)
    )
    raise Recalled(f"This was recalled: {held[0].reason}", recalls=named)


def is_recalled(call: Call, content: Content) -> bool:
    """Whether the caller may not pull it."""
    return bool(held_by(call, content))


def held_by(call: Call, content: Content) -> Sequence[Standing]:
    """The recalls that hold it back from the caller, the first one first."""
    found = standing_on(call, content)
    principal = call.caller.principal
    if not found or principal is None:
        return found
    free = call.tx.recalls.exempt([one.id for one in found], principal.id, call.now)
    return [one for one in found if one.id not in free]


def standing_on(call: Call, content: Content) -> Sequence[Standing]:
    """The recalls that stand on it, whoever asks."""
    standing = call.tx.admission().standing(call.workspace.id)
    if not standing:
        return ()
    digests = {content.tree, content.sha256} - {None}
    licences = _licences(call, content.version) if any(_is_licence(one) for one in standing) else frozenset()
    by_id = {one.id: one for one in standing}
    barred = {row.recall_id for row in _barring(call, content, by_id)}
    return [
        one
        for one in standing
        if one.digest in digests or one.id in barred or (_is_licence(one) and one.subject in licences)
    ]


def _is_licence(one: Standing) -> bool:
    return one.kind == SubjectKind.LICENCE.value


def _barring(call: Call, content: Content, standing: Mapping[int, Standing]) -> list[Reached]:
    vertices = [Vertex("version", content.version.id)] if content.version else []
    if content.owner is not None:
        vertices.append(content.owner)
    found: list[Reached] = []
    for row in call.tx.recalls.barring(vertices) if vertices else ():
        one = standing.get(row.recall_id)
        if one is not None and (row.bars is Bars.ALL or tree_has(call, one.digest, content.sha256)):
            found.append(row)
    return found


def tree_has(call: Call, tree: str | None, sha256: str | None) -> bool:
    """Whether a file of the tree has these bytes."""
    root = call.tx.trees.root(tree) if tree and sha256 else None
    pages = [page.id for page in decode_root(root).pages] if root else []
    for at in range(0, len(pages), PAGES_AT_ONCE):
        for body in call.tx.trees.pages(pages[at : at + PAGES_AT_ONCE]).values():
            if any(isinstance(entry, FileEntry) and entry.sha256 == sha256 for entry in Page(body).entries()):
                return True
    return False


def _licences(call: Call, version: Version | None) -> frozenset[str]:
    """The licences that a version or its asset states."""
    if version is None:
        return frozenset()
    return licences_of(call, [version])[version.id]


def licences_of(call: Call, versions: Sequence[Version]) -> Mapping[int, frozenset[str]]:
    """The same of several, by the versions' ids."""
    said: dict[tuple[str, int], frozenset[str]] = {}
    owners = {"version": {one.id for one in versions}, "asset": {one.asset_id for one in versions}}
    for kind, ids in owners.items():
        tags = call.tx.tags.current(kind, sorted(ids))
        properties = call.tx.tags.properties(kind, sorted(ids))
        for id_ in ids:
            words = [(tag.key, tag.value) for tag in tags.get(id_, ())]
            said[kind, id_] = stated([*words, *properties.get(id_, {}).items()])
    return {one.id: said["version", one.id] | said["asset", one.asset_id] for one in versions}
