"""Prompts: versions whose text stands in a file, and in a tag where MLflow's clients look for it."""

from collections.abc import Sequence

from strongroom.application.artifacts import reading
from strongroom.application.edge import Edge
from strongroom.application.registry.views import VersionView
from strongroom.dialects.mlflow.translate import prompts, registry
from strongroom.dialects.mlflow.wire.registry import ModelVersion
from strongroom.domain.errors import NotFound
from strongroom.domain.manifests.manifest import PATH as MANIFEST


async def spoken_versions(edge: Edge, views: Sequence[VersionView]) -> list[ModelVersion]:
    """Versions for a client, those of prompts with their texts."""
    found = []
    for view in views:
        version = registry.model_version(view)
        found.append(version if view.kind != "prompt" else prompts.with_text(version, await _text(edge, view)))
    return found


async def _text(edge: Edge, view: VersionView) -> str:
    """The text of a prompt; one that was not made by MLflow's client has its manifest instead."""
    for path in (prompts.CONTENT, MANIFEST):
        try:
            raw = await reading.read_whole(edge, view.uid, path, prompts.FILE_LARGEST)
        except NotFound:
            continue
        return prompts.text_of(path, raw)
    return ""
