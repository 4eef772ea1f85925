"""Prompts: versions whose text stands in a file, and in a tag where MLflow's clients look for it."""

from collections.abc import Sequence

from strongroom.application.artifacts import reading
from strongroom.application.edge import Edge
from strongroom.application.registry.views import VersionView
from strongroom.dialects.mlflow.translate import prompts, registry
from strongroom.dialects.mlflow.wire.registry import ModelVersion
from strongroom.domain.errors import NotFound, Recalled
from strongroom.domain.manifests.manifest import PATH as MANIFEST


async def spoken_versions(edge: Edge, views: Sequence[VersionView], *, listed: bool = False) -> list[ModelVersion]:
    """Versions for a client, those of prompts with their texts. :param listed: a recalled one is listed without."""
    found = []
    for view in views:
        version = registry.model_version(view)
        if view.kind == "prompt":
            version = prompts.with_text(version, await _text(edge, view, listed=listed))
        found.append(version)
    return found


async def _text(edge: Edge, view: VersionView, *, listed: bool) -> str:
    """The text of a prompt; one that was not made by MLflow's client has its manifest instead."""
    for path in (prompts.CONTENT, MANIFEST):
        try:
            raw = await reading.read_whole(edge, view.uid, path, prompts.FILE_LARGEST)
        except NotFound:
            continue
        except Recalled:
            if listed:
                return ""
            raise
        return prompts.text_of(path, raw)
    return ""
