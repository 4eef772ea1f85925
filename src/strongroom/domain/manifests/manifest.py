"""A manifest: what a version says of itself in the file ``strongroom.json``, read and checked by the asset's kind.

The file is content like any other, so the version's digest covers it and nobody can change it apart. The *manifest
digest* covers what it means: its canonical JSON, where each member stands as its digest alone. It changes exactly when
something said changes or a member's digest does, and neither with spelling nor with how a member is called.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests import (
    agent,
    bundle,
    canonical,
    dataset,
    document,
    index,
    memory,
    model,
    pipeline,
    prompt,
)
from strongroom.domain.manifests.cursor import Cursor, Fields, Found
from strongroom.domain.manifests.document import ROOT, Plain, bad, below
from strongroom.domain.manifests.member import Placed

PATH: Final = "strongroom.json"
"""Where the manifest is in a version's tree."""
FORMAT: Final = 1

Content = (
    prompt.Prompt
    | index.Index
    | agent.Agent
    | memory.Memory
    | pipeline.Pipeline
    | bundle.Bundle
    | model.ModelManifest
    | dataset.Dataset
)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind is read: the fields that must be there, those that may be, and the reader."""

    required: tuple[str, ...]
    fields: tuple[str, ...]
    read: Callable[[Fields], Content]


FORMS: Final[Mapping[str, _Form]] = {
    "prompt": _Form((), prompt.FIELDS, prompt.read),
    "index": _Form(("encoder", "dimension", "metric"), index.FIELDS, index.read),
    "agent": _Form(("model", "prompt"), agent.FIELDS, agent.read),
    "memory": _Form((), memory.FIELDS, memory.read),
    "pipeline": _Form(("steps",), pipeline.FIELDS, pipeline.read),
    "bundle": _Form(("members",), bundle.FIELDS, bundle.read),
    "model": _Form((), model.FIELDS, model.read),
    "dataset": _Form((), dataset.FIELDS, dataset.read),
}
"""The kinds of asset that have a manifest. In one of another kind the file is a file."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read.

    :ivar body: the whole document. :ivar content: the same, typed.
    :ivar files: paths of the version's own tree that it speaks of, each with its place.
    :ivar digest: ``sha256:…`` of what it means; see the module.
    """

    kind: str
    body: Mapping[str, Plain]
    content: Content
    members: tuple[Placed, ...]
    files: tuple[tuple[str, str], ...]
    digest: str


def parse(data: bytes, kind: str | None = None) -> Manifest:
    """Read a manifest from the bytes of its file.

    :param kind: the kind of the asset, which it must say too; None takes any kind that has manifests.
    :raises BadManifest: `details["path"]` names the place.
    """
    return read(document.loads(data), kind)


def read(value: Plain, kind: str | None = None) -> Manifest:
    """The same from a value that `document` let through."""
    found = Found()
    cursor = Cursor(value, found)
    if not isinstance(value, Mapping):
        cursor.fail("must be an object.")
    said = _kind(value, kind)
    form = FORMS[said]
    fields = cursor.fields("manifest", "kind", *form.required, optional=form.fields)
    content = form.read(fields)
    members = tuple(found.members)
    return Manifest(said, value, content, members, tuple(found.files), _digest(value, members))


def _kind(value: Mapping[str, Plain], kind: str | None) -> str:
    if value.get("manifest") != FORMAT or isinstance(value.get("manifest"), bool | float):
        bad(below(ROOT, "manifest"), f"must be {FORMAT}, the number of this format.")
    said = value.get("kind")
    if not isinstance(said, str) or said not in FORMS:
        bad(below(ROOT, "kind"), f"must be one of {', '.join(FORMS)}.")
    if kind is not None and said != kind:
        bad(below(ROOT, "kind"), f"is {said!r}, and the asset is a {kind}.")
    return said


def _digest(value: Plain, members: tuple[Placed, ...]) -> str:
    return canonical.digest(_by_digest(value, ROOT, {placed.path: placed.member.digest for placed in members}))


def _by_digest(value: Plain, path: str, members: Mapping[str, str]) -> Plain:
    """The document with each member as its digest alone."""
    if path in members:
        return {"digest": members[path]}
    if isinstance(value, Mapping):
        return {key: _by_digest(one, below(path, key), members) for key, one in value.items()}
    if isinstance(value, list):
        return [_by_digest(one, below(path, place), members) for place, one in enumerate(value)]
    return value
