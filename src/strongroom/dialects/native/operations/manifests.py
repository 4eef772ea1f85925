"""Manifests: shown, compared, checked against what is to be used with a version; prompts rendered."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.manifests import showing
from strongroom.application.manifests.packaging_views import PackagingView
from strongroom.application.manifests.showing import Question
from strongroom.application.manifests.views import CheckView, ManifestDiff, ManifestView, RenderedPrompt
from strongroom.dialects.native.operation import Request, Struct, read
from strongroom.dialects.native.operations.versions import Compare
from strongroom.dialects.native.wire import ByUid, Name
from strongroom.domain.identity.roles import Permission
from strongroom.domain.manifests.index import DIMENSION_LARGEST

Digest = Annotated[
    str,
    Meta(pattern=r"^sha256:[0-9a-f]{64}$", description="`sha256:` and 64 lower-case hex digits, as manifests say it."),
]


class Validate(Struct, frozen=True, kw_only=True):
    """A manifest as it stands in `strongroom.json`. `kind` is that of the asset it is for; any when left out."""

    manifest: dict[str, Any]
    kind: Name | None = None


class Check(Struct, frozen=True, kw_only=True):
    """What is to be used with the version. What is left out is not compared.

    `encoder`, `dimension` and `metric` are of queries to an index; `base` is the model that an adapter is put on;
    `tools` are the digests of the schemas of an agent's tools, those of an MCP server as `server/tool`.
    """

    encoder: Digest | None = None
    dimension: Annotated[int, Meta(ge=1, le=DIMENSION_LARGEST)] | None = None
    metric: Name | None = None
    base: Digest | None = None
    tools: dict[str, Digest] = {}


class Render(Struct, frozen=True, kw_only=True):
    """A value for each variable of the prompt that has no default."""

    variables: dict[str, Any] = {}


@read(
    "manifest.get",
    "/versions/{uid}/manifest",
    Permission.VERSION_BYTES,
    "What a version says of itself in strongroom.json",
    params=ByUid,
    answer=ManifestView,
)
def get_manifest(call: Call, request: Request[ByUid, Any]) -> ManifestView:
    return showing.show(call, request.params.uid)


@read(
    "manifest.diff",
    "/versions/{uid}/manifest/diff/{other}",
    Permission.VERSION_BYTES,
    "What differs between the manifests of two versions",
    params=Compare,
    answer=ManifestDiff,
)
def diff_manifests(call: Call, request: Request[Compare, Any]) -> ManifestDiff:
    return showing.compare(call, request.params.uid, request.params.other)


@read(
    "manifest.check",
    "/versions/{uid}/manifest/check",
    Permission.VERSION_BYTES,
    "Whether an encoder, base or tool is the one that a manifest names",
    method="POST",
    params=ByUid,
    body=Check,
    answer=CheckView,
)
def check_manifest(call: Call, request: Request[ByUid, Check]) -> CheckView:
    b = request.body
    return showing.check(call, request.params.uid, Question(b.encoder, b.dimension, b.metric, b.base, b.tools))


@read(
    "manifest.validate",
    "/manifests/validate",
    Permission.ASSET_READ,
    "What a manifest would be read as; nothing is stored",
    method="POST",
    body=Validate,
    answer=ManifestView,
)
def validate_manifest(call: Call, request: Request[Any, Validate]) -> ManifestView:
    return showing.validate(call, request.body.manifest, request.body.kind)


@read(
    "prompt.render",
    "/versions/{uid}/render",
    Permission.VERSION_BYTES,
    "A prompt with its variables filled",
    method="POST",
    params=ByUid,
    body=Render,
    answer=RenderedPrompt,
)
def render_prompt(call: Call, request: Request[ByUid, Render]) -> RenderedPrompt:
    return showing.render(call, request.params.uid, request.body.variables)


@read(
    "version.packaging",
    "/versions/{uid}/packaging",
    Permission.VERSION_BYTES,
    "How a model is packaged: flavors, signature, requirements, as its MLmodel file says",
    params=ByUid,
    answer=PackagingView,
)
def get_packaging(call: Call, request: Request[ByUid, Any]) -> PackagingView:
    return showing.packaged(call, request.params.uid)


OPERATIONS = (
    get_packaging,
    get_manifest,
    diff_manifests,
    check_manifest,
    validate_manifest,
    render_prompt,
)
