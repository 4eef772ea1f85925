"""Prompts: versions whose text stands in a file, and in a tag where MLflow's clients look for it."""

from collections.abc import Sequence
from typing import Final

from strongroom.application.artifacts import reading
from strongroom.application.edge import Edge
from strongroom.application.registry.views import VersionView, weight
from strongroom.dialects.mlflow.translate import prompts, registry
from strongroom.dialects.mlflow.wire.registry import ModelVersion
from strongroom.domain.errors import Conflict, Corrupted, Gated, NotFound, Purged, Recalled, TooLarge
from strongroom.domain.manifests.manifest import PATH as MANIFEST

UNREADABLE: Final = (Recalled, Gated, Conflict, TooLarge, Corrupted, Purged)
"""Why a list shows a prompt without its text: one of many that cannot be read hides no other."""


async def spoken_versions(edge: Edge, views: Sequence[VersionView]) -> list[ModelVersion]:
    """Versions for a client, those of prompts with their texts."""
    return [await _spoken(edge, view) for view in views]


async def listed_versions(edge: Edge, views: Sequence[VersionView]) -> list[ModelVersion]:
    """The same of a list: a prompt whose text cannot be read stands in it with an empty one."""
    found = []
    for view in views:
        try:
            found.append(await _spoken(edge, view))
        except UNREADABLE:
            found.append(prompts.with_text(registry.model_version(view), ""))
    return found


async def _spoken(edge: Edge, view: VersionView) -> ModelVersion:
    version = registry.model_version(view)
    return version if view.kind != "prompt" else prompts.with_text(version, await _text(edge, view))


def weight_with_text(view: VersionView) -> int:
    """About how many bytes a version has in an answer: a prompt holds little but its text."""
    return weight(view) + (min(view.bytes, prompts.FILE_LARGEST) if view.kind == "prompt" else 0)


async def _text(edge: Edge, view: VersionView) -> str:
    """The text of a prompt; one that was not made by MLflow's client has its manifest instead."""
    for path in (prompts.CONTENT, MANIFEST):
        try:
            raw = await reading.read_whole(edge, view.uid, path, prompts.FILE_LARGEST)
        except NotFound:
            continue
        return prompts.text_of(path, raw)
    return ""
