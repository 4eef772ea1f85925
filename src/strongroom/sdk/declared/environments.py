"""Declared environments."""

from strongroom.sdk.declared.objects import Members, Object, freezes
from strongroom.sdk.declared.places import Places
from strongroom.sdk.declared.plan import Found
from strongroom.sdk.delivery_models import Environment


class Environments:
    """`environments:` of a declaration."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._api = places.api

    def find(self, one: Object) -> Found | None:
        """An environment by its name."""
        there = self._places.environments().get(one.identity["name"])
        if there is None:
            return None
        members = {name: getattr(there, name) for name in ("description", "restricted", "keep", "position")}
        frozen = freezes([(each.start, each.end, each.reason) for each in there.freezes])
        return Found({**members, "after": list(there.after), "freezes": frozen}, there.etag)

    def problem(self, _one: Object) -> str | None:
        """None that could be known before."""
        return None

    def create(self, one: Object) -> None:
        """Its freeze windows are set once it is there."""
        first = {name: value for name, value in one.members.items() if name != "freezes"}
        made = self._api.call("environment.create", Environment, name=one.identity["name"], **first)
        if one.members.get("freezes"):
            self.change(one, Found({}, made.etag), {"freezes": one.members["freezes"]})

    def change(self, one: Object, found: Found, changes: Members) -> None:
        """One command."""
        self._api.send("environment.update", etag=found.etag, name=one.identity["name"], **changes)

    def remove(self, one: Object, found: Found) -> None:
        """The server refuses it where something runs."""
        self._api.send("environment.delete", etag=found.etag, name=one.identity["name"])
