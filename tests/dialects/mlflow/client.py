"""The unmodified MLflow client in a process of its own, with its own Python and packages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.foreign import Decoded, ForeignError, ForeignProcess, kept_environment

__all__ = ["Decoded", "MlflowError", "MlflowProcess", "client_of"]

VENV = ".venv-mlflow"
PRELUDE = """
import json, math, os, tempfile, time
from pathlib import Path
import mlflow
from mlflow import MlflowClient
client = MlflowClient()
"""
MlflowError = ForeignError


@contextmanager
def client_of(url: str, token: str, folder: Path, **environment: str) -> Iterator["MlflowProcess"]:
    """A client with a token, which ends with the block."""
    child = MlflowProcess(url, folder, MLFLOW_TRACKING_TOKEN=token, **environment)
    try:
        yield child
    finally:
        child.close()


class MlflowProcess(ForeignProcess):
    """A Python with mlflow that knows of us only what `MLFLOW_*` says."""

    def __init__(self, url: str, folder: Path, venv: str = VENV, **environment: str) -> None:
        told = {
            "MLFLOW_TRACKING_URI": url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            **environment,
        }
        super().__init__(venv, kept_environment("MLFLOW_") | told, folder, PRELUDE)

    def code_of(self, piece: str) -> str | None:
        """The error code that a piece ends with."""
        try:
            self.run(piece)
        except MlflowError as error:
            return error.code
        return "no error"
