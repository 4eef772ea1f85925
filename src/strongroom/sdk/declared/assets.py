"""Declared assets, and their aliases."""

from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.sdk.declared.objects import BARE, Members, Object, Plain
from strongroom.sdk.declared.places import Places, asset_at
from strongroom.sdk.declared.plan import Found
from strongroom.sdk.errors import NotFound
from strongroom.sdk.lookup import resolve
from strongroom.sdk.models import Alias, Asset
from strongroom.sdk.retention import Retained

_SAID = ("type", "display_name", "description", "card", "visibility", "gated")


def _below(members: Members, prefix: str) -> dict[str, Plain]:
    return {name.removeprefix(prefix): value for name, value in members.items() if name.startswith(prefix)}


def _tags(values: Mapping[str, Plain]) -> dict[str, str | None]:
    return {key: None if value is BARE else value for key, value in values.items() if value is not None}


class Assets:
    """`assets:` of a declaration."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._api = places.api

    def find(self, one: Object) -> Found | None:
        """An asset by kind and path; its card and retention rule only where they are declared."""
        there = self._places.asset(one.identity["kind"], one.identity["name"])
        if there is None:
            return None
        if "card" in one.members:
            there = self._api.call("asset.get", Asset, uid=there.uid)
        members: dict[str, Plain] = {name: getattr(there, name) for name in _SAID}
        members |= {f"tags.{tag.key}": BARE if tag.value is None else tag.value for tag in there.tags}
        members |= {f"properties.{key}": value for key, value in there.properties.items()}
        if "retention" in one.members:
            members["retention"] = self._rule(there.uid)
        return Found(members, there.etag, {"uid": there.uid})

    def _rule(self, uid: str) -> Plain:
        retained = self._api.call("retention.get", Retained, uid=uid)
        return msgspec.to_builtins(retained.rule) if retained.own else None

    def problem(self, one: Object) -> str | None:
        """It has another name now."""
        return self._places.renamed.get((one.identity["kind"], one.identity["name"]))

    def create(self, one: Object) -> None:
        """One command, and one for each thing that an asset gets when it is there."""
        first = {name: value for name, value in one.members.items() if name in _SAID and name != "gated"}
        namespace, _, name = one.identity["name"].rpartition("/")
        made = self._api.call(
            "asset.create",
            Asset,
            kind=one.identity["kind"],
            namespace=namespace,
            name=name,
            tags=_tags(_below(one.members, "tags.")),
            properties=_below(one.members, "properties."),
            **first,
        )
        later = {name: one.members[name] for name in ("retention", "gated") if one.members.get(name)}
        if later:
            self.change(one, Found({}, made.etag, {"uid": made.uid}), later)

    def change(self, _one: Object, found: Found, changes: Members) -> None:
        """Several commands, each at the ETag that the one before leaves: another's change in between is refused."""
        etag, uid = found.etag or 0, found.more["uid"]
        tags, properties = _below(changes, "tags."), _below(changes, "properties.")
        gone = [key for key, value in tags.items() if value is None]
        commands: list[tuple[str, dict[str, Any]]] = []
        if len(gone) < len(tags):
            commands.append(("tag.set", {"kind": "asset", "tags": _tags(tags)}))
        if gone:
            commands.append(("tag.remove", {"kind": "asset", "keys": gone}))
        if properties:
            commands.append(("property.set", {"kind": "asset", "properties": properties}))
        if "retention" in changes:
            commands.append(("retention.set", {"rule": changes["retention"]}))
        said = {name: value for name, value in changes.items() if name in _SAID}
        if said:
            commands.append(("asset.update", said))
        for step, (operation, fields) in enumerate(commands):
            self._api.send(operation, etag=etag + step, uid=uid, **fields)

    def remove(self, _one: Object, found: Found) -> None:
        """To the trash, with its unprotected aliases."""
        uid = found.more["uid"]
        etag = (found.etag or 0) + self._places.moved[uid]
        self._api.send("asset.delete", etag=etag, uid=uid, release_aliases=True)


class Aliases:
    """`aliases:` of a declared asset."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._api = places.api
        self._there: dict[str, dict[str, Alias]] = {}

    def find(self, one: Object) -> Found | None:
        """An alias by asset and name; where a label is declared, what it points at is told by that label."""
        asset = self._places.asset(one.identity["kind"], one.identity["asset"])
        if asset is None:
            return None
        if asset.uid not in self._there:
            listed = self._api.call("alias.list", list[Alias], uid=asset.uid)
            self._there[asset.uid] = {alias.name: alias for alias in listed}
        there = self._there[asset.uid].get(one.identity["name"])
        if there is None:
            return None
        wanted = one.members.get("version")
        labelled = isinstance(wanted, str) and self._version(one) == there.version_uid
        at = wanted if labelled else there.version
        return Found({"version": at, "protected": there.protected}, there.etag, {"asset": asset.uid})

    def _version(self, one: Object) -> str | None:
        """The uid of the version that an alias is declared to point at."""
        try:
            found = resolve(self._api, f"{one.identity['asset']}:{one.members['version']}", one.identity["kind"])
        except NotFound:
            return None
        return found.version.uid if found.version else None

    def problem(self, one: Object) -> str | None:
        """A version that there is not."""
        if "version" not in one.members or self._version(one) is not None:
            return None
        return f"{one.identity['kind']} {one.identity['asset']} has no version {one.members['version']!r}."

    def create(self, one: Object) -> None:
        """Point it at its version; it must not be there yet."""
        self._set(one, 0, {name: value for name, value in one.members.items() if value is not False})

    def change(self, one: Object, found: Found, changes: Members) -> None:
        """Move it, then mark it."""
        self._set(one, found.etag or 0, changes)

    def _set(self, one: Object, etag: int, changes: Members) -> None:
        name, version = one.identity["name"], None
        asset = asset_at(self._api, one.identity["kind"], one.identity["asset"])
        if asset is not None and "version" in changes:
            version = self._version(one)
            if version is not None:
                etag = self._api.call("alias.set", Alias, etag=etag, uid=asset.uid, name=name, version_uid=version).etag
        if asset is None or ("version" in changes and version is None):
            raise NotFound(f"What the {one.title} is declared to point at is not there any more.")
        if "protected" in changes:
            self._api.send("alias.protect", etag=etag, uid=asset.uid, name=name, protected=changes["protected"])

    def remove(self, one: Object, found: Found) -> None:
        """End the mark where only that was declared, else the alias itself."""
        uid, name = found.more["asset"], one.identity["name"]
        if "version" in one.members:
            self._api.send("alias.remove", etag=found.etag, uid=uid, name=name)
            self._places.moved[uid] += 1
        elif one.members.get("protected") and found.members["protected"]:
            self._api.send("alias.protect", etag=found.etag, uid=uid, name=name, protected=False)
            self._places.moved[uid] += 1
