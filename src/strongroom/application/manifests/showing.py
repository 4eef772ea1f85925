"""Manifests shown, compared, rendered, and asked whether something fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from strongroom.application.call import Call
from strongroom.application.manifests import packaging
from strongroom.application.manifests.kept import of_version
from strongroom.application.manifests.packaging_views import PackagingView, packaging_view
from strongroom.application.manifests.views import (
    CheckView,
    ManifestDiff,
    ManifestView,
    RenderedPrompt,
    change_view,
    manifest_view,
    rendered_view,
)
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import versions
from strongroom.domain.errors import Conflict, Invalid, MemberMismatch, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.manifests import changes, document, manifest
from strongroom.domain.manifests.agent import Agent
from strongroom.domain.manifests.index import Index
from strongroom.domain.manifests.manifest import Manifest
from strongroom.domain.manifests.member import read_member
from strongroom.domain.manifests.model import ModelManifest
from strongroom.domain.manifests.prompt import Prompt
from strongroom.domain.manifests.rendering import render as rendered


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be used with a version: what is None is not asked about. Digests are ``sha256:`` and 64 hex digits.

    :param encoder: of queries to an index. :param dimension: of their vectors. :param metric: by which they compare.
    :param base: the model that an adapter is to be put on. :param tools: schema digests by tool, of an agent.
    """

    encoder: str | None = None
    dimension: int | None = None
    metric: str | None = None
    base: str | None = None
    tools: Mapping[str, str] = field(default_factory=dict)


def load(call: Call, uid: str) -> Manifest:
    """The manifest of a version whose bytes the caller may read.

    :raises NotFound: the version has none.
    """
    asset, version = versions.readable(call, uid)
    refuse_recalled(call, Content(version.tree, None, version))
    found = of_version(call, asset, version)
    if found is None:
        raise NotFound("The version has no manifest.")
    return found


def show(call: Call, uid: str) -> ManifestView:
    """The manifest of a version, with its members."""
    return manifest_view(call, uid, load(call, uid))


def packaged(call: Call, uid: str) -> PackagingView:
    """How the model of a version is packaged, all of it.

    :raises NotFound: the version has no MLmodel file.
    """
    _asset, version = versions.readable(call, uid)
    found = packaging.of_tree(call, version.tree)
    if found is None:
        raise NotFound("The version has no MLmodel file.")
    return packaging_view(found, brief=False)


def compare(call: Call, before_uid: str, after_uid: str) -> ManifestDiff:
    """What differs between the manifests of two versions.

    :raises Conflict: they are of two kinds.
    """
    before, after = load(call, before_uid), load(call, after_uid)
    if before.kind != after.kind:
        raise Conflict(f"One is the manifest of a {before.kind}, the other of a {after.kind}.")
    found = changes.between(before, after)
    views = [change_view(change) for change in found.changes]
    return ManifestDiff(before.kind, before.digest, after.digest, views, found.truncated)


def validate(call: Call, body: Mapping[str, object], kind: str | None) -> ManifestView:
    """What a manifest would be read as; nothing is stored, and members are not compared with their versions.

    :raises BadManifest: `details["path"]` names the place.
    """
    call.require(Permission.ASSET_READ)
    return manifest_view(call, "", manifest.read(document.checked(body), kind))


def render(call: Call, uid: str, values: Mapping[str, object]) -> RenderedPrompt:
    """A prompt with its values.

    :raises BadVariable: one is missing, unknown or of another type. :raises Conflict: the version is no prompt.
    """
    content = load(call, uid).content
    if not isinstance(content, Prompt):
        raise Conflict("Only a prompt can be rendered.")
    return rendered_view(rendered(content, values))


def check(call: Call, uid: str, question: Question) -> CheckView:
    """Whether something may be used with a version: encoder with index, base with adapter, tools with agent.

    :raises MemberMismatch: it is another than the manifest names; `details["path"]` says where, with both digests.
    :raises Conflict: the version is of a kind to which the question does not apply.
    """
    content = load(call, uid).content
    checked: list[str] = []
    if question.encoder is not None or question.dimension is not None or question.metric is not None:
        checked += _check_index(content, question)
    if question.base is not None:
        checked += _check_base(content, question.base)
    if question.tools:
        checked += _check_tools(content, question.tools)
    if not checked:
        raise Invalid("Say what is to be used: encoder, dimension, metric, base or tools.")
    return CheckView(checked)


def _check_index(content: object, question: Question) -> list[str]:
    if not isinstance(content, Index):
        raise Conflict("Only an index has an encoder.")
    checked = []
    for path, stated, expected in (
        ("$.encoder", question.encoder and _digest(question.encoder), content.encoder.digest),
        ("$.dimension", question.dimension, content.dimension),
        ("$.metric", question.metric, content.metric),
    ):
        if stated is not None:
            if stated != expected:
                _refuse(path, expected, stated)
            checked.append(path)
    return checked


def _check_base(content: object, base: str) -> list[str]:
    if not isinstance(content, ModelManifest) or content.adapter is None:
        raise Conflict("Only an adapter has a base.")
    if content.adapter.base.digest != _digest(base):
        _refuse("$.adapter.base", content.adapter.base.digest, base)
    return ["$.adapter.base"]


def _check_tools(content: object, tools: Mapping[str, str]) -> list[str]:
    if not isinstance(content, Agent):
        raise Conflict("Only an agent has tools.")
    pins = content.pins()
    for name, digest in tools.items():
        if pins.get(name) != _digest(digest):
            _refuse(f"$.tools.{name[:200]}", pins.get(name), digest)
    return sorted(tools)


def _digest(text: str) -> str:
    """A digest in its one form. :raises BadManifest: it is none."""
    return read_member({"digest": text, "uri": "any:thing"}, "digest").digest


def _refuse(path: str, expected: object, found: object) -> NoReturn:
    raise MemberMismatch(f"{path} is {expected}, not {found}.", path=path, expected=expected, found=found)
