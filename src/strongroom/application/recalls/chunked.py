"""The same question of files that are fetched in chunks, by whoever has a token for an asset."""

from strongroom.application.call import Call
from strongroom.application.ports.xet import XetFile
from strongroom.application.recalls.standing import Content, refuse_recalled, tree_has
from strongroom.domain.registry.model import Asset, Version

TREE = "tree:"
"""Before the tree of a revision that is no version, where the uid of a version stands otherwise."""


def source_of(version: Version | None, tree: str) -> str:
    """What a token or address is given for: a version, or a revision that is none."""
    return version.uid if version else TREE + tree


def refuse_source(call: Call, source: str | None) -> None:
    """:raises Recalled: the version or revision that a token is given for is recalled."""
    if source is not None:
        refuse_recalled(call, _content(call, source))


def refuse_file(call: Call, asset: Asset, file: XetFile, source: str | None) -> None:
    """Refuse a file that is recalled itself, or is read as a part of what is.

    A token is good for all files of an asset. One that a recalled version has is read only with a token for a version
    or revision that has it too and is not recalled.

    :raises Recalled: it is.
    """
    if not call.tx.admission().standing(call.workspace.id):
        return
    content = _content(call, source) if source is not None else Content()
    refuse_recalled(call, Content(content.tree, file.sha256, content.version))
    if tree_has(call, content.tree, file.sha256):
        return
    for tree in call.tx.recalls.trees_in(asset.id):
        if tree_has(call, tree, file.sha256):
            refuse_recalled(call, Content(tree=tree, version=_any_of(call, asset, tree)))


def _content(call: Call, source: str) -> Content:
    if source.startswith(TREE):
        return Content(source.removeprefix(TREE))
    version = call.tx.versions.by_uid(call.workspace.id, source)
    return Content(version.tree, None, version) if version else Content()


def _any_of(call: Call, asset: Asset, tree: str) -> Version | None:
    found = call.tx.versions.by_tree_prefix(asset.id, tree)
    return found[0] if found else None
