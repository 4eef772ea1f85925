"""The route table of the Hub's API, as data."""

from collections.abc import Sequence

from strongroom.application.edge import Gateway
from strongroom.dialects.huggingface.operation import Operation
from strongroom.dialects.huggingface.operations import (
    access,
    accounts,
    checks,
    commits,
    copying,
    discussions,
    large_files,
    lfs,
    listing,
    refs,
    repositories,
    tree,
    xet,
)
from strongroom.dialects.huggingface.pipeline import Pipeline
from strongroom.dialects.shared.routes import Route

OPERATIONS: tuple[Operation, ...] = (
    *accounts.OPERATIONS,
    *repositories.OPERATIONS,
    *listing.OPERATIONS,
    *copying.OPERATIONS,
    *tree.OPERATIONS,
    *commits.OPERATIONS,
    *lfs.OPERATIONS,
    *large_files.OPERATIONS,
    *xet.OPERATIONS,
    *refs.OPERATIONS,
    *discussions.OPERATIONS,
    *access.OPERATIONS,
    *checks.OPERATIONS,
)


def routes(gateway: Gateway) -> Sequence[Route]:
    """Every address of every operation, each with an id of its own."""
    pipeline = Pipeline(gateway)
    return [
        Route(
            ".".join(filter(None, ("huggingface", operation.id, kind))),
            operation.method,
            path,
            operation.permission,
            pipeline.endpoint(operation, kind),
            whole=True,
        )
        for operation in OPERATIONS
        for kind, path in operation.addresses()
    ]
