"""Pipelines: a run whose steps are runs too, which depend on each other without a circle."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.text import clean_line, clean_text
from strongroom.domain.tracking.model import RunState

STEPS_MOST = 1_000
"""Steps of one pipeline."""
DEPENDENCIES_MOST = 100
"""Steps that one step depends on."""
INPUTS_MOST = 1_000
"""Inputs that a cache key is made of."""
WORD_LONGEST = 500


class StepStatus(StrEnum):
    """How a step stands: before it is begun by its dependencies, from then on as its run."""

    WAITING = "waiting"
    READY = "ready"
    BLOCKED = "blocked"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a pipeline: its name, the names of the steps it depends on, and the run of its latest attempt."""

    name: str
    depends_on: tuple[str, ...]
    run_id: int | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run as an attempt at a step: what it may be cached under, and the finished run that answered for it."""

    run_id: int
    step: str
    cache_key: str | None
    answered_by: int | None


def clean_step_name(text: str) -> str:
    """Name of a step in NFC, 1 to 255 characters without ``/``, so that an address can hold it.

    :raises Invalid: another form.
    """
    name = clean_line(text, what="step's name", longest=255, error=Invalid)
    if "/" in name or name in {".", ".."}:
        raise Invalid("A step's name has no slash and is not '.' or '..'.")
    return name


def clean_steps(known: Iterable[str], new: Sequence[tuple[str, Sequence[str]]]) -> list[Step]:
    """New steps of a pipeline, checked, in an order in which they can run.

    :param known: names of the steps that are there. :param new: names, and what each depends on: known ones or new.
    :raises Invalid: a name twice, an unknown dependency, a circle, or too many.
    """
    there = set(known)
    asked: dict[str, tuple[str, ...]] = {}
    for name, depends_on in new:
        clean = clean_step_name(name)
        if clean in asked or clean in there:
            raise Invalid("A pipeline has each step once.", step=clean)
        if len(depends_on) > DEPENDENCIES_MOST:
            raise Invalid(f"A step depends on at most {DEPENDENCIES_MOST} others.", limit=DEPENDENCIES_MOST)
        asked[clean] = tuple(dict.fromkeys(clean_step_name(one) for one in depends_on))
    if len(there) + len(asked) > STEPS_MOST:
        raise Invalid(f"A pipeline has at most {STEPS_MOST} steps.", limit=STEPS_MOST)
    for name, needed in asked.items():
        if unknown := sorted(set(needed) - there - asked.keys()):
            raise Invalid("A step depends on one that there is not.", step=name, unknown=unknown[:10])
    return [Step(name, asked[name]) for name in _ordered(asked)]


def _ordered(asked: Mapping[str, Sequence[str]]) -> list[str]:
    among = {name: [one for one in needed if one in asked] for name, needed in asked.items()}
    try:
        return list(TopologicalSorter(among).static_order())
    except CycleError as error:
        circle = error.args[1][::-1]
        raise Invalid("Steps may not depend on each other in a circle.", circle=circle[:20]) from None


def statuses(steps: Sequence[Step], runs: Mapping[int, RunState]) -> dict[str, StepStatus]:
    """How each step stands, in the order of `steps` (each after those it depends on).

    A step is blocked when one that it depends on has failed, was killed or is blocked itself.
    """
    found: dict[str, StepStatus] = {}
    for step in steps:
        if step.run_id is not None:
            found[step.name] = StepStatus(runs[step.run_id].value)
            continue
        needed = {found[name] for name in step.depends_on}
        if needed & {StepStatus.FAILED, StepStatus.KILLED, StepStatus.BLOCKED}:
            found[step.name] = StepStatus.BLOCKED
        else:
            found[step.name] = StepStatus.READY if needed <= {StepStatus.FINISHED} else StepStatus.WAITING
    return found


def cache_key(step: str, code: str, inputs: Sequence[str], params: Mapping[str, str]) -> str:
    """SHA-256 (64 hex digits) of all that a step's result depends on; the order of inputs and params does not matter.

    :param code: a digest or commit of the step's code. :param inputs: digests of what it reads.
    :raises Invalid: no code, or texts that are too long or too many.
    """
    if not code:
        raise Invalid("A cache key needs the digest of the step's code.")
    if len(inputs) > INPUTS_MOST:
        raise Invalid(f"A cache key is made of at most {INPUTS_MOST} inputs.", limit=INPUTS_MOST)
    words = [clean_text(word, what="digest", longest=WORD_LONGEST) for word in (code, *inputs)]
    whole = {"step": step, "code": words[0], "inputs": sorted(words[1:]), "params": dict(params)}
    text = json.dumps(whole, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
