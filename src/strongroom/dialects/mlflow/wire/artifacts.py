"""Artifacts on the wire."""

from strongroom.dialects.mlflow.wire.codec import Message


class ArtifactPath(Message):
    """A path behind the proxy's address."""

    artifact_path: str = ""


class ListProxied(Message):
    """A directory behind the proxy's address."""

    path: str = ""


class FileInfo(Message):
    """A file or directory."""

    path: str
    is_dir: bool
    file_size: int | None = None


class FilesAnswer(Message):
    """What lies in a directory; paths are relative to it."""

    files: list[FileInfo] = []


class ListRunArtifacts(Message):
    """A directory of a run."""

    run_id: str | None = None
    run_uuid: str | None = None
    path: str = ""
    page_token: str | None = None


class RunFilesAnswer(Message):
    """What lies in a directory of a run; paths are whole."""

    root_uri: str
    files: list[FileInfo] = []
    next_page_token: str | None = None


class GetArtifact(Message):
    """One file of a run."""

    run_id: str | None = None
    run_uuid: str | None = None
    path: str | None = None


class GetVersionArtifact(Message):
    """One file of a model version."""

    name: str | None = None
    version: str | None = None
    path: str | None = None
