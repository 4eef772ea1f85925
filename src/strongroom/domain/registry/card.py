"""Cards as data: the head of a README.md, in the words that hubs of models share. Pure; nothing here parses YAML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from strongroom.domain.lineage.vocabulary import EdgeType
from strongroom.domain.registry.fields import TAG_KEY_LONGEST

CardValue: TypeAlias = bool | int | float | str | Sequence["CardValue"] | Mapping[str, "CardValue"] | None
"""What a field of a card may hold: plain values, as JSON has them."""

HEAD_LARGEST: Final = 64 * 1024
"""Characters of a head."""
TAGS_MOST: Final = 150
BASES_MOST: Final = 20
#: Fields whose values become tags with the field before them, and the word that stands there.
_PREFIXED: Final = {
    "license": "license", "datasets": "dataset", "task_categories": "task_categories",
    "task_ids": "task_ids", "size_categories": "size_categories", "base_model": "base_model",
}  # fmt: skip
_PLAIN: Final = ("pipeline_tag", "library_name", "language", "tags")
_RELATIONS: Final = {
    "finetune": EdgeType.BASE, "adapter": EdgeType.ADAPTER, "merge": EdgeType.MERGE, "quantized": EdgeType.QUANTISED,
}  # fmt: skip
"""The words of `base_model_relation`, in ours."""


@dataclass(frozen=True, slots=True)
class EvalResult:
    """One figure of a card's `model-index`, as its author stated it: nobody checked it."""

    task: str
    dataset: str
    metric: str
    value: CardValue
    verified: bool
    dataset_name: str = ""


def head_of(text: str) -> str | None:
    """The YAML between two lines of dashes at the start of a card; None where there is none, or it is too large."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return None
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            head = "\n".join(lines[1:number])
            return head if len(head) <= HEAD_LARGEST else None
    return None


def words(value: CardValue) -> list[str]:
    """A text, or the texts of a list; a number without quotes, such as a year among tags, is the text it looks like."""
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    texts = [str(one) for one in values if isinstance(one, str | int | float) and not isinstance(one, bool)]
    return [text.strip() for text in texts if text.strip()]


def tags_of(data: Mapping[str, CardValue]) -> list[str]:
    """The bare words that a card puts on its asset: library, task, languages, tags, and what it names elsewhere."""
    found = [word for field in _PLAIN for word in words(data.get(field))]
    found += [f"{prefix}:{word}" for field, prefix in _PREFIXED.items() for word in words(data.get(field))]
    fitting = [tag for tag in dict.fromkeys(found) if len(tag) <= TAG_KEY_LONGEST and tag.isprintable()]
    return fitting[:TAGS_MOST]


def bases_of(data: Mapping[str, CardValue]) -> list[str]:
    """The models that it says it was made from, as it names them."""
    return list(dict.fromkeys(words(data.get("base_model"))))[:BASES_MOST]


def relation_of(data: Mapping[str, CardValue]) -> EdgeType:
    """What it was made of them by: as the card says; else an adapter is one of PEFT, and several bases were merged."""
    said = _RELATIONS.get(" ".join(words(data.get("base_model_relation"))).lower())
    if said is not None:
        return said
    if "peft" in words(data.get("library_name")):
        return EdgeType.ADAPTER
    return EdgeType.MERGE if len(bases_of(data)) > 1 else EdgeType.BASE


def results_of(data: Mapping[str, CardValue]) -> list[EvalResult]:
    """The figures of its `model-index`; what has not that form is left out."""
    found = []
    for model in _maps(data.get("model-index")):
        for result in _maps(model.get("results")):
            task, dataset = _map(result.get("task")), _map(result.get("dataset"))
            for metric in _maps(result.get("metrics")):
                verified = metric.get("verified") is True
                said = (str(task.get("type", "")), str(dataset.get("type", "")), str(metric.get("type", "")))
                name = str(dataset.get("name", ""))
                found.append(EvalResult(*said, metric.get("value"), verified, name))
    return found


def _map(value: CardValue) -> Mapping[str, CardValue]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: CardValue) -> list[Mapping[str, CardValue]]:
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return [one for one in listed if isinstance(one, Mapping)]
