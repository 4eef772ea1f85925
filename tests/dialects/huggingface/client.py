"""The unmodified clients of the Hub in a process of their own, with their own Python, packages and fresh HF_HOME."""

import subprocess
from pathlib import Path

from tests.support.foreign import Decoded, ForeignError, ForeignProcess, kept_environment

__all__ = ["Decoded", "HubError", "HubProcess", "environment"]

PRELUDE = """
import io, json, os, tempfile, hashlib
from pathlib import Path
import huggingface_hub
from huggingface_hub import HfApi, CommitOperationAdd, CommitOperationDelete, CommitOperationCopy
api = HfApi()
"""
HubError = ForeignError


def environment(url: str, token: str | None, folder: Path, **more: str) -> dict[str, str]:
    """All that a client is told: where the server is and who it is."""
    return {
        **kept_environment("HF_", "STRONGROOM_"),
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


class HubProcess(ForeignProcess):
    """A Python with huggingface_hub that knows of us only what `HF_*` says."""

    def __init__(self, url: str, token: str | None, folder: Path, **more: str) -> None:
        super().__init__(".venv-huggingface", environment(url, token, folder, **more), folder, PRELUDE)

    def refused(self, piece: str) -> tuple[str, int | None]:
        """The class and status of the error that a piece ends with."""
        try:
            self.run(piece)
        except HubError as error:
            return error.kind, error.status
        return "no error", None

    def command(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run the `hf` command."""
        return super().command("hf", *arguments, seconds=seconds)
