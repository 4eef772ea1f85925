"""The unmodified hf_xet client, without a hub: each call is a process of its own, with its own Python and packages."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.foreign import kept_environment, python_of

VENV = ".venv-huggingface"
PRELUDE = """
import json, os, sys
import hf_xet
told = json.loads(os.environ["TOLD"])
session = hf_xet.XetSession()
headers = {"Authorization": "Bearer " + told["token"]}
"""
UPLOAD = """
with session.new_upload_commit(token_refresh_url=told["write"], token_refresh_headers=headers) as commit:
    begun = {path: commit.start_upload_file(path, sha256=hf_xet.COMPUTE_SHA256) for path in told["paths"]}
said = {}
for path, handle in begun.items():
    result = handle.result()
    info, metrics = result.xet_info, result.dedup_metrics
    said[path] = {"hash": info.hash, "size": info.file_size, "sha256": info.sha256, "new": metrics.new_bytes}
print(json.dumps(said))
"""
DOWNLOAD = """
with session.new_file_download_group(token_refresh_url=told["read"], token_refresh_headers=headers) as group:
    for hashed, size, to in told["files"]:
        group.start_download_file(hf_xet.XetFileInfo(hashed, size), to)
print("{}")
"""
STREAM = """
group = session.new_download_stream_group(token_refresh_url=told["read"], token_refresh_headers=headers)
info = hf_xet.XetFileInfo(told["hash"], told["size"])
with open(told["to"], "wb") as file:
    for piece in group.download_stream(info, start=told["start"], end=told["end"]):
        file.write(piece)
print("{}")
"""


class XetError(Exception):
    """What the client wrote when it gave up."""


class XetClient:
    """A client with a folder of its own; what it remembers of a store lies there.

    :param url: of the server. :param asset: uid of the asset that it reads and writes files of.
    """

    def __init__(self, url: str, asset: str, token: str, folder: Path, **environment: str) -> None:
        self._url, self._asset, self._token, self._folder = url, asset, token, folder
        self._environment = environment

    def start(self, program: str, **told: object) -> "subprocess.Popen[str]":
        """Begin a process; to be waited for, or killed."""
        said = {
            "token": self._token,
            "write": f"{self._url}/cas/-/tokens/write/{self._asset}",
            "read": f"{self._url}/cas/-/tokens/read/{self._asset}",
            **told,
        }
        env = {
            **kept_environment("HF_"),
            "TOLD": json.dumps(said),
            "HF_HOME": str(self._folder),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_XET_TELEMETRY_ENABLED": "0",
            "HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "1",
            **self._environment,
        }
        return subprocess.Popen(  # noqa: S603 - our own program
            [str(python_of(VENV)), "-c", PRELUDE + program],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, program: str, **told: object) -> Any:  # noqa: ANN401 - what the program says, as JSON
        """:raises XetError: the client gave up."""
        child = self.start(program, **told)
        try:
            said, noise = child.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise
        if child.returncode:
            raise XetError(noise[-3000:])
        return json.loads(said.splitlines()[-1])

    def upload(self, *paths: Path) -> dict[str, Any]:
        """Send files; for each path its hash, size, SHA-256 and how many bytes were new."""
        said = self.run(UPLOAD, paths=[str(path) for path in paths])
        return {Path(path).name: one for path, one in said.items()}

    def download(self, hashed: str, size: int, to: Path) -> None:
        """Fetch a whole file."""
        self.run(DOWNLOAD, files=[[hashed, size, str(to)]])

    def stream(self, hashed: str, size: int, start: int, end: int, to: Path) -> None:
        """Fetch bytes `start` to `end` of a file."""
        self.run(STREAM, hash=hashed, size=size, start=start, end=end, to=str(to))
