"""Files as the Hub shows them: kept by Git or by LFS is a pure function of path and size (domain.md N11)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from strongroom.application.artifacts.blobstore import GIT_SHA1_LIMIT
from strongroom.dialects.huggingface.translate.names import sha

_PACKED = "7z bz2 gz lz4 rar tar tgz xz zip zst"
_MODELS = "bin ckpt ftz gguf h5 joblib keras mlmodel model msgpack onnx ot pb pickle pkl pt pth safetensors tflite wasm"
_DATA = "arrow avro db duckdb feather mds npy npz orc parquet sqlite tfrecord"
_MEDIA = "aac avi bmp flac gif jpeg jpg m4a mkv mov mp3 mp4 ogg opus pcm pdf png raw tif tiff wav webm webp"
LARGE_FILES: Final = frozenset(f"{_PACKED} {_MODELS} {_DATA} {_MEDIA}".split())
"""Endings of files that are LFS files however small; what is larger than 10 MiB is one whatever it is called."""


def is_large(path: str, size: int) -> bool:
    """Whether a file is sent and shown as one of LFS. An empty one never is: clients cannot send it so."""
    return size > GIT_SHA1_LIMIT or (size > 0 and path.rpartition(".")[2].lower() in LARGE_FILES)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file: `git_sha1` up to 10 MiB, `xet` when it is stored as chunks."""

    path: str
    size: int
    sha256: str
    git_sha1: str | None
    xet: str | None = None

    @property
    def large(self) -> bool:
        """Whether it is shown as an LFS file."""
        return self.git_sha1 is None or is_large(self.path, self.size)

    @property
    def pointer(self) -> bytes:
        """What Git would hold of an LFS file."""
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n"
        return text.encode()

    @property
    def oid(self) -> str:
        """The id of its Git blob."""
        if self.large or self.git_sha1 is None:
            blob = b"blob %d\0" % len(self.pointer) + self.pointer
            return hashlib.sha1(blob, usedforsecurity=False).hexdigest()
        return self.git_sha1

    @property
    def etag(self) -> str:
        """What tells its content: the SHA-256 of an LFS file, the Git id of another."""
        return self.sha256 if self.large else self.oid


def tree_item(file: FileFacts, commit: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A file in a listing."""
    item: dict[str, Any] = {"type": "file", "path": file.path, "size": file.size, "oid": file.oid}
    if file.large:
        item["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": len(file.pointer)}
        if file.xet is not None:
            item["xetHash"] = file.xet
    return item | ({"lastCommit": commit} if commit else {})


def directory_item(path: str, tree: str, commit: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A directory in a listing. Its id changes with the tree that it lies in."""
    oid = sha(hashlib.sha256(f"{tree}/{path}".encode()).hexdigest())
    item: dict[str, Any] = {"type": "directory", "path": path.removesuffix("/"), "size": 0, "oid": oid}
    return item | ({"lastCommit": commit} if commit else {})


def sibling(file: FileFacts, *, blobs: bool) -> dict[str, Any]:
    """A file in what is said of a repository."""
    item: dict[str, Any] = {"rfilename": file.path}
    if blobs:
        item |= {"size": file.size, "blobId": file.oid}
        if file.large:
            item["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": len(file.pointer)}
    return item


def file_headers(file: FileFacts, commit: str) -> dict[str, str]:
    """What a client reads off an answer to a look at a file, or to a download of it."""
    headers = {"X-Repo-Commit": commit, "ETag": f'"{file.etag}"'}
    if file.large:
        headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
    return headers
