"""Searches: MLflow's filters and orders as questions of the core."""

from collections.abc import Sequence

from strongroom.application.search.find import Question
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import Expr


def experiments_question(text: str, order: Sequence[str], state: str) -> Question:
    """Which experiments are looked for."""
    return Question(state=state, where=_where(text, order))


def runs_question(text: str, order: Sequence[str], state: str, experiment_uids: Sequence[str]) -> Question:
    """Which runs are looked for."""
    return Question(state=state, experiment_uids=tuple(experiment_uids), where=_where(text, order))


def models_question(text: str, order: Sequence[str]) -> Question:
    """Which registered models are looked for."""
    return Question(where=_where(text, order))


def versions_question(text: str, order: Sequence[str]) -> Question:
    """Which versions are looked for."""
    return Question(where=_where(text, order))


def _where(text: str, order: Sequence[str]) -> Expr | None:
    if text.strip() or order:
        raise Invalid("Filters are not served yet.")
    return None
