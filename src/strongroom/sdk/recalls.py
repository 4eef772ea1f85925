"""Recalls: ``client.recalls.version("prod/churn:3", "trained on withdrawn data")``; lifted, listed, exempted from."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import VersionRef, version_uid
from strongroom.sdk.models import Answer, Vertex


class Recall(Answer, frozen=True):
    """What must not be pulled; `complete` is false while its reach is still being followed."""

    uid: str
    kind: str
    subject: str
    digest: str | None
    downstream: bool
    reason: str
    created_by: str
    created_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_reason: str
    complete: bool
    reached: int | None


class Exemption(Answer, frozen=True):
    """That somebody may pull what is recalled until a time; `state` is asked, given, expired or ended."""

    uid: str
    recall: str
    for_kind: str
    for_uid: str
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    until: datetime
    given_by: str | None
    given_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None


class Place(Answer, frozen=True):
    """A release with the version, and where it runs."""

    line: str
    number: int
    release_uid: str
    environment: str | None
    mode: str | None


class RunsOn(Answer, frozen=True):
    """A target that runs such a release (`running`), or is to run it."""

    environment: str
    line: str
    name: str
    uid: str
    running: bool


class Reader(Answer, frozen=True):
    """Who read the version's bytes."""

    uid: str | None
    name: str
    reads: int
    last: datetime


class Owner(Answer, frozen=True):
    """Who published the version, or administers its asset."""

    uid: str
    name: str


class Affected(Answer, frozen=True):
    """Something that a recall reaches, so many edges away; `barred`: it is not pulled."""

    vertex: Vertex
    distance: int
    barred: bool
    aliases: Sequence[str]
    releases: Sequence[Place]
    targets: Sequence[RunsOn]
    consumers: Sequence[Reader]
    owners: Sequence[Owner]
    more: bool


def _uid(one: Recall | Exemption | str) -> str:
    return one if isinstance(one, str) else one.uid


class Recalls:
    """``client.recalls``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def version(self, version: VersionRef, reason: str, *, downstream: bool = False) -> Recall:
        """Recall a version, and every other of the same content. :param downstream: and what came of it."""
        return self._say("version", version_uid(self._api, version), reason, downstream=downstream)

    def digest(self, digest: str, reason: str, *, downstream: bool = False) -> Recall:
        """Recall a file wherever it is, or a tree, by its SHA-256."""
        return self._say("digest", digest, reason, downstream=downstream)

    def dataset(self, digest: str, reason: str, *, downstream: bool = False) -> Recall:
        """Recall a data set by the digest that runs named it by, or the uid of a version."""
        return self._say("dataset", digest, reason, downstream=downstream)

    def licence(self, licence: str, reason: str, *, downstream: bool = False) -> Recall:
        """Recall all versions that state a licence, themselves or by their asset."""
        return self._say("licence", licence, reason, downstream=downstream)

    def _say(self, kind: str, subject: str, reason: str, *, downstream: bool) -> Recall:
        said: dict[str, Any] = {"kind": kind, "subject": subject, "reason": reason, "downstream": downstream}
        return self._api.call("recall.say", Recall, **said)

    def get(self, uid: str) -> Recall:
        """One recall, with how much it reaches."""
        return self._api.call("recall.get", Recall, uid=uid)

    def list(self, *, lifted: bool = False) -> Iterator[Recall]:
        """Recalls, the latest first; those that were lifted too when asked."""
        return self._api.every("recall.list", Recall, lifted=lifted or None)

    def lift(self, recall: Recall | str, reason: str) -> Recall:
        """Let it be pulled again."""
        return self._api.call("recall.lift", Recall, uid=_uid(recall), reason=reason)

    def impact(self, recall: Recall | str) -> Iterator[Affected]:
        """What a recall reaches, the nearest first, with who is concerned."""
        return self._api.every("recall.impact", Affected, uid=_uid(recall))

    def ask(
        self,
        recall: Recall | str,
        reason: str,
        until: datetime,
        *,
        principal_uid: str | None = None,
        team_uid: str | None = None,
    ) -> Exemption:
        """Ask for an exemption, for yourself where nobody is named; somebody else gives it."""
        said: dict[str, Any] = {"reason": reason, "until": until, "principal_uid": principal_uid, "team_uid": team_uid}
        return self._api.call("exemption.ask", Exemption, uid=_uid(recall), **said)

    def give(self, exemption: Exemption | str) -> Exemption:
        """Give an exemption that somebody else asked for."""
        return self._api.call("exemption.give", Exemption, uid=_uid(exemption))

    def end(self, exemption: Exemption | str) -> Exemption:
        """End an exemption before its time, or refuse one that was asked for."""
        return self._api.call("exemption.end", Exemption, uid=_uid(exemption))

    def exemptions(self, recall: Recall | str) -> Iterator[Exemption]:
        """Exemptions from a recall, the latest first."""
        return self._api.every("exemption.list", Exemption, uid=_uid(recall))
