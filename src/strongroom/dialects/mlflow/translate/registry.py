"""Registered models and versions, from our words to MLflow's."""

from collections.abc import Sequence

from strongroom.application.registry.views import AssetView, VersionView
from strongroom.dialects.mlflow.translate.common import milliseconds, tag_list
from strongroom.dialects.mlflow.translate.ids import hex_of
from strongroom.dialects.mlflow.wire.codec import invalid
from strongroom.dialects.mlflow.wire.experiments import Tag
from strongroom.dialects.mlflow.wire.registry import Alias, ModelVersion, RegisteredModel
from strongroom.domain.errors import NotFound
from strongroom.domain.registry.stages import ARCHIVED, NONE

KINDS = ("model", "prompt")
"""What MLflow keeps in one list of names."""
IS_PROMPT = "mlflow.prompt.is_prompt"
"""The tag by which MLflow tells a prompt from a model; here it is the kind of the asset."""
STAGES = {"none": NONE, "staging": "staging", "production": "production", "archived": ARCHIVED}


def flat(name: str | None) -> str:
    """A name in the root namespace, the one that MLflow's clients see.

    :raises NotFound: it names another namespace, whose models an answer could not name: it holds the name alone.
    """
    if "/" in (name or ""):
        raise NotFound("Models of other namespaces are not seen by MLflow's clients.")
    return name or ""


def stage_of(text: str) -> str:
    """Our word for a stage, however it is capitalised. :raises Invalid: MLflow has no such stage."""
    found = STAGES.get(text.lower())
    if found is None:
        raise invalid("stage", text, f"Value must be one of {', '.join(map(spoken_stage, STAGES.values()))}.")
    return found


def spoken_stage(stage: str | None) -> str:
    """MLflow's spelling of a stage; those that only we know are capitalised alike."""
    return (stage or NONE).capitalize()


def model_version(view: VersionView) -> ModelVersion:
    """A version; of its model MLflow's clients see the name alone."""
    return ModelVersion(
        name=view.asset.rpartition("/")[2],
        version=str(view.number),
        creation_timestamp=milliseconds(view.claimed_at or view.created_at),
        last_updated_timestamp=milliseconds(view.updated_at),
        current_stage=spoken_stage(view.stage),
        status="READY",
        description=view.description or None,
        source=view.origin or "",
        run_id=hex_of(view.run_uid) if view.run_uid else "",
        tags=tag_list(view.tags),
        aliases=list(view.aliases),
    )


def registered_model(view: AssetView, latest: Sequence[VersionView]) -> RegisteredModel:
    """A registered model with the newest version of every stage."""
    return RegisteredModel(
        name=view.name,
        creation_timestamp=milliseconds(view.claimed_at or view.created_at),
        last_updated_timestamp=milliseconds(view.updated_at),
        description=view.description or None,
        latest_versions=[model_version(version) for version in latest],
        tags=[*tag_list(view.tags), *([Tag(key=IS_PROMPT, value="true")] if view.kind == "prompt" else [])],
        aliases=[Alias(alias=alias, version=str(number)) for alias, number in sorted(view.aliases.items())],
    )
