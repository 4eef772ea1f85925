"""The route table of the Hub's API, as data."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

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
from strongroom.domain.identity.roles import Permission

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


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method of an operation."""

    id: str
    method: str
    path: str
    permission: Permission
    endpoint: Callable[[Request], Awaitable[Response]]


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
        )
        for operation in OPERATIONS
        for kind, path in operation.addresses()
    ]
