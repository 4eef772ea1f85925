"""Manifests and prompts."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.sdk.errors import BadManifest, Invalid

if TYPE_CHECKING:
    from strongroom.sdk.models import FieldChange


def show(reference: str, *, common: Common | None = None) -> None:
    """What a version says of itself in strongroom.json, and the digest of it."""
    common = common or NONE
    with common.client() as client:
        found = client.manifests.get(reference)
    if common.json:
        output.emit(found)
        return
    output.note(f"{found.kind} {found.digest}")
    output.line(_shown(json.dumps(found.body, ensure_ascii=False, indent=2)))


def diff(before: str, after: str, *, common: Common | None = None) -> None:
    """What differs between the manifests of two versions: fields, members, texts line by line."""
    common = common or NONE
    with common.client() as client:
        found = client.manifests.diff(before, after)
    if common.json:
        output.emit(found)
        return
    for change in found.changes:
        for line in told(change):
            output.line(line)
    if found.truncated:
        output.note("There is more than could be listed.")


def told(change: "FieldChange") -> list[str]:
    """A difference for people."""
    if change.lines is not None:
        return [f"{change.path}:", *(f"  {output.text(line)}" for line in change.lines)]
    before, after = (json.dumps(one, ensure_ascii=False) for one in (change.before, change.after))
    match change.change:
        case "added":
            return [f"{change.path}: + {after}"]
        case "removed":
            return [f"{change.path}: - {before}"]
    return [f"{change.path}: {before} -> {after}"]


def validate(file: Path, *, kind: str | None = None, common: Common | None = None) -> None:
    """Read a manifest (or the strongroom.json of a folder) as the server would, without one.

    Parameters
    ----------
    file:
        The file, or the folder that it is in.
    kind:
        Kind of the asset that it is for; any when left out.
    """
    from strongroom.domain.errors import DomainError
    from strongroom.domain.manifests.manifest import PATH, parse

    source = file / PATH if file.is_dir() else file
    try:
        data = source.read_bytes()
    except OSError as error:
        raise Invalid(f"{str(source)!r} cannot be read: {error.strerror}.") from error
    try:
        found = parse(data, kind)
    except DomainError as error:
        raise BadManifest(error.message, details=error.details) from error
    told = {"kind": found.kind, "digest": found.digest, "members": len(found.members)}
    output.one(told, as_json=(common or NONE).json)


def render(
    reference: str,
    variables: Annotated[list[str] | None, Parameter(negative_iterable="")] = None,
    /,
    *,
    common: Common | None = None,
) -> None:
    """Fill a prompt: `prompt render support/greeting@live name=Ada tone=kind`.

    Parameters
    ----------
    reference:
        Version of a prompt.
    variables:
        NAME=VALUE; a value of a variable that is no string is JSON.
    """
    common = common or NONE
    with common.client() as client:
        prompt = client.prompt(reference)
    rendered = prompt.render(**_values(variables or [], prompt.declared()))
    if common.json:
        output.emit(
            {
                "messages": rendered.messages,
                "text": rendered.text,
                "model": rendered.model,
                "settings": dict(rendered.settings),
            }
        )
    elif rendered.text is not None:
        output.line(_shown(rendered.text))
    for message in rendered.messages if not common.json else ():
        content = message["content"]
        told = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        output.line(f"[{message['role']}]\n{_shown(told)}")


def _shown(text: str) -> str:
    """A text of several lines: exact into a file, without what a terminal would obey on one."""
    return "\n".join(map(output.text, text.split("\n"))) if sys.stdout.isatty() else text


def _values(texts: list[str], declared: dict[str, dict[str, Any]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise Invalid(f"{text!r} is not NAME=VALUE.")
        found[name] = value if declared.get(name, {}).get("type", "string") == "string" else _json(name, value)
    return found


def _json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(f"{name} takes JSON: {error}") from error
