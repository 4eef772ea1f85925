"""The route table of the native API, as data."""

from strongroom.dialects.native.operation import Operation
from strongroom.dialects.native.operations import (
    access,
    artifacts,
    assets,
    audit,
    lineage,
    principals,
    tracking,
    versions,
    workspaces,
)

PREFIX = "/api/v1"

OPERATIONS: tuple[Operation, ...] = (
    *workspaces.OPERATIONS,
    *assets.OPERATIONS,
    *versions.OPERATIONS,
    *artifacts.OPERATIONS,
    *tracking.OPERATIONS,
    *lineage.OPERATIONS,
    *access.OPERATIONS,
    *principals.OPERATIONS,
    *audit.OPERATIONS,
)
