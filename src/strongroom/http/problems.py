"""Refusals that come before any operation is found, each in the shape of the dialect whose address was asked for."""

from typing import Final

from starlette.responses import Response

from strongroom.dialects.huggingface import errors as huggingface
from strongroom.dialects.mlflow import errors as mlflow
from strongroom.dialects.native.pipeline import problem, problem_of
from strongroom.dialects.native.routes import PREFIX
from strongroom.dialects.shared.refusals import Refusals
from strongroom.dialects.xet import errors as xet
from strongroom.domain.errors import DomainError

NATIVE: Final = Refusals(lambda path: path.startswith(PREFIX + "/"), problem, problem_of)
#: The first that owns an address refuses there: the Hub's stand among MLflow's. What nobody owns is refused natively.
DIALECTS: Final = (NATIVE, xet.REFUSALS, huggingface.REFUSALS, mlflow.REFUSALS)


def _refusing(path: str) -> Refusals:
    here = below_workspace(path)
    return next((one for one in DIALECTS if one.owns(here)), NATIVE)


def below_workspace(path: str) -> str:
    """The address without the part that names a workspace."""
    if not path.startswith("/w/"):
        return path
    return "/" + path[3:].partition("/")[2]


def refusal_at(path: str, status: int, code: str, detail: str, request_id: str | None) -> Response:
    """A refusal for whoever asked at this address."""
    return _refusing(path).of_status(status, code, detail, request_id, {})


def refusal_of(path: str, error: DomainError, request_id: str | None) -> Response:
    """A domain error for whoever asked at this address."""
    return _refusing(path).of_error(error, request_id)
