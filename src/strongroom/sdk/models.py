"""What the server answers, as typed values. Unknown fields are ignored: a newer server may send more.

Times are aware datetimes, sizes are bytes.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from strongroom.sdk.packaging import ManifestSummary, Packaging, StatisticsSummary

Scalar = str | int | float | bool | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all answers."""


class Workspace(Answer, frozen=True):
    """A workspace."""

    uid: str
    slug: str
    description: str
    etag: int
    created_at: datetime


class Namespace(Answer, frozen=True):
    """A namespace; the root has the empty path."""

    uid: str
    path: str
    description: str
    etag: int
    created_at: datetime


class Tag(Answer, frozen=True):
    """A tag; a bare word has no value."""

    key: str
    value: str | None = None


class Alias(Answer, frozen=True):
    """An alias and the version it points at, from `valid_from` until `valid_to` (None: still)."""

    name: str
    version: int
    version_uid: str
    etag: int
    protected: bool
    set_by: str
    valid_from: datetime
    valid_to: datetime | None = None


class Stage(Answer, frozen=True):
    """A version's placement at a stage, from `valid_from` until `valid_to` (None: still)."""

    stage: str
    note: str
    version: int
    version_uid: str
    set_by: str
    valid_from: datetime
    valid_to: datetime | None = None


class Asset(Answer, frozen=True):
    """An asset with what is said of it. `path` is namespace and name; `aliases` maps names to version numbers."""

    uid: str
    namespace: str
    kind: str
    name: str
    path: str
    etag: int
    created_by: str
    created_at: datetime
    type: str = ""
    display_name: str = ""
    description: str = ""
    card: str | None = None
    visibility: str = "workspace"
    gated: str = ""
    latest: int | None = None
    aliases: Mapping[str, int] = {}
    tags: list[Tag] = []
    properties: Mapping[str, Scalar] = {}
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    purged_at: datetime | None = None


class Version(Answer, frozen=True):
    """A version (or draft). `tree` is the digest that its content answers to; `bytes` and `files` its size.

    `packaging`, `manifest` and `statistics` are what its content says; only ``client.versions.get`` answers them.
    """

    uid: str
    asset_uid: str
    asset: str
    kind: str
    state: str
    etag: int
    created_by: str
    created_at: datetime
    number: int | None = None
    label: str | None = None
    revision: str | None = None
    tree: str | None = None
    files: int = 0
    bytes: int = 0
    unpinned: bool = False
    stage: str | None = None
    aliases: list[str] = []
    tags: list[Tag] = []
    properties: Mapping[str, Scalar] = {}
    description: str = ""
    signature: Mapping[str, Any] | None = None
    run_uid: str | None = None
    source_uid: str | None = None
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    packaging: Packaging | None = None
    manifest: ManifestSummary | None = None
    statistics: StatisticsSummary | None = None

    @property
    def reference(self) -> str:
        """The text that always means this version, such as ``prod/churn:3``."""
        return f"{self.asset}:{self.number}"


class Resolved(Answer, frozen=True):
    """What a reference means: the asset, the version unless there is none, and the revision that it leads to."""

    asset: Asset
    version: Version | None = None
    revision: str | None = None


class Entry(Answer, frozen=True):
    """One path of a folder or version: kind is file, reference, mount or directory (its path ends in ``/``)."""

    path: str
    kind: str
    size: int | None = None
    sha256: str | None = None
    uri: str | None = None
    pin: str | None = None
    written_at: datetime | None = None


class Change(Answer, frozen=True):
    """One path that differs: change is added, removed, changed or renamed (both ends are there, with their paths)."""

    path: str
    change: str
    before: Entry | None = None
    after: Entry | None = None


class Revision(Answer, frozen=True):
    """An immutable commit. `version` is the number of the live version that it was published as."""

    digest: str
    tree: str
    parents: list[str]
    author: str
    message: str
    created_at: datetime
    version: int | None = None
    claimed_at: datetime | None = None


class Ref(Answer, frozen=True):
    """A branch or pin (`kind`) and the digest of the revision that it leads to."""

    kind: str
    name: str
    revision: str
    protected: bool
    etag: int
    set_by: str
    created_at: datetime
    moved_at: datetime


class Head(Answer, frozen=True):
    """Where a branch stands after a command; `published` is the version that the publication rule made of it."""

    branch: Ref
    revision: Revision
    changed: bool
    published: Version | None = None


class Relation(Answer, frozen=True):
    """How two revisions are related: where they parted, and what each has that the other has not."""

    before: str
    after: str
    ahead: int
    behind: int
    merge_base: str | None = None


class Rule(Answer, frozen=True):
    """A publication rule, and whether it is set on the asset itself."""

    rule: str
    own: bool


class UploadStatus(Answer, frozen=True):
    """An upload in parts (numbered from 1): which are with the server, and until when it may be resumed."""

    uid: str
    sha256: str
    size: int
    part_size: int
    parts: int
    received: list[int]
    state: str
    expires_at: datetime


class Stored(Answer, frozen=True):
    """Bytes that the server holds durably."""

    sha256: str
    size: int


class Real(float):
    """A float that is read from JSON as a number, or from the texts ``NaN``, ``Infinity`` and ``-Infinity``."""


def number(value: Any) -> float | str:  # noqa: ANN401 - numpy and torch scalars too
    """A value as the API's JSON has it: a float, or one of those texts. Takes what ``float()`` takes."""
    found = float(value)
    if math.isfinite(found):
        return found
    return "NaN" if math.isnan(found) else "Infinity" if found > 0 else "-Infinity"


class ParamChange(Answer, frozen=True):
    """A param of the runs that differs; None where the run has none."""

    key: str
    before: str | None = None
    after: str | None = None


class MetricChange(Answer, frozen=True):
    """The last value of a metric that differs; None where the run has none."""

    key: str
    before: Real | None = None
    after: Real | None = None


class Origin(Answer, frozen=True):
    """Where a copied version came from, as it was named then."""

    workspace: str
    workspace_uid: str
    asset: str
    asset_uid: str
    version: int
    version_uid: str
    tree: str
    copied_at: datetime
    revision: str | None = None


class ReferenceCheck(Answer, frozen=True):
    """A reference and what a look at it came to: ok, drifted, unreachable, unpinned or unknown."""

    path: str
    kind: str
    uri: str
    verdict: str
    reason: str = ""
    size: int | None = None
    pin: str | None = None
    seen_size: int | None = None


class FieldChange(Answer, frozen=True):
    """A place that differs: added, removed, changed or member. `lines` of a text begin with a blank, - or +."""

    path: str
    change: str
    before: Any = None
    after: Any = None
    lines: list[str] | None = None


class Diff(Answer, frozen=True):
    """What differs between two versions or revisions; `truncated` when there are more paths than could be listed.

    `card` is a unified diff, None when a card is too long or no text; `params` and `metrics` are those of the runs;
    `packaging` is what differs in signature, flavors and requirements.
    """

    changes: list[Change]
    truncated: bool = False
    card: list[str] | None = None
    params: list[ParamChange] = []
    metrics: list[MetricChange] = []
    packaging: list[FieldChange] = []


class Vertex(Answer, frozen=True):
    """A vertex: kind is run, logged_model, version, node, principal or hidden (no more is told of it)."""

    kind: str
    uid: str | None = None
    label: str | None = None
    type: str | None = None
    digest: str | None = None
    state: str | None = None
    flagged: bool = False


class Edge(Answer, frozen=True):
    """A typed edge; `source` and `target` are places in the graph's list of vertices, from 0."""

    source: int
    type: str
    target: int
    properties: Mapping[str, Any] = {}
    created_at: datetime | None = None
    asserted_by: str | None = None


class Graph(Answer, frozen=True):
    """A part of the lineage graph; the first vertex is where the walk began.

    `unwalked`: places of vertices whose own edges are not all here; walk from them to go on.
    """

    vertices: list[Vertex]
    edges: list[Edge]
    truncated: bool = False
    unwalked: Sequence[int] = ()
