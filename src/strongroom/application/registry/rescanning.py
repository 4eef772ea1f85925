"""How models are packaged, of versions that were made before anybody looked: read from their files, as often as wanted.

A tree without an MLmodel file leaves nothing behind, so it is looked at each time; that is two look-ups.
"""

from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.identity import setup
from strongroom.application.manifests import packaging
from strongroom.application.manifests.packaging import Packaged
from strongroom.application.ports.documents import LoadYaml
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import readiness
from strongroom.application.registry.publication import AsServer
from strongroom.domain.errors import Corrupted, DomainError

AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Rescanned:
    """How many trees were looked at, how many of them hold a model, and of how many its file cannot be read."""

    looked: int
    models: int
    unreadable: int


async def packagings(executor: Executor, store: BlobStore, yaml: LoadYaml) -> Rescanned:
    """Keep how the models of all trees are packaged of which that is not kept. A damaged file is passed over."""
    reader, after = AsServer(executor, store, yaml), ""
    looked, models, unreadable = 0, 0, 0
    while trees := await executor.read(lambda tx: tx.manifests.unpackaged(after, AT_ONCE)):  # noqa: B023 - ends before
        for tree in trees:
            packaged = await _packaged(reader, tree)
            if packaged is not None:
                await executor.command(lambda tx, t=tree, p=packaged: _keep(tx, t, p))  # type: ignore[misc]
                models, unreadable = models + 1, unreadable + (packaged.packaging is None)
        looked, after = looked + len(trees), trees[-1]
    return Rescanned(looked, models, unreadable)


async def _packaged(reader: AsServer, tree: str) -> Packaged | None:
    """Of no kind: so manifests, which were checked when the version was made, are not read."""
    try:
        said = (await readiness.of_tree(reader, "", tree)).said
    except Corrupted:
        return None
    return None if isinstance(said, DomainError) else said.packaged


def _keep(tx: Transaction, tree: str, packaged: Packaged) -> None:
    """Unless the tree was forgotten meanwhile."""
    if tx.manifests.unpackaged("", 1, only=tree):
        packaging.keep(setup.as_system(tx, setup.ensure_default_workspace(tx)), tree, packaged)
