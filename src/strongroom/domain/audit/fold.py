"""Rebuilds what stands from the records alone: one function an action, over a book of facts.

A fact's time is that of its record, and never before the fact that it replaces: clocks of servers differ, and the
tables order by the same rule.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import AuditRecord
from strongroom.domain.audit.state import NO_FIELDS, Fact, Key, Kind
from strongroom.domain.delivery.rules import defaults
from strongroom.domain.errors import Invalid

_Slot = tuple[Kind, Key]
_ACTION: Final = re.compile(rb'\{"action":"([a-z0-9_.]{1,64})"')


@dataclass(frozen=True, slots=True)
class Standing:
    """A fact's fields, the leaf that it stands on, since when, and whom it ends with."""

    fields: Mapping[str, Json]
    leaf: int
    since: int
    owners: tuple[str, ...]


class Book:
    """The facts that stand at a time, as far as records were taken; memory grows with them, not with the records.

    :param at: microseconds UTC; None is after the last record.
    """

    def __init__(self, at: int | None = None) -> None:
        self._at = at
        self._standing: dict[_Slot, Standing] = {}
        self._owned: dict[str, set[_Slot]] = {}
        self._later: set[_Slot] = set()
        self.touched: set[_Slot] | None = None

    def get(self, kind: Kind, key: Key) -> Standing | None:
        """What stands there."""
        return self._standing.get((kind, key))

    def take(self, kind: Kind, key: Key) -> Standing | None:
        """The same, which then stands no more."""
        found = self.get(kind, key)
        if found is not None:
            self._remove((kind, key), found)
        return found

    def facts(self) -> Iterator[tuple[Fact, Standing]]:
        """All that stands, in order."""
        for kind, key in sorted(self._standing):
            standing = self._standing[kind, key]
            yield Fact(kind, key, standing.fields), standing

    def put(self, kind: Kind, key: Key, new: Standing) -> None:
        """Let a fact stand, in the place of the one that stands there."""
        slot, before = (kind, key), self.get(kind, key)
        since = new.since if before is None else max(new.since, before.since + 1)
        if not self._counts(slot, since):
            return
        if before is not None:
            self._remove(slot, before)
        self._standing[slot] = Standing(new.fields, new.leaf, since, new.owners)
        for owner in new.owners:
            self._owned.setdefault(owner, set()).add(slot)

    def amend(self, kind: Kind, key: Key, fields: Mapping[str, Json], leaf: int) -> None:
        """Change what stands there in place: it stands since when it did."""
        before = self.get(kind, key)
        if before is not None:
            self._standing[kind, key] = replace(before, fields={**before.fields, **fields}, leaf=leaf)
            if self.touched is not None:
                self.touched.add((kind, key))

    def end(self, kind: Kind, key: Key, at: int) -> None:
        """Let what stands there stand no more."""
        slot, before = (kind, key), self.get(kind, key)
        if self._counts(slot, at if before is None else max(at, before.since + 1)) and before is not None:
            self._remove(slot, before)

    def owned(self, owner: str, kind: Kind) -> list[Key]:
        """Keys of a kind that end with an object."""
        return sorted(key for found, key in self._owned.get(owner, ()) if found is kind)

    def _counts(self, slot: _Slot, since: int) -> bool:
        if self._at is not None and (since > self._at or slot in self._later):
            self._later.add(slot)
            return False
        if self.touched is not None:
            self.touched.add(slot)
        return True

    def _remove(self, slot: _Slot, standing: Standing) -> None:
        del self._standing[slot]
        for owner in standing.owners:
            slots = self._owned[owner]
            slots.discard(slot)
            if not slots:
                del self._owned[owner]


def rebuilds(data: bytes) -> bool:
    """Whether a record, as bytes of `record.canonical`, may change what is told here; it need not be parsed if not."""
    head = _ACTION.match(data)
    return head is not None and head.group(1).decode() in _ACTIONS


def apply(book: Book, record: AuditRecord, leaf: int) -> None:
    """Take the next record of the log.

    :raises Invalid: it says of what it changed less than any version of Strongroom said.
    """
    action = _ACTIONS.get(record.action)
    if action is not None and record.outcome == "done":
        action(book, _Said(record, leaf))


@dataclass(frozen=True, slots=True)
class _Said:
    """A record, with what its details hold by type."""

    record: AuditRecord
    leaf: int

    @property
    def uid(self) -> str:
        return self.record.subject.uid

    @property
    def at(self) -> int:
        return self.record.recorded_at

    @property
    def workspace(self) -> str:
        return self.record.workspace or ""

    def text(self, name: str) -> str:
        value = self.record.details.get(name)
        if not isinstance(value, str):
            raise Invalid(f"The record {self.record.uid} ({self.record.action}) does not say its {name}.")
        return value

    def texts(self, name: str) -> list[str]:
        value = self.record.details.get(name)
        return [one for one in value if isinstance(one, str)] if isinstance(value, tuple) else []

    def known(self, *names: str) -> dict[str, Json]:
        return {name: self.record.details[name] for name in names if name in self.record.details}

    def standing(self, fields: Mapping[str, Json] = NO_FIELDS, *owners: str) -> Standing:
        return Standing(fields, self.leaf, self.at, owners)


def _alias_set(book: Book, said: _Said) -> None:
    key = (said.uid, said.text("alias"))
    before = book.get(Kind.ALIAS, key)
    to, protected = said.text("to"), before is not None and before.fields["protected"] is True
    book.put(Kind.ALIAS, key, said.standing({"to": to, "protected": protected}, said.uid, to))


def _alias_protect(book: Book, said: _Said) -> None:
    key = (said.uid, said.text("alias"))
    book.amend(Kind.ALIAS, key, {"protected": said.record.details.get("protected") is True}, said.leaf)


def _alias_remove(book: Book, said: _Said) -> None:
    book.end(Kind.ALIAS, (said.uid, said.text("alias")), said.at)


def _aliases_go(book: Book, said: _Said) -> None:
    """With the version that they point at, or the asset whose they are."""
    for key in book.owned(said.uid, Kind.ALIAS):
        if key[1] in said.texts("released"):
            book.end(Kind.ALIAS, key, said.at)


def _stage_set(book: Book, said: _Said) -> None:
    to = said.text("to")
    if to == "none":
        book.end(Kind.STAGE, (said.uid,), said.at)
    else:
        book.put(Kind.STAGE, (said.uid,), said.standing({"stage": to}))


def _grant_create(book: Book, said: _Said) -> None:
    fields = said.known("subject", "role", "level", "on")
    owners = [fields["on"]] if fields.get("level") == "namespace" else []
    book.put(Kind.GRANT, (said.uid,), said.standing(fields, *(one for one in owners if isinstance(one, str))))


def _grant_revoke(book: Book, said: _Said) -> None:
    book.end(Kind.GRANT, (said.uid,), said.at)


def _namespace_delete(book: Book, said: _Said) -> None:
    _all_end(book, said, said.uid, Kind.GRANT)


def _member_add(book: Book, said: _Said) -> None:
    key = (said.uid, said.text("principal"))
    book.put(Kind.MEMBER, key, said.standing(NO_FIELDS, said.uid))


def _member_remove(book: Book, said: _Said) -> None:
    book.end(Kind.MEMBER, (said.uid, said.text("principal")), said.at)


def _team_delete(book: Book, said: _Said) -> None:
    _all_end(book, said, said.uid, Kind.MEMBER)


def _all_end(book: Book, said: _Said, owner: str, kind: Kind) -> None:
    for key in book.owned(owner, kind):
        book.end(kind, key, said.at)


def _token_issue(book: Book, said: _Said) -> None:
    fields = said.known("principal", "role_cap", "workspace", "expires_at", "fingerprint")
    book.put(Kind.TOKEN, (said.uid,), said.standing(fields, said.text("principal")))


def _token_revoke(book: Book, said: _Said) -> None:
    book.end(Kind.TOKEN, (said.uid,), said.at)


def _tokens_end(book: Book, said: _Said) -> None:
    _all_end(book, said, said.uid, Kind.TOKEN)


def _disable(book: Book, said: _Said) -> None:
    _tokens_end(book, said)
    book.put(Kind.DISABLED, (said.uid,), said.standing())


def _enable(book: Book, said: _Said) -> None:
    book.end(Kind.DISABLED, (said.uid,), said.at)


_SETTINGS: Final = ("after", "restricted", "keep", "freezes")


def _workspace_create(book: Book, said: _Said) -> None:
    for one in defaults(0, str, 0):
        settings: dict[str, Json] = {"after": one.after, "restricted": one.restricted, "keep": one.keep, "freezes": ()}
        book.put(Kind.ENVIRONMENT, (said.uid, one.name), said.standing(settings, said.uid))


def _workspace_delete(book: Book, said: _Said) -> None:
    _all_end(book, said, said.uid, Kind.ENVIRONMENT)


def _environment_set(book: Book, said: _Said) -> None:
    key = (said.workspace, said.text("name"))
    book.put(Kind.ENVIRONMENT, key, said.standing(said.known(*_SETTINGS), said.workspace))


def _environment_delete(book: Book, said: _Said) -> None:
    book.end(Kind.ENVIRONMENT, (said.workspace, said.text("name")), said.at)


def _release_create(book: Book, said: _Said) -> None:
    fields = {"workspace": said.workspace, **said.known("line", "number", "digest")}
    book.put(Kind.RELEASE, (said.uid,), said.standing(fields))


_MODES: Final = ("live", "canary", "shadow")


def _release_promote(book: Book, said: _Said) -> None:
    mode = said.text("mode")
    _modes_end(book, said, _MODES if mode == "live" else [mode])
    _place(book, said, mode)


def _release_rollback(book: Book, said: _Said) -> None:
    if "mode" in said.record.details:
        _place(book, said, said.text("mode"))
    else:
        _release_demote(book, said)


def _release_demote(book: Book, said: _Said) -> None:
    _modes_end(book, said, [one.partition(":")[0] for one in said.texts("taken")])


def _modes_end(book: Book, said: _Said, modes: Iterable[str]) -> None:
    for mode in modes:
        book.end(Kind.PLACEMENT, _line(said, mode), said.at)


def _place(book: Book, said: _Said, mode: str) -> None:
    book.put(Kind.PLACEMENT, _line(said, mode), said.standing({"release": said.uid, **said.known("share")}))


def _line(said: _Said, mode: str) -> Key:
    return (said.workspace, said.text("environment"), said.text("line"), mode)


def _approval_request(book: Book, said: _Said) -> None:
    fields = {"version": said.uid, **said.known("transition", "target", "tree", "requester", "strict")}
    book.put(Kind.APPROVAL, (said.text("approval"),), said.standing(fields))


def _approval_withdraw(book: Book, said: _Said) -> None:
    book.end(Kind.APPROVAL, (said.text("approval"),), said.at)


def _approval_give(book: Book, said: _Said) -> None:
    by = said.record.actor
    fields = {"version": said.uid, "by": by, **said.known("approval", "said", "tree", "role", "teams", "expires_at")}
    book.put(Kind.VERDICT, (said.text("verdict"),), said.standing(fields, f"{said.text('approval')} {by}"))


def _approval_take_back(book: Book, said: _Said) -> None:
    """All that somebody said on a request."""
    _all_end(book, said, f"{said.text('approval')} {said.record.actor}", Kind.VERDICT)


def _waiver_stands(book: Book, said: _Said) -> None:
    state = "granted" if said.record.action == "waiver.grant" else "asked"
    fields = {"on": said.uid, "state": state, **said.known("policy", "rule", "tree", "asked_by", "ends_at")}
    book.put(Kind.WAIVER, (said.text("waiver"),), said.standing(fields))


def _waiver_ends(book: Book, said: _Said) -> None:
    book.end(Kind.WAIVER, (said.text("waiver"),), said.at)


_ACTIONS: Final[Mapping[str, Callable[[Book, _Said], None]]] = {
    "alias.set": _alias_set,
    "alias.protect": _alias_protect,
    "alias.remove": _alias_remove,
    "version.delete": _aliases_go,
    "asset.delete": _aliases_go,
    "stage.set": _stage_set,
    "grant.create": _grant_create,
    "grant.revoke": _grant_revoke,
    "namespace.delete": _namespace_delete,
    "team.member_add": _member_add,
    "team.member_remove": _member_remove,
    "team.delete": _team_delete,
    "token.issue": _token_issue,
    "token.revoke": _token_revoke,
    "principal.password_reset": _tokens_end,
    "principal.disable": _disable,
    "principal.enable": _enable,
    "workspace.create": _workspace_create,
    "workspace.delete": _workspace_delete,
    "environment.create": _environment_set,
    "environment.update": _environment_set,
    "environment.delete": _environment_delete,
    "release.create": _release_create,
    "release.promote": _release_promote,
    "release.rollback": _release_rollback,
    "release.demote": _release_demote,
    "approval.request": _approval_request,
    "approval.withdraw": _approval_withdraw,
    "approval.give": _approval_give,
    "approval.take_back": _approval_take_back,
    "waiver.ask": _waiver_stands,
    "waiver.grant": _waiver_stands,
    "waiver.refuse": _waiver_ends,
    "waiver.revoke": _waiver_ends,
}
"""What rebuilds; all other actions change nothing of what is told here."""
