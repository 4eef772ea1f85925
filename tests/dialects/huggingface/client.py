"""The unmodified clients of the Hub in a process of their own, with their own Python, packages and fresh HF_HOME."""

import json
import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-huggingface" / "bin" / "python"
CHILD = Path(__file__).with_name("child.py")
PRELUDE = """
import io, json, os, tempfile, hashlib
from pathlib import Path
import huggingface_hub
from huggingface_hub import HfApi, CommitOperationAdd, CommitOperationDelete, CommitOperationCopy
api = HfApi()
"""
Decoded = Any
"""What JSON becomes; tests look inside without asking at every step."""


class HubError(Exception):
    """What the client raised."""

    def __init__(self, kind: str, status: int | None, message: str, trace: str) -> None:
        super().__init__(f"{kind} {status}: {message}\n{trace}")
        self.kind, self.status, self.message = kind, status, message


def environment(url: str, token: str | None, folder: Path, **more: str) -> dict[str, str]:
    """All that a client is told: where the server is and who it is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTHON", "STRONGROOM_"))}
    return {
        **kept,
        "HF_ENDPOINT": url,
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_XET_TELEMETRY_ENABLED": "0",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        **({"HF_TOKEN": token} if token else {}),
        **more,
    }


class HubProcess:
    """A Python with huggingface_hub that knows of us only what `HF_*` says."""

    def __init__(self, url: str, token: str | None, folder: Path, **more: str) -> None:
        assert PYTHON.exists(), "The clients' environment is missing: make .venv-huggingface/.stamp"
        self.env = environment(url, token, folder, **more)
        self.folder = folder
        self.log = folder / "client.log"
        self._noise = self.log.open("w")
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            [str(PYTHON), str(CHILD)],
            env=self.env,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            text=True,
        )
        self.run(PRELUDE)

    def run(self, piece: str) -> Decoded:
        """Run a piece of Python; returns what it set as `result`.

        :raises HubError: it raised.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(textwrap.dedent(piece)) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        assert line, self.log.read_text()[-4000:]
        answer = json.loads(line)
        if "error" in answer:
            raise HubError(answer["error"], answer["status"], answer["message"], answer["trace"])
        return answer["result"]

    def refused(self, piece: str) -> tuple[str, int | None]:
        """The class and status of the error that a piece ends with."""
        try:
            self.run(piece)
        except HubError as error:
            return error.kind, error.status
        return "no error", None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the `hf` command."""
        program = PYTHON.with_name("hf")
        done = subprocess.run(  # noqa: S603 - the client's own program, no shell
            [str(program), *arguments],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def close(self) -> None:
        """End it."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(20)
        self._child.stdout.close()
        self._noise.close()
