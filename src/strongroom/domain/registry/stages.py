"""Stages: the names a version may be placed at, and the moves a workspace allows between them (domain.md N12)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from strongroom.domain.errors import Invalid, StageEdgeNotAllowed
from strongroom.domain.registry.text import clean_line

STAGE_LONGEST = 64
STAGES_MOST = 64
NONE = "none"
"""The stage of a version that was never placed. Every graph has it."""
ARCHIVED = "archived"


def clean_stage(text: str) -> str:
    """Stage name in NFC: one line, 1 to 64 characters, case-sensitive.

    :raises Invalid: control or invisible characters, outer whitespace, empty or too long.
    """
    return clean_line(text, what="stage", longest=STAGE_LONGEST, error=Invalid)


@dataclass(frozen=True, slots=True)
class StageGraph:
    """The stages of a workspace in their order, and which moves between them are allowed.

    :param stages: names in display order; holds ``none``.
    :param edges: pairs (from, to); staying where one is needs no edge.
    :param is_open: an unknown name defines itself and every move is allowed (SageMaker, Azure; `open_stages`).
    """

    stages: tuple[str, ...]
    edges: frozenset[tuple[str, str]]
    is_open: bool = False

    @classmethod
    def of(cls, stages: Iterable[str], edges: Iterable[tuple[str, str]], *, is_open: bool = False) -> Self:
        """A graph from settings, checked.

        :raises Invalid: a bad, repeated or missing (``none``) stage, more than 64, or an edge to an unknown stage.
        """
        names = tuple(map(clean_stage, stages))
        pairs = frozenset(edges)
        if len(names) > STAGES_MOST or len(set(names)) < len(names) or NONE not in names:
            raise Invalid(f"Stages are at most {STAGES_MOST} different names, {NONE!r} among them.", limit=STAGES_MOST)
        if unknown := {stage for pair in pairs for stage in pair} - set(names):
            raise Invalid("An edge joins two stages of the workspace.", unknown=sorted(unknown))
        return cls(names, pairs, is_open)

    @classmethod
    def free(cls, stages: Iterable[str]) -> Self:
        """A graph in which every stage may follow every other."""
        names = tuple(stages)
        return cls.of(names, ((a, b) for a in names for b in names if a != b))

    def next_stages(self, current: str | None) -> tuple[str, ...]:
        """Where a version may go from here, in display order; None is a version never placed."""
        origin = current or NONE
        return tuple(s for s in self.stages if s != origin and (self.is_open or (origin, s) in self.edges))

    def check_known(self, stage: str) -> None:
        """:raises Invalid: it is no stage of a graph that is not open."""
        if not self.is_open and stage not in self.stages:
            raise Invalid(f"{stage!r} is not a stage of this workspace.", stages=list(self.stages))

    def check_move(self, current: str | None, to: str) -> str:
        """The clean name of the stage to move to. Moving to the present stage is allowed.

        :raises Invalid: `to` is no stage of a graph that is not open.
        :raises StageEdgeNotAllowed: no edge; `details["allowed"]` lists where it may go.
        """
        target, origin = clean_stage(to), current or NONE
        if self.is_open or target == origin:
            return target
        self.check_known(target)
        if (origin, target) not in self.edges:
            allowed = list(self.next_stages(current))
            raise StageEdgeNotAllowed(f"A version at {origin!r} may not move to {target!r}.", allowed=allowed)
        return target


DEFAULT_STAGES = StageGraph.free((NONE, "development", "staging", "production", ARCHIVED))
"""What a new workspace has. Every move is free: some clients bring stages of their own and know no rungs; a workspace
that wants a ladder defines it."""
