"""Declared policies: put in force before anything that they stand before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from strongroom.sdk.declared.objects import Members, Object
from strongroom.sdk.declared.places import Places
from strongroom.sdk.declared.plan import Found
from strongroom.sdk.models import Answer


class Policy(Answer, frozen=True):
    """A policy in its present version."""

    uid: str
    name: str
    number: int
    document: Mapping[str, Any]
    retired_at: datetime | None = None


class Policies:
    """`policies:` of a declaration."""

    def __init__(self, places: Places) -> None:
        self._api = places.api
        self._there: dict[str, Policy] | None = None

    def _named(self, name: str) -> Policy | None:
        if self._there is None:
            self._there = {one.name: one for one in self._api.every("policy.list", Policy)}
        return self._there.get(name)

    def find(self, one: Object) -> Found | None:
        """A policy in force, by its name."""
        there = self._named(one.identity["name"])
        if there is None or there.retired_at is not None:
            return None
        return Found({"document": there.document}, there.number, {"uid": there.uid})

    def problem(self, _one: Object) -> str | None:
        """None that could be known before: the server reads the rules."""
        return None

    def create(self, one: Object) -> None:
        """As its first version, or the next of one that was retired."""
        there = self._named(one.identity["name"])
        self._api.send("policy.apply", document=one.members["document"], expected=there.number if there else 0)

    def change(self, _one: Object, found: Found, changes: Members) -> None:
        """As its next version."""
        self._api.send("policy.apply", document=changes["document"], expected=found.etag)

    def remove(self, _one: Object, found: Found) -> None:
        """Out of force; its versions stay, for the decisions that rest on them."""
        self._api.send("policy.retire", uid=found.more["uid"])
