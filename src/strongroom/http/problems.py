"""Refusals that come before any operation is found, each in the shape of the dialect whose address was asked for.

A client reads an error only in its own dialect's shape, and some act on what it says: MLflow's falls back to another
endpoint on an unknown one, and retries what looks like passing trouble.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from strongroom.dialects.huggingface import errors as huggingface_errors
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
#: The same for the Hub's, which stand among MLflow's; files and LFS are below the names of repositories.
HUGGINGFACE: Final = re.compile(
    r"/api/(?:(?:models|datasets|spaces|repos|lfs)/|(?:models|datasets|spaces|whoami-v2|validate-yaml)$)"
    r"|/(?:[^/]+/){1,20}(?:resolve/|info/lfs/|ask-access$)"
)


def _is_huggingface(path: str) -> bool:
    return HUGGINGFACE.match(path) is not None and not path.startswith((PREFIX + "/", "/ajax-api/"))


def _is_mlflow(path: str) -> bool:
    return path.startswith(MLFLOW) and not path.startswith(PREFIX + "/")


def _refusing(path: str) -> Refusal:
    """How the dialect that an address belongs to refuses."""
    here = below_workspace(path)
    if path.startswith(XET):
        return xet_errors.refusal
    if _is_huggingface(here):
        return huggingface_errors.refusal
    return mlflow_errors.refusal if _is_mlflow(here) else problem


def below_workspace(path: str) -> str:
    """The address without the part that names a workspace."""
    if not path.startswith("/w/"):
        return path
    return "/" + path[3:].partition("/")[2]


def refusal_at(path: str, status: int, code: str, detail: str, request_id: str | None) -> Response:
    """A refusal for whoever asked at this address."""
    return _refusing(path)(status, code, detail, request_id, {})


def refusal_of(path: str, error: DomainError, request_id: str | None) -> Response:
    """A domain error for whoever asked at this address."""
    here = below_workspace(path)
    if path.startswith(XET):
        return xet_errors.refusal_of(error, request_id)
    if _is_huggingface(here):
        return huggingface_errors.refusal_of(error)
    if _is_mlflow(here):
        return mlflow_errors.refusal_of(error, request_id)
    return problem_of(error, request_id)
