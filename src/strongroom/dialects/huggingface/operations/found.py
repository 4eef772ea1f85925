"""What most operations begin with: the asset that an address names, and a revision of it."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import history, slugs
from strongroom.application.registry.views import RevisionView
from strongroom.dialects.huggingface.errors import REVISION, lacking
from strongroom.dialects.huggingface.operation import Asked
from strongroom.dialects.huggingface.translate import names
from strongroom.dialects.huggingface.translate.names import Moved, repo_id
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset


def asset_of(call: Call, asked: Asked[Any], permission: Permission) -> Asset:
    """The asset that the address names. :raises Moved: a read, by an old name."""
    found = slugs.asset_of(call, asked.namespace, asked.name.removesuffix(".git"), asked.kind, permission)
    if found.moved and asked.method in {"GET", "HEAD"}:
        raise Moved(repo_id(asked.namespace, asked.name), id_of(call, found.asset))
    return found.asset


async def uid_of(edge: Edge, asked: Asked[Any], permission: Permission) -> str:
    """Its uid, for flows."""
    return await edge.read(lambda call: asset_of(call, asked, permission).uid)


def id_of(call: Call, asset: Asset) -> str:
    """How clients name an asset."""
    return repo_id(slugs.spoken_namespace(call, asset), asset.slug)


def revision_of(call: Call, asset: Asset, text: str) -> RevisionView:
    """A revision that the client names. :raises NotFound: there is none; it says that the revision is what is not."""
    with lacking(REVISION):
        return history.get(call, asset.uid, names.revision(text))
