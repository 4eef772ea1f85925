"""A plan made, and brought about: ``client.declared``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from strongroom.sdk.api import Api
from strongroom.sdk.declared import record
from strongroom.sdk.declared.kinds import KINDS, Kind
from strongroom.sdk.declared.objects import Object
from strongroom.sdk.declared.places import Places
from strongroom.sdk.declared.plan import Found, Plan, Step, plan, same
from strongroom.sdk.declared.reading import Declared, declared
from strongroom.sdk.declared.webhooks import Webhooks
from strongroom.sdk.errors import Conflict, Invalid, StrongroomError

SecretOf = Callable[[str, str, str], None]
"""Takes name, uid and secret of a webhook that was made."""


class Declarations:
    """``client.declared``: what files declare of a workspace (docs/ci.md)."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def read(self, paths: Sequence[str | Path]) -> Declared:
        """The declaration in some files. :raises Invalid: one is not of its form; file, line and place are told."""
        return declared([Path(path) for path in paths])

    def plan(self, what: Declared | Sequence[str | Path], *, prune: bool = False) -> Plan:
        """What would be done. Nothing is changed.

        :param prune: also remove what was applied under this declaration's name and is not declared any more.
        """
        found = what if isinstance(what, Declared) else self.read(what)
        return _made(self._api, found, Places(self._api, found.objects), prune=prune)[0]

    def apply(
        self,
        what: Declared | Sequence[str | Path],
        *,
        prune: bool = False,
        expect: str | None = None,
        told: Callable[[Step], None] = lambda _step: None,
        keep_secret: SecretOf | None = None,
    ) -> Plan:
        """Bring it about, step by step; again changes nothing.

        :param expect: the digest of the plan that was looked at. :param told: of each step when it is done.
        :param keep_secret: takes the secrets of webhooks that are made; else they go nowhere.
        :raises Conflict: the plan is another one now; nothing was changed. :raises Invalid: it cannot be applied.
        :raises PreconditionFailed: somebody changed an object meanwhile; steps before it are done.
        """
        found = what if isinstance(what, Declared) else self.read(what)
        made, kinds = _made(self._api, found, Places(self._api, found.objects), prune=prune)
        if made.problems:
            raise Invalid("This cannot be applied.", details={"problems": list(made.problems)})
        if expect is not None and made.digest != expect:
            raise Conflict("The plan is not the one that was looked at.", details={"digest": made.digest})
        hooks = kinds["webhook"]
        if isinstance(hooks, Webhooks):
            hooks.keep_secret = keep_secret
        _brought_about(self._api, found.name, made, kinds, told)
        return made


def _made(api: Api, what: Declared, places: Places, *, prune: bool) -> tuple[Plan, Mapping[str, Kind]]:
    if prune and what.name is None:
        raise Invalid("Only a declaration with a name (declaration: NAME) can be pruned.")
    kinds: dict[str, Kind] = {name: make(places) for name, make in KINDS.items()}
    applied = record.read(api, what.name)
    found: dict[str, Found | None] = {}
    for one in (*what.objects, *applied.objects.values()):
        if one.key not in found:
            found[one.key] = kinds[one.kind].find(one)
    made = plan(what.objects, found, applied, (), prune=prune)
    return plan(what.objects, found, applied, _problems(made.steps, kinds), prune=prune), kinds


def _problems(steps: Iterable[Step], kinds: Mapping[str, Kind]) -> list[str]:
    asked = ((one.object, kinds[one.object.kind].problem(one.object)) for one in steps if one.action != "delete")
    return [f"{one.place}: {said}" for one, said in asked if said is not None]


def _brought_about(
    api: Api, name: str | None, made: Plan, kinds: Mapping[str, Kind], told: Callable[[Step], None]
) -> None:
    """The steps, between two writings of the record.

    The first one names what is about to be made: killed in the middle, a later apply still knows of it.
    """
    before = made.record.objects
    coming = {one.object.key: one.object for one in made.steps if one.action == "create"}
    etag = made.record.etag
    if name is not None and coming:
        etag = record.write(api, name, {**coming, **before}.values(), etag)
    for one in made.steps:
        _done(one, kinds[one.object.kind])
        told(one)
    waiting = {one.key for one in made.waiting}
    after = {one.key: one for one in (*made.declared, *made.left) if one.key not in waiting}
    if name is not None and not _alike(after, {**coming, **before}):
        record.write(api, name, after.values(), etag)


def _done(step: Step, kind: Kind) -> None:
    """One step. A failure names the object that it was about."""
    changes = {one.member: one.new for one in step.differences}
    try:
        if step.action == "create":
            kind.create(step.object)
        elif step.action == "change" and step.found is not None:
            kind.change(step.object, step.found, changes)
        elif step.found is not None:
            kind.remove(step.object, step.found)
    except StrongroomError as error:
        error.details = {**error.details, "object": step.object.title, "action": step.action}
        raise


def _alike(one: Mapping[str, Object], other: Mapping[str, Object]) -> bool:
    return one.keys() == other.keys() and all(same(one[key].members, other[key].members) for key in one)
