"""A workspace's stages as a ladder: one rung up at a time, any number down, and the archive from anywhere."""

from itertools import pairwise

from strongroom.domain.registry.stages import ARCHIVED, NONE, StageGraph

RUNGS = (NONE, "development", "staging", "production")
EDGES = (
    *pairwise(RUNGS),
    *((high, low) for n, high in enumerate(RUNGS) for low in RUNGS[:n]),
    *((rung, ARCHIVED) for rung in RUNGS),
    (ARCHIVED, NONE),
    (ARCHIVED, "development"),
)
LADDER = StageGraph.of((*RUNGS, ARCHIVED), EDGES)
