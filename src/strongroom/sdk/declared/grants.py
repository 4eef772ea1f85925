"""Declared grants: the one role of a subject at a place."""

from typing import Any

from strongroom.sdk.declared.objects import Members, Object
from strongroom.sdk.declared.places import Place, Places
from strongroom.sdk.declared.plan import Found
from strongroom.sdk.identity_models import Grant


class Grants:
    """`grants:` of a declaration."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._api = places.api
        self._there: dict[str, list[Grant]] = {}

    def _at(self, words: str, place: Place) -> list[Grant]:
        """The grants that stand on a place itself, not below it."""
        if words not in self._there:
            rows = self._api.every("grant.list", Grant, level=place.level, scope_uid=place.uid)
            here = [one for one in rows if one.level == place.level and place.name in (None, one.scope)]
            self._there[words] = here
        return self._there[words]

    def find(self, one: Object) -> Found | None:
        """All roles of the subject there: where it has several, the others go as its one role is brought about."""
        place = self._places.find(one.identity["on"])
        if place is None:
            return None
        kind, _, name = one.identity["subject"].partition(" ")
        held = [
            each
            for each in self._at(one.identity["on"], place)
            if (each.subject_kind, each.subject_name) == (kind, name)
        ]
        if not held:
            return None
        roles = ", ".join(sorted(each.role for each in held))
        return Found({"role": roles}, None, {"grants": {each.role: each.uid for each in held}})

    def problem(self, one: Object) -> str | None:
        """A place that there is not."""
        return self._places.problem(one.identity["on"])

    def create(self, one: Object) -> None:
        """Give the role; the same again changes nothing."""
        place = self._places.now(one.identity["on"])
        kind, _, name = one.identity["subject"].partition(" ")
        said: dict[str, Any] = {"subject_kind": kind, "subject": name, "level": place.level, "scope_uid": place.uid}
        self._api.send("grant.create", role=one.members["role"], **said)

    def change(self, one: Object, found: Found, changes: Members) -> None:
        """Give the new role, then end the others: the subject is never without one."""
        if changes["role"] not in found.more["grants"]:
            self.create(one)
        self._end(found, keep=changes["role"])

    def remove(self, one: Object, found: Found) -> None:
        """End the role that was declared, and no other that was given since."""
        uid = found.more["grants"].get(one.members["role"])
        if uid is not None:
            self._api.send("grant.revoke", uid=uid)

    def _end(self, found: Found, keep: str) -> None:
        for role, uid in found.more["grants"].items():
            if role != keep:
                self._api.send("grant.revoke", uid=uid)
