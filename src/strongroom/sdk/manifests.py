"""Manifests: pushed, read, compared; whether an encoder, base or tool is the one that is named."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from strongroom.sdk import canonical, transfers
from strongroom.sdk.api import Api
from strongroom.sdk.errors import Invalid
from strongroom.sdk.localfiles import find
from strongroom.sdk.lookup import VersionRef, version_of, version_uid
from strongroom.sdk.models import Answer, FieldChange, Version
from strongroom.sdk.progress import Progress
from strongroom.sdk.prompts import Prompt
from strongroom.sdk.transfers import LocalVersion, Said

PATH = "strongroom.json"


class Member(Answer, frozen=True):
    """A member: its place and digest; `reference`, kind and state when it is a version that you may see."""

    path: str
    digest: str
    version_uid: str | None = None
    uri: str | None = None
    reference: str | None = None
    kind: str | None = None
    state: str | None = None


class Manifest(Answer, frozen=True):
    """A version's manifest. `digest` covers what it means, with its members' digests; `body` is the document."""

    kind: str
    digest: str
    body: Mapping[str, Any]
    version_uid: str = ""
    members: list[Member] = msgspec.field(default_factory=list)


class ManifestDiff(Answer, frozen=True):
    """What differs between two manifests (`before` and `after` are their digests)."""

    kind: str
    before: str
    after: str
    changes: list[FieldChange]
    truncated: bool = False


class Manifests:
    """``client.manifests``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, version: VersionRef) -> Manifest:
        """The manifest of a version. :raises NotFound: it has none."""
        return self._api.call("manifest.get", Manifest, uid=version_uid(self._api, version))

    def diff(self, before: VersionRef, after: VersionRef) -> ManifestDiff:
        """What differs between two manifests of one kind."""
        ends = version_uid(self._api, before), version_uid(self._api, after)
        return self._api.call("manifest.diff", ManifestDiff, uid=ends[0], other=ends[1])

    def member(self, version: VersionRef) -> dict[str, str]:
        """A version as a member of a manifest: by uid and digest, with its name beside them."""
        found = version_of(self._api, version)
        if found.tree is None:
            raise Invalid(f"{found.asset!r} has no content yet.")
        return {"version": found.uid, "digest": f"sha256:{found.tree}", "name": found.reference}

    def check(
        self,
        version: VersionRef,
        *,
        encoder: VersionRef | None = None,
        dimension: int | None = None,
        metric: str | None = None,
        base: VersionRef | None = None,
        tools: Mapping[str, Mapping[str, Any] | str] | None = None,
    ) -> None:
        """Refuse what a manifest does not name.

        :param encoder: of queries to an index: a version, or ``sha256:…``. :param base: of an adapter, likewise.
        :param tools: of an agent: name -> JSON schema, or its digest; those of an MCP server as ``server/tool``.
        :raises MemberMismatch: it is another; `details` hold `path`, `expected` and `found`.
        """
        digests = {name: one if isinstance(one, str) else canonical.digest(one) for name, one in (tools or {}).items()}
        self._api.send(
            "manifest.check",
            uid=version_uid(self._api, version),
            encoder=self._digest(encoder),
            dimension=dimension,
            metric=metric,
            base=self._digest(base),
            tools=digests,
        )

    def _digest(self, one: VersionRef | None) -> str | None:
        if one is None or (isinstance(one, str) and one.startswith("sha256:")):
            return one
        return self.member(one)["digest"]

    def pull_adapter(
        self, adapter: VersionRef, base: VersionRef, *, progress: Progress | bool = True
    ) -> tuple[LocalVersion, LocalVersion]:
        """An adapter and its base in the cache. :raises MemberMismatch: the base is another than the adapter's."""
        from strongroom.sdk.progress import choose

        versions = version_of(self._api, adapter), version_of(self._api, base)
        self.check(versions[0], base=versions[1])
        first, second = (transfers.pull(self._api, one, None, "", choose(progress)) for one in versions)
        return first, second

    def push(
        self,
        name: str,
        manifest: Mapping[str, Any] | Prompt,
        source: str | Path | None = None,
        *,
        said: Said,
        progress: Progress,
        create: bool = True,
    ) -> Version:
        """Publish a manifest, alone or with the files of a folder; the asset's kind is the manifest's.

        :raises BadManifest: `details["path"]` names the place. :raises Invalid: the folder has a manifest of its own.
        """
        body = manifest.manifest() if isinstance(manifest, Prompt) else dict(manifest)
        kind = body.get("kind")
        if not isinstance(kind, str):
            raise Invalid("A manifest says its kind.")
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / PATH
            written.write_text(json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")
            files: Sequence[tuple[str, Path]] = find(Path(source)) if source is not None else []
            if any(path == PATH for path, _ in files):
                raise Invalid(f"The folder has a {PATH} of its own; push it as it is, or take that file out.")
            every = sorted([*files, (PATH, written)])
            return transfers.push_files(self._api, every, name, kind, said, progress, create=create)
