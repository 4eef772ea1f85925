"""What callers see of manifests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.application.call import Call, asset_target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.manifests.changes import Change
from strongroom.domain.manifests.manifest import Manifest
from strongroom.domain.manifests.member import Placed
from strongroom.domain.manifests.prompt import Message, Part
from strongroom.domain.manifests.rendering import Rendered


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member: its place in the manifest and its digest; what it is called now when it is a version you may see."""

    path: str
    digest: str
    version_uid: str | None
    uri: str | None
    reference: str | None
    kind: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class ManifestView:
    """A version's manifest. `digest` covers what it means, with its members' digests; `body` is the document."""

    version_uid: str
    kind: str
    digest: str
    body: Mapping[str, Any]
    members: Sequence[MemberView]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A place where two manifests differ. `lines` is a text's difference: each begins with a blank, - or +."""

    path: str
    change: str
    before: Any
    after: Any
    lines: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class ManifestDiff:
    """What differs between two manifests; `truncated` when there is more than could be listed."""

    kind: str
    before: str
    after: str
    changes: Sequence[FieldChange]
    truncated: bool


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """One turn: `content` is a text, or a list of parts (type, and text, path or uri)."""

    role: str
    content: Any


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt with its values: `messages`, or `text` where it has one template."""

    messages: Sequence[RenderedMessage]
    text: str | None
    model: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CheckView:
    """That something fits: what was compared, by place in the manifest."""

    checked: Sequence[str]


def member_views(call: Call, members: Sequence[Placed]) -> list[MemberView]:
    """Members as the caller may see them, in a constant number of queries."""
    uids = sorted({placed.member.version for placed in members if placed.member.version})
    versions = call.tx.versions.by_uids(call.workspace.id, uids) if uids else {}
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in versions.values()}))
    views = []
    for placed in members:
        member = placed.member
        version = versions.get(member.version or "")
        asset = assets[version.asset_id] if version else None
        if asset is not None and not call.caller.access.allows(Permission.ASSET_READ, asset_target(asset)):
            version = asset = None
        views.append(
            MemberView(
                placed.path,
                member.digest,
                member.version,
                member.uri,
                f"{asset.path}:{version.number}" if asset and version else None,
                asset.kind if asset else None,
                version.state.value if version else None,
            )
        )
    return views


def manifest_view(call: Call, version_uid: str, manifest: Manifest) -> ManifestView:
    """A manifest with its members."""
    members = member_views(call, manifest.members)
    return ManifestView(version_uid, manifest.kind, manifest.digest, manifest.body, members)


def change_view(change: Change) -> FieldChange:
    """One difference."""
    lines = list(change.lines) if change.lines is not None else None
    return FieldChange(change.path, change.change, change.before, change.after, lines)


def rendered_view(rendered: Rendered) -> RenderedPrompt:
    """A rendered prompt."""
    messages = [RenderedMessage(message.role, _content(message)) for message in rendered.messages]
    return RenderedPrompt(messages, rendered.text, rendered.model, rendered.settings)


def _content(message: Message) -> Any:  # noqa: ANN401 - a text or a list
    return message.parts[0].text if message.plain else [_part(part) for part in message.parts]


def _part(part: Part) -> dict[str, str]:
    fields = {"type": part.type, "text": part.text, "path": part.path, "uri": part.uri}
    return {name: value for name, value in fields.items() if value is not None}
