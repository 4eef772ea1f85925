"""Artifacts behind a tracking server: what it proxies, and those of runs and logged models that it reads for us."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.sdk.imports.http import MlflowHttp, segments
from strongroom.sdk.imports.model import Wrong
from strongroom.sdk.imports.places import DEEPEST, KIND, Found
from strongroom.sdk.imports.reading import rows_of, text, whole
from strongroom.sdk.imports.source import SourceError

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@dataclass(frozen=True, slots=True)
class _Listing:
    """Files behind a server, which lists one directory at a time."""

    http: MlflowHttp

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        """What the server says lies in a directory; names only."""
        raise NotImplementedError

    def files(self, path: str = "", depth: int = 0) -> Iterator[Found | Wrong]:
        """See :class:`Place`."""
        try:
            rows = self.listed(path)
        except SourceError as error:
            yield Wrong(KIND, path or ".", error.detail)
            return
        for row in sorted(rows, key=lambda one: text(one.get("path"))):
            name = text(row.get("path")).rpartition("/")[2]
            below = f"{path}/{name}" if path else name
            if text(row.get("path")) not in {name, below, ""} or name in {"", ".", ".."} or depth > DEEPEST:
                yield Wrong(KIND, below, "the server answers a path that is none")
            elif row.get("is_dir"):
                yield from self.files(below, depth + 1)
            else:
                yield Found(below, whole(row.get("file_size")))


@dataclass(frozen=True, slots=True)
class Proxied(_Listing):
    """What a server proxies below ``mlflow-artifacts:``."""

    root: str

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        """See :class:`_Listing`."""
        return rows_of(self.http.get(PROXY, path=_join(self.root, path)).get("files"))

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """See :class:`Place`."""
        target = folder / "fetched"
        self.http.download(f"{PROXY}/{segments(_join(self.root, path))}", target, size)
        return target

    def below(self, path: str) -> "Proxied":
        """See :class:`Place`."""
        return Proxied(self.http, _join(self.root, path))


@dataclass(frozen=True, slots=True)
class OfRun(_Listing):
    """A run's artifacts, wherever the server reads them from."""

    run_id: str
    root: str = ""

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        """See :class:`_Listing`."""
        answer = self.http.get(f"{API}/artifacts/list", run_id=self.run_id, path=_join(self.root, path) or None)
        return [{**row, "path": _last(row)} for row in rows_of(answer.get("files"))]

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """See :class:`Place`."""
        target = folder / "fetched"
        self.http.download("/get-artifact", target, size, run_id=self.run_id, path=_join(self.root, path))
        return target

    def below(self, path: str) -> "OfRun":
        """See :class:`Place`."""
        return OfRun(self.http, self.run_id, _join(self.root, path))


@dataclass(frozen=True, slots=True)
class OfModel(_Listing):
    """A logged model's artifacts, wherever the server reads them from."""

    model_id: str
    root: str = ""

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        """See :class:`_Listing`."""
        address = f"{API}/logged-models/{segments(self.model_id)}/artifacts/directories"
        answer = self.http.get(address, artifact_directory_path=_join(self.root, path) or None)
        return [{**row, "path": _last(row)} for row in rows_of(answer.get("files"))]

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """See :class:`Place`."""
        target = folder / "fetched"
        address = f"/ajax-api/2.0/mlflow/logged-models/{segments(self.model_id)}/artifacts/files"
        self.http.download(address, target, size, artifact_file_path=_join(self.root, path))
        return target

    def below(self, path: str) -> "OfModel":
        """See :class:`Place`."""
        return OfModel(self.http, self.model_id, _join(self.root, path))


def _last(row: Mapping[str, Any]) -> str:
    return text(row.get("path")).rpartition("/")[2]


def _join(root: str, path: str) -> str:
    return "/".join(part for part in (root.strip("/"), path) if part)
