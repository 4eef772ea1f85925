"""MLflow's messages about scorers."""

from typing import Any

from strongroom.dialects.mlflow.wire.codec import Message


class RegisterScorer(Message):
    """A new version of a scorer."""

    experiment_id: str | None = None
    name: str | None = None
    serialized_scorer: str | None = None


class Registered(Message):
    """What was registered; here the experiment's id is a text."""

    version: int
    scorer_id: str
    experiment_id: str
    name: str
    serialized_scorer: str
    creation_time: int


class Scorer(Message):
    """One version. The message has no place for an experiment's id but a 32-bit number: it is left out."""

    scorer_name: str
    scorer_version: int
    serialized_scorer: str
    creation_time: int
    scorer_id: str


class ListScorers(Message):
    """The latest versions in an experiment, or in several."""

    experiment_id: str | None = None
    experiment_ids: list[str] = []


class ByName(Message):
    """A scorer, or one version of it."""

    experiment_id: str | None = None
    name: str | None = None
    version: int | None = None


class ScorerAnswer(Message):
    """One version."""

    scorer: Scorer


class ScorersAnswer(Message):
    """Some versions."""

    scorers: list[Scorer]


class OnlineConfigs(Message):
    """Which scorers are asked about."""

    scorer_ids: list[str] = []


class OnlineConfigsAnswer(Message, omit_defaults=False):
    """None ever has such a configuration: scorers are not run here."""

    configs: list[dict[str, Any]] = []
