"""The unmodified MLflow client in a process of its own, with its own Python and packages."""

import json
import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-mlflow" / "bin" / "python"
CHILD = Path(__file__).with_name("child.py")
PRELUDE = """
import json, math, os, tempfile, time
from pathlib import Path
import mlflow
from mlflow import MlflowClient
client = MlflowClient()
"""
Decoded = Any
"""What JSON becomes; tests look inside without asking at every step."""


class MlflowError(Exception):
    """What the client raised."""

    def __init__(self, kind: str, code: str | None, message: str, trace: str) -> None:
        super().__init__(f"{kind} {code}: {message}\n{trace}")
        self.kind, self.code, self.message = kind, code, message


class MlflowProcess:
    """A Python with mlflow that knows of us only what `MLFLOW_*` says."""

    def __init__(self, url: str, folder: Path, **environment: str) -> None:
        assert PYTHON.exists(), "MLflow's environment is missing: make .venv-mlflow/.stamp"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))}
        env = {
            **kept,
            "MLFLOW_TRACKING_URI": url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            **environment,
        }
        self.log = folder / "client.log"
        self._noise = self.log.open("w")
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            [str(PYTHON), str(CHILD)],
            env=env,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            text=True,
        )
        self.run(PRELUDE)

    def run(self, piece: str) -> Decoded:
        """Run a piece of Python; returns what it set as `result`.

        :raises MlflowError: it raised.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(textwrap.dedent(piece)) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        assert line, self.log.read_text()[-4000:]
        answer = json.loads(line)
        if "error" in answer:
            raise MlflowError(answer["error"], answer["code"], answer["message"], answer["trace"])
        return answer["result"]

    def code_of(self, piece: str) -> str | None:
        """The error code that a piece ends with."""
        try:
            self.run(piece)
        except MlflowError as error:
            return error.code
        return "no error"

    def close(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(120)  # it may have threads to join and libraries to unload
        self._child.stdout.close()
        self._noise.close()
