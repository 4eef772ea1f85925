"""What a declaration declares, as a flat list: each object with its identity and its members."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from strongroom.sdk.api import encode
from strongroom.sdk.declared.documents import read
from strongroom.sdk.declared.form import (
    AssetForm,
    Declaration,
    EnvironmentForm,
    FromEnvironment,
    GrantForm,
    WebhookForm,
)
from strongroom.sdk.errors import Invalid

Plain = Any
"""A JSON value. None is a member that is not there."""
Members = Mapping[str, Plain]
BARE: Final = True
"""The member of a tag that is a bare word; a tag with a value has a text."""
ORDER: Final = ("policy", "environment", "asset", "alias", "grant", "webhook")
"""Kinds of objects in the order in which they are made; they are removed in the other one."""
OWNED: Final = ("tags.", "properties.")
"""Members of which only those that are, or were, declared are looked at."""


@dataclass(frozen=True, slots=True)
class Object:
    """One declared object. `place` is where it stands in its file; `secrets`: what no plan and no record shows."""

    kind: str
    identity: Mapping[str, str]
    members: Members
    place: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for the same object, in any declaration."""
        return "\x1f".join((self.kind, *(f"{name}={self.identity[name]}" for name in sorted(self.identity))))

    @property
    def title(self) -> str:
        """For people."""
        of = self.identity
        match self.kind:
            case "asset":
                return f"{of['kind']} {of['name']}"
            case "alias":
                return f"alias {of['name']} of {of['kind']} {of['asset']}"
            case "grant":
                return f"grant to {of['subject']} on {of['on']}"
        return f"{self.kind} {of['name']}"


def objects(found: Declaration, place: Callable[[str], str], folder: Path) -> Iterator[Object]:
    """The objects of one file. :raises Invalid: a form says two things that exclude each other, or too little."""
    for at, policy in enumerate(found.policies):
        yield _policy(policy, place(f"$.policies[{at}]"), folder)
    for at, environment in enumerate(found.environments):
        yield from _environment(environment, place(f"$.environments[{at}]"))
    for at, asset in enumerate(found.assets):
        yield from _asset(asset, place(f"$.assets[{at}]"))
    for at, grant in enumerate(found.grants):
        yield from _grant(grant, place(f"$.grants[{at}]"))
    for at, webhook in enumerate(found.webhooks):
        yield from _webhook(webhook, place(f"$.webhooks[{at}]"))


def _policy(document: dict[str, Any], place: str, folder: Path) -> Object:
    """A policy, or the file that it stands in; the server reads its rules."""
    found: Any = document
    if document.keys() == {"file"} and isinstance(document["file"], str):
        found = read(folder / document["file"]).value
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        raise Invalid(f"{place}: a policy has a name, or is {{file: PATH}}.")
    return Object("policy", {"name": found["name"]}, {"document": found}, place)


def _given(form: msgspec.Struct, *names: str) -> dict[str, Plain]:
    """Those members that the form says."""
    said = {name: getattr(form, name) for name in names}
    return {name: msgspec.to_builtins(value, enc_hook=encode) for name, value in said.items() if value is not None}


def _asset(form: AssetForm, place: str) -> Iterator[Object]:
    members = _given(form, "type", "display_name", "description", "card", "visibility", "gated", "retention")
    members |= {f"tags.{key}": BARE if value is None else value for key, value in form.tags.items()}
    members |= {f"properties.{key}": value for key, value in form.properties.items()}
    yield Object("asset", {"kind": form.kind, "name": form.name}, members, place)
    for alias in form.aliases:
        identity = {"kind": form.kind, "asset": form.name, "name": alias.name}
        if alias.version is None and alias.protected is None:
            raise Invalid(f"{place}: the alias {alias.name!r} says neither a version nor whether it is protected.")
        yield Object("alias", identity, _given(alias, "version", "protected"), place)


def _environment(form: EnvironmentForm, place: str) -> Iterator[Object]:
    members = _given(form, "description", "after", "restricted", "keep", "position")
    if "after" in members:
        members["after"] = list(dict.fromkeys(members["after"]))
    if form.freezes is not None:
        members["freezes"] = freezes([(one.start, one.end, one.reason) for one in form.freezes])
    yield Object("environment", {"name": form.name}, members, place)


def freezes(found: Sequence[tuple[Any, Any, str]]) -> list[dict[str, str]]:
    """Freeze windows with times in UTC, in their order."""
    rows = sorted(
        (start.astimezone(UTC).isoformat(), end.astimezone(UTC).isoformat(), reason) for start, end, reason in found
    )
    return [{"start": start, "end": end, "reason": reason} for start, end, reason in rows]


def _grant(form: GrantForm, place: str) -> Iterator[Object]:
    if (form.principal is None) == (form.team is None):
        raise Invalid(f"{place}: a grant is to a principal or to a team.")
    where = [name for name in ("environment", "namespace", "asset") if getattr(form, name) is not None]
    if len(where) > 1 or (form.kind is not None and where != ["asset"]):
        raise Invalid(f"{place}: a grant is on one place: an environment, a namespace, or an asset with its kind.")
    subject = f"team {form.team}" if form.principal is None else f"principal {form.principal}"
    on = "workspace"
    if where:
        level = form.kind or "model" if where == ["asset"] else where[0]
        on = f"{'asset ' if where == ['asset'] else ''}{level} {getattr(form, where[0])}"
    yield Object("grant", {"subject": subject, "on": on}, {"role": form.role}, place)


def _webhook(form: WebhookForm, place: str) -> Iterator[Object]:
    if form.namespace is not None and form.asset is not None:
        raise Invalid(f"{place}: a webhook is limited to a namespace or to an asset, not to both.")
    url = _secret(form.url, place) if isinstance(form.url, FromEnvironment) else form.url
    members = _given(form, "description", "state")
    members["types"] = sorted(set(form.types))
    members["url"] = shown_url(url)
    members["on"] = _limit(form)
    yield Object("webhook", {"name": form.name}, members, place, {"url": url})


def _limit(form: WebhookForm) -> str:
    if form.asset is not None:
        return f"asset {form.kind or 'model'} {form.asset}"
    return f"namespace {form.namespace}" if form.namespace else "workspace"


def _secret(value: FromEnvironment, place: str) -> str:
    found = os.environ.get(value.env)
    if not found:
        raise Invalid(f"{place}: the variable {value.env} is not set.")
    return found


def shown_url(url: str) -> str:
    """An address without what is often secret in it: its origin, and a digest that tells whether it is the same."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}/… (sha256 {hashlib.sha256(url.encode()).hexdigest()[:12]})"


def ordered(found: Iterable[Object]) -> list[Object]:
    """In the order in which they can be made: by kind, and environments after those that they name.

    :raises Invalid: environments that are declared after one another in a circle.
    """
    rows = sorted(found, key=lambda one: ORDER.index(one.kind))
    places = {one.identity["name"]: one for one in rows if one.kind == "environment"}
    graph = {name: [other for other in one.members.get("after", ()) if other in places] for name, one in places.items()}
    try:
        names = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise Invalid(
            f"Environments are declared after one another in a circle: {' -> '.join(error.args[1])}."
        ) from error
    return [*(places[name] for name in names), *(one for one in rows if one.kind != "environment")]
