"""The figures of a card's `model-index`, as evaluations of the version that is published with it.

They are what the author wrote. Which bytes they stand on nobody knows: they are *unbound*, shown and used by no gate.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from strongroom.application.call import Call
from strongroom.application.evaluations import recording
from strongroom.application.evaluations.recording import RecordEvaluation
from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.fields import MEASURES_MOST, NAME_LONGEST, clean_data, clean_measures
from strongroom.domain.evaluations.model import Direction, Measure
from strongroom.domain.registry.card import CardValue, EvalResult, results_of

NAME: Final = "model-index"
DATASETS_MOST: Final = 50
"""Data sets of one card whose figures are kept."""
_LESS_IS_BETTER: Final = frozenset(
    {"loss", "perplexity", "wer", "cer", "ter", "mae", "mse", "rmse", "error", "latency"}
)


def record(call: Call, version_uid: str, data: Mapping[str, CardValue]) -> None:
    """Record an evaluation for each data set that a card names; what cannot be read as a figure is left out."""
    for name, measures in _by_dataset(results_of(data)).items():
        recording.record_here(call, version_uid, RecordEvaluation(NAME, measures, dataset_name=name))


def _by_dataset(results: Sequence[EvalResult]) -> dict[str, list[Measure]]:
    found: dict[str, dict[str, Measure]] = {}
    for one in results:
        measure, name = _measure(one), _dataset(one)
        if measure is None or (name not in found and len(found) >= DATASETS_MOST):
            continue
        of = found.setdefault(name, {})
        if len(of) < MEASURES_MOST:
            of.setdefault(measure.name, measure)
    return {name: list(of.values()) for name, of in found.items()}


def _measure(one: EvalResult) -> Measure | None:
    """The figure, where it is one."""
    if isinstance(one.value, bool) or not isinstance(one.value, int | float):
        return None
    better = Direction.LOWER if one.metric.lower() in _LESS_IS_BETTER else Direction.HIGHER
    try:
        (clean,) = clean_measures([Measure(one.metric, float(one.value), better=better)])
    except (Invalid, OverflowError):
        return None
    return clean


def _dataset(one: EvalResult) -> str:
    """What the card calls the data set; nothing where that could not be a name here."""
    try:
        return clean_data("", (one.dataset_name or one.dataset)[:NAME_LONGEST]).name
    except Invalid:
        return ""
