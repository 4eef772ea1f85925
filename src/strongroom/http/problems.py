"""Refusals that come before any operation is found, each in the shape of the dialect whose address was asked for.

A client reads an error only in its own dialect's shape, and some act on what it says: MLflow's falls back to another
endpoint on an unknown one, and retries what looks like passing trouble.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from strongroom.dialects.mlflow import errors as mlflow_errors
from strongroom.dialects.native.pipeline import problem, problem_of
from strongroom.dialects.native.routes import PREFIX
from strongroom.dialects.xet import errors as xet_errors
from strongroom.domain.errors import DomainError

Refusal = Callable[[int, str, str, str | None, Mapping[str, Any]], Response]

#: First parts of addresses that belong to MLflow's clients, whether or not anything answers there.
MLFLOW: Final = ("/api/", "/ajax-api/", "/get-artifact", "/model-versions/", "/graphql")
#: Addresses of the Xet protocol.
XET: Final = "/cas/"


def _is_mlflow(path: str) -> bool:
    return path.startswith(MLFLOW) and not path.startswith(PREFIX + "/")


def below_workspace(path: str) -> str:
    """The address without the part that names a workspace."""
    if not path.startswith("/w/"):
        return path
    return "/" + path[3:].partition("/")[2]


def refusal_at(path: str, status: int, code: str, detail: str, request_id: str | None) -> Response:
    """A refusal for whoever asked at this address."""
    refuse: Refusal = problem
    if path.startswith(XET):
        refuse = xet_errors.refusal
    elif _is_mlflow(below_workspace(path)):
        refuse = mlflow_errors.refusal
    return refuse(status, code, detail, request_id, {})


def refusal_of(path: str, error: DomainError, request_id: str | None) -> Response:
    """A domain error for whoever asked at this address."""
    if path.startswith(XET):
        return xet_errors.refusal_of(error, request_id)
    if _is_mlflow(below_workspace(path)):
        return mlflow_errors.refusal_of(error, request_id)
    return problem_of(error, request_id)
