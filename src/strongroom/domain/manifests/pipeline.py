"""Pipelines: steps that are done in an order without loops, each a component named by its digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests.cursor import Cursor, Fields
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.member import Member

FIELDS: Final = ("steps", "parameters", "settings", "description")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, after which others, with what beside."""

    name: str
    component: Member
    after: tuple[str, ...]
    uses: Mapping[str, Member]
    settings: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline; steps by name."""

    steps: Mapping[str, Step]
    parameters: Mapping[str, Plain]
    settings: Mapping[str, Plain]
    description: str = ""


def read(fields: Fields) -> Pipeline:
    """A pipeline. :raises BadManifest: naming the place, a loop too."""
    cursor, parameters = fields["steps"], fields.get("parameters")
    steps = {name: _step(name, one) for name, one in cursor.named()}
    if not steps:
        cursor.fail("has at least one step.")
    _check_order(cursor, steps)
    return Pipeline(steps, parameters.settings() if parameters else {}, fields.settings(), fields.words())


def _step(name: str, cursor: Cursor) -> Step:
    fields = cursor.fields("component", optional=("after", "uses", "settings"))
    after, uses = fields.get("after"), fields.get("uses")
    return Step(
        name,
        fields["component"].member(),
        tuple(one.name() for one in after.items()) if after else (),
        {key: one.member() for key, one in uses.named()} if uses else {},
        fields.settings(),
    )


def _check_order(cursor: Cursor, steps: Mapping[str, Step]) -> None:
    """Every step that is waited for exists, and the waiting ends."""
    waiting = {name: set(step.after) for name, step in steps.items()}
    for name, others in waiting.items():
        if unknown := sorted(others - steps.keys()):
            cursor.at(name, None).fail(f"waits for {unknown[0]!r}, which is no step.")
    ready = [name for name, others in waiting.items() if not others]
    followers: dict[str, list[str]] = {name: [] for name in steps}
    for name, others in waiting.items():
        for other in others:
            followers[other].append(name)
    while ready:
        done = ready.pop()
        del waiting[done]
        for name in followers[done]:
            waiting[name].discard(done)
            if not waiting[name]:
                ready.append(name)
    if waiting:
        cursor.fail(f"the steps {', '.join(sorted(waiting)[:5])} wait for each other.")
