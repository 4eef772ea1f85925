"""Registered models and their versions on the wire."""

from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.dialects.mlflow.wire.experiments import Tag


class Alias(Message):
    """An alias and the number of the version that it points at."""

    alias: str
    version: str


class ModelVersion(Message):
    """A version as it is answered; its number is a text."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    status: str
    user_id: str | None = None
    description: str | None = None
    source: str | None = None
    run_id: str | None = None
    run_link: str | None = None
    model_id: str | None = None
    tags: list[Tag] = []
    aliases: list[str] = []


class RegisteredModel(Message):
    """A registered model as it is answered, with the newest version of every stage."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | None = None
    user_id: str | None = None
    latest_versions: list[ModelVersion] = []
    tags: list[Tag] = []
    aliases: list[Alias] = []


class ModelAnswer(Message):
    """One registered model."""

    registered_model: RegisteredModel


class VersionAnswer(Message):
    """One version."""

    model_version: ModelVersion


class CreateModel(Message):
    """A new registered model."""

    name: str | None = None
    tags: list[Tag] = []
    description: str | None = None


class ByName(Message):
    """A registered model by its name."""

    name: str | None = None


class RenameModel(ByName):
    """A new name."""

    new_name: str | None = None


class DescribeModel(ByName):
    """A new description."""

    description: str | None = None


class SetModelTag(ByName):
    """One tag to set, or, without its value, to remove."""

    key: str | None = None
    value: str | None = None


class SearchModels(Message):
    """Which registered models, in which order."""

    filter: str | None = None
    max_results: int | None = None
    order_by: list[str] = []
    page_token: str | None = None


class ModelsAnswer(Message):
    """A page of registered models; an empty token ends the list."""

    registered_models: list[RegisteredModel] = []
    next_page_token: str | None = None


class LatestVersions(ByName):
    """The newest version of each of these stages; of every stage when there are none."""

    stages: list[str] = []


class VersionsAnswer(Message):
    """A page of versions."""

    model_versions: list[ModelVersion] = []
    next_page_token: str | None = None


class CreateVersion(ByName):
    """A new version out of what lies at `source`."""

    source: str | None = None
    run_id: str | None = None
    tags: list[Tag] = []
    run_link: str | None = None
    description: str | None = None
    model_id: str | None = None


class ByVersion(ByName):
    """A version by its model's name and its number."""

    version: str | None = None


class DescribeVersion(ByVersion):
    """A new description."""

    description: str | None = None


class MoveVersion(ByVersion):
    """A new stage, and whether the versions that stand there now are archived."""

    stage: str | None = None
    archive_existing_versions: bool = False


class SetVersionTag(ByVersion):
    """One tag to set, or, without its value, to remove."""

    key: str | None = None
    value: str | None = None


class DownloadUri(Message):
    """From where the files of a version can be read."""

    artifact_uri: str


class ByAlias(ByName):
    """A version by an alias of its model; with a version, where the alias shall point."""

    alias: str | None = None
    version: str | None = None
