"""An unmodified foreign client in a process of its own, with its own Python and packages."""

import json
import os
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("foreign_child.py")
Decoded = Any
"""What JSON becomes; tests look inside without asking at every step."""


class ForeignError(Exception):
    """What the client raised: its class, the error code or HTTP status that it carries, its words."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.kind: str = answer["error"]
        self.code: str | None = answer["code"]
        self.status: int | None = answer["status"]
        self.message: str = answer["message"]
        super().__init__(f"{self.kind} {self.code or self.status}: {self.message}\n{answer['trace']}")


def python_of(venv: str) -> Path:
    """The Python of a client's environment, such as ``.venv-mlflow``."""
    python = ROOT / venv / "bin" / "python"
    assert python.exists(), f"The client's environment is missing: make {venv}/.stamp"
    return python


def kept_environment(*told: str) -> dict[str, str]:
    """This process's environment without what begins so: all that a client is told, it is told by its test."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", *told))}


class ForeignProcess:
    """A Python with a client's packages, which runs one piece after another.

    :param environment: all of it. :param folder: where it works; its standard error goes to ``client.log`` there.
    :param prelude: the piece that is run first.
    """

    def __init__(self, venv: str, environment: Mapping[str, str], folder: Path, prelude: str) -> None:
        self.python, self.env, self.folder = python_of(venv), dict(environment), folder
        self.log = folder / "client.log"
        self._noise = self.log.open("w")
        self._child = subprocess.Popen(
            [str(self.python), str(CHILD)],
            env=self.env,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            text=True,
        )
        self.run(prelude)

    def run(self, piece: str) -> Decoded:
        """Run a piece of Python; returns what it set as `result`.

        :raises ForeignError: it raised.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(textwrap.dedent(piece)) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        assert line, self.log.read_text()[-4000:]
        answer = json.loads(line)
        if "error" in answer:
            raise ForeignError(answer)
        return answer["result"]

    def command(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command of the client's, which stands beside its Python, to its end; it must succeed."""
        program = self.python.with_name(arguments[0])
        done = subprocess.run(
            [str(program), *arguments[1:]],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def close(self) -> None:
        """End it; it may have threads to join and libraries to unload."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(120)
        self._child.stdout.close()
        self._noise.close()
