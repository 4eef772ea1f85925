"""The route table of MLflow's API, as data."""

from collections.abc import Sequence

from strongroom.application.edge import Gateway
from strongroom.dialects.mlflow.operation import Operation
from strongroom.dialects.mlflow.operations import (
    artifacts,
    assessments,
    datasets,
    experiments,
    logged_models,
    models,
    otlp,
    recording,
    runs,
    scorers,
    server,
    trace_search,
    traces,
    transfers,
    versions,
    webhooks,
    workspaces,
)
from strongroom.dialects.mlflow.pipeline import Pipeline
from strongroom.dialects.shared.routes import Route

OPERATIONS: tuple[Operation, ...] = (
    *server.OPERATIONS,
    *experiments.OPERATIONS,
    *runs.OPERATIONS,
    *recording.OPERATIONS,
    *logged_models.OPERATIONS,
    *artifacts.OPERATIONS,
    *transfers.OPERATIONS,
    *datasets.OPERATIONS,
    *scorers.OPERATIONS,
    *models.OPERATIONS,
    *versions.OPERATIONS,
    *webhooks.OPERATIONS,
    *workspaces.OPERATIONS,
    *traces.OPERATIONS,
    *trace_search.OPERATIONS,
    *assessments.OPERATIONS,
    *otlp.OPERATIONS,
)


def routes(gateway: Gateway) -> Sequence[Route]:
    """Every address of every operation, each with an id of its own."""
    pipeline = Pipeline(gateway)
    return [
        Route(_id(operation, path, method), method, path, operation.permission, endpoint)
        for operation in OPERATIONS
        for endpoint in [pipeline.endpoint(operation)]
        for path in operation.addresses()
        for method in operation.methods
    ]


def _id(operation: Operation, path: str, method: str) -> str:
    """The operation's id, and what sets this address apart from its first one."""
    parts = ["mlflow", operation.id]
    if path.startswith("/ajax-api/"):
        parts.append("ajax")
    if len(operation.versions) > 1 and f"/{operation.versions[0]}/" not in path:
        parts.append("v" + path.split("/")[2])
    if method != operation.methods[0]:
        parts.append(method.lower())
    return ".".join(parts)
