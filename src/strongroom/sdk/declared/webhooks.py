"""Declared webhooks, known by their names. Their secrets are never declared, shown or kept here."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from strongroom.sdk.declared.objects import Members, Object, shown_url
from strongroom.sdk.declared.places import Places
from strongroom.sdk.declared.plan import Found
from strongroom.sdk.models import Answer


class Webhook(Answer, frozen=True):
    """A webhook. Who may not change it sees of its address the origin only."""

    uid: str
    url: str
    name: str
    description: str
    types: list[str]
    state: str
    etag: int
    namespace: str | None = None
    asset_uid: str | None = None


class Made(Answer, frozen=True):
    """A webhook just made, with its secret."""

    webhook: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"Made({self.webhook.uid!r})"


class Webhooks:
    """`webhooks:` of a declaration."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._api = places.api
        self._there: dict[str, list[Webhook]] | None = None
        self.keep_secret: Callable[[str, str, str], None] | None = None

    def _named(self, name: str) -> list[Webhook]:
        if self._there is None:
            self._there = {}
            for one in self._api.every("webhook.list", Webhook):
                self._there.setdefault(one.name, []).append(one)
        return self._there.get(name, [])

    def find(self, one: Object) -> Found | None:
        """A webhook by its name."""
        named = self._named(one.identity["name"])
        if len(named) != 1:
            return None
        there = named[0]
        members = {"url": _url(one, there), "types": sorted(there.types), "on": self._limit(one, there)}
        members |= {"description": there.description, "state": there.state}
        return Found(members, there.etag, {"uid": there.uid})

    def problem(self, one: Object) -> str | None:
        """Several of that name, a place that there is not, or an other place than it has: that cannot be changed."""
        named = self._named(one.identity["name"])
        if len(named) > 1:
            return f"There are {len(named)} webhooks named {one.identity['name']!r}."
        if named and self._limit(one, named[0]) != one.members["on"]:
            return f"The webhook {one.identity['name']!r} is there for another place; end it, or choose another name."
        return self._places.problem(one.members["on"])

    def _limit(self, one: Object, there: Webhook) -> str:
        """What it is limited to, in the words of the declaration."""
        if there.namespace is None and there.asset_uid is None:
            return "workspace"
        words = str(one.members.get("on", ""))
        level, _, name = words.partition(" ")
        if level == "namespace" and there.namespace:
            namespace = self._places.namespaces().get(name)
            return words if namespace and namespace.slug_path == there.namespace else f"namespace {there.namespace}"
        if level == "asset" and there.asset_uid:
            place = self._places.find(words)
            return words if place and place.uid == there.asset_uid else f"asset {there.asset_uid}"
        return f"namespace {there.namespace}" if there.namespace else f"asset {there.asset_uid}"

    def create(self, one: Object) -> None:
        """Its secret goes to whom `keep_secret` names, else nowhere: a new one is made by rotating it."""
        place = self._places.now(one.members["on"])
        asked: dict[str, Any] = {"url": one.secrets["url"], "name": one.identity["name"]}
        asked |= {name: one.members[name] for name in ("types", "description") if name in one.members}
        asked |= {"asset_uid": place.uid if place.level == "asset" else None, "namespace": place.name}
        made = self._api.call("webhook.create", Made, **asked)
        if self.keep_secret is not None:
            self.keep_secret(made.webhook.name, made.webhook.uid, made.secret)
        if one.members.get("state") == "paused":
            self._api.send("webhook.update", etag=made.webhook.etag, uid=made.webhook.uid, state="paused")

    def change(self, one: Object, found: Found, changes: Members) -> None:
        """One command."""
        said = {name: value for name, value in changes.items() if name != "on"}
        if "url" in said:
            said["url"] = one.secrets["url"]
        self._api.send("webhook.update", etag=found.etag, uid=found.more["uid"], **said)

    def remove(self, _one: Object, found: Found) -> None:
        """Nothing more is sent, not even what is on its way."""
        self._api.send("webhook.delete", etag=found.etag, uid=found.more["uid"])


def _url(one: Object, there: Webhook) -> str:
    """The address as plans show it. Where only its origin is told, the same origin counts as the same."""
    declared = one.secrets.get("url", "")
    if there.url.endswith("/…") and there.url == f"{_origin(declared)}/…":
        return shown_url(declared)
    return shown_url(there.url)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
