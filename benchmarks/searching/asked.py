"""The questions: what is looked for, in which order, as of when."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.domain.search.schema import Entity

PAST = 10**15
"""A moment when a tenth of the tags, aliases and stages were others."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its name."""

    entity: Entity
    name: str
    where: str = ""
    order: Sequence[str] = ()
    at: int | None = None


def _of(entity: Entity, *asked: tuple[str, str, list[str]], at: int | None = None) -> list[Asked]:
    return [Asked(entity, name, where, order, at) for name, where, order in asked]


BEST = ["metrics.auc DESC"]
QUESTIONS = [
    *_of(
        Entity.RUN,
        ("metric range, by that metric", "metrics.auc > 0.9", BEST),
        ("metric range of 1 in 1,000, by another metric", "metrics.auc > 0.999", ["metrics.loss"]),
        ("param of 1 in 10, by a metric", "params.depth = 7", BEST),
        ("param of 1 in 1,000, by a metric", "params.seed = '77'", BEST),
        (
            "metric, param, tag and state, by a metric",
            "metrics.auc > 0.5 AND params.depth IN (1, 7) AND tags.team = 't3' AND state = 'finished'",
            ["metrics.loss"],
        ),
        (
            "metric of 1 in 20, param and tag of 1 in 10, by another metric",
            "metrics.auc > 0.95 AND params.depth = 7 AND tags.team = 't3'",
            ["metrics.loss"],
        ),
        ("two metric ranges that rarely meet", "metrics.auc > 0.99 AND metrics.loss < 0.01", ["metrics.epoch"]),
        ("OR of a param and a tag, by a metric", "params.seed = '77' OR tags.team = 't3'", BEST),
        ("NOT and LIKE, by a metric", "NOT params.depth = 7 AND name LIKE 'run-1%'", BEST),
        ("a tag of 1 in 10 and a state, latest first", "tags.team = 't3' AND state = 'failed'", []),
        ("no filter, by a param", "", ["params.depth DESC"]),
        ("no filter, latest first", "", []),
        ("words of a text, by a metric", "text CONTAINS 'run 77*'", BEST),
        ("an expression on 1 in 1,000", "params.seed = '77' AND name MATCHES '[02468]$'", BEST),
        ("metric range, by its maximum", "metrics.auc > 0.999", ["max(metrics.auc) DESC"]),
        ("data set of 1 in 500, by a metric", "dataset.name = 'data-77'", BEST),
        (
            "data set and metric range, by another metric",
            "dataset.name = 'data-77' AND metrics.auc > 0.5",
            ["metrics.loss"],
        ),
        ("data set by digest, latest first", "dataset.digest = 'sha256:77'", []),
    ),
    *_of(Entity.RUN, ("tag as it was, by a metric", "tags.team = 'old'", BEST), at=PAST),
    *_of(
        Entity.VERSION,
        (
            "tag of 1 in 10, property range, alias",
            "tags.team = 't3' AND properties.f1 > 0.9 AND alias = 'champion'",
            [],
        ),
        (
            "tag, property range, alias, by the property",
            "tags.team = 't3' AND properties.f1 > 0.9 AND alias = 'champion'",
            ["properties.f1 DESC"],
        ),
        ("tag of 1 in 1,000", "tags.ticket = 'T-77'", []),
        ("tag of 1 in 10, latest first", "tags.team = 't3'", []),
        ("alias of 1 in 10, by a property", "alias = 'champion'", ["properties.f1 DESC"]),
        ("property range and text property", "properties.f1 > 0.5 AND properties.format = 'onnx'", ["properties.f1"]),
        ("two property parts that rarely meet", "properties.f1 > 0.999 AND properties.format = 'onnx'", []),
        ("name of an asset", "name = 'asset-77'", []),
        ("stage of 1 in 10 and a tag", "stage = 'production' AND tags.team = 't3'", []),
        ("words of a text", "text CONTAINS 'release 77*'", []),
        ("no filter, latest first", "", []),
        ("of a kind, as MLflow lists them", "kind = 'model'", ["updated_at DESC", "name", "number DESC"]),
    ),
    *_of(
        Entity.VERSION,
        ("tag and alias as they were", "tags.team = 'old' AND alias = 'candidate'", []),
        ("stage as it was", "stage = 'staging'", []),
        at=PAST,
    ),
    *_of(
        Entity.LOGGED_MODEL,
        ("status and metric, by it", "status = 'ready' AND metrics.auc > 0.9", BEST),
        ("metric on a data set, by it", "metrics.auc ON 'data-77' > 0.5", ["metrics.auc ON 'data-77' DESC"]),
        ("data set and param, by a metric", "dataset.name = 'data-77' AND params.depth = 7", BEST),
        ("param of 1 in 10 and tag of 1 in 10, by a metric", "params.depth = 7 AND tags.team = 't3'", BEST),
        ("no filter, by a metric", "", BEST),
        ("no filter, latest first", "", []),
    ),
    *_of(
        Entity.TRACE,
        ("no filter, latest first", "", []),
        ("state of 1 in 100, latest first", "state = 'error'", []),
        ("session of 1 in 1,000", "session = 'session-77'", []),
        ("name of a span of 1 in 100", "spans.name = 'tool-7'", []),
        ("one span of 1 in 10,000", "SPAN (spans.name = 'tool-7' AND spans.status = 'error')", []),
        ("a type of span, latest first", "spans.type = 'TOOL' AND duration_us > 500000", []),
        ("an attribute of spans", "spans.name = 'tool-7' AND spans.attributes.tokens > 900", []),
        ("feedback of 1 in 10, latest first", "feedback.good = FALSE", []),
        ("feedback of 1 in 1,000", "feedback.score < 0.001", []),
        ("runs of traces", "run = '01900000-0000-7000-8000-000000000077'", []),
        ("longest first, of a state", "state = 'ok'", ["duration_us DESC"]),
    ),
]
