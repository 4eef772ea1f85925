"""Data sets by the names that references give them, so that nobody's word stands for one of ours."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.tables import asset, asset_name, evaluation, namespace, version
from strongroom.domain.identity.access import Visible
from strongroom.domain.registry.names import name_key

_VERSION: Final = version.alias("data_version")
_ASSET: Final = asset.alias("data_asset")
_NAMESPACE: Final = namespace.alias("data_namespace")
ASSET_ID: Final[ColumnElement[int]] = _ASSET.c.id
"""Of the data set of an evaluation in a query that is `with_data_set`; NULL when it is none of ours."""
PLACE: Final = (_NAMESPACE.c.path.label("data_path"), _ASSET.c.name.label("data_asset_name"))


def with_data_set(query: Select[Any]) -> Select[Any]:
    """A query of evaluations, with the version of ours that each is on."""
    joined = query.outerjoin(_VERSION, _VERSION.c.id == evaluation.c.dataset_version_id)
    joined = joined.outerjoin(_ASSET, _ASSET.c.id == _VERSION.c.asset_id)
    return joined.outerjoin(_NAMESPACE, _NAMESPACE.c.id == _ASSET.c.namespace_id)


def called(workspace_id: int, name: str, visible: Visible) -> Select[Any]:
    """The ids of the assets that a reference of this name means: one a kind, those outside the trash."""
    path, _, own = name.rpartition("/")
    found = select(asset.c.id).join(asset_name, asset_name.c.asset_id == asset.c.id)
    found = found.join(namespace, namespace.c.id == asset_name.c.namespace_id)
    named = namespace.c.path == path, asset_name.c.name_key == name_key(own)
    live = namespace.c.workspace_id == workspace_id, namespace.c.deleted_at.is_(None), asset.c.deleted_at.is_(None)
    return found.where(*named, *live, visible_where(visible))
