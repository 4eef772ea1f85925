"""Artifacts on the wire."""

import msgspec

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


class CreateUpload(Message):
    """A file to be sent in parts: the directory it goes to, its name as the client has it, how many parts."""

    artifact_path: str = ""
    path: str | None = None
    num_parts: int = 1


class Part(Message):
    """A part that was sent, with the ETag of its answer."""

    part_number: int = 0
    etag: str | None = None


class EndUpload(Message):
    """A file whose parts were sent, or that is given up."""

    artifact_path: str = ""
    path: str | None = None
    upload_id: str | None = None
    parts: list[Part] = []


class Credential(Message):
    """Where a part is sent to."""

    url: str
    part_number: int
    headers: dict[str, str] = {}


class UploadAnswer(Message):
    """A file on its way."""

    upload_id: str
    credentials: list[Credential]


class Ticket(Message):
    """An address that needs no credential."""

    ticket: str = ""


class Presigned(Message):
    """Where a file can be read from without a credential."""

    url: str
    file_size: int
    headers: dict[str, str] = msgspec.field(default_factory=dict)
