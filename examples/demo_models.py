"""Three scikit-learn models on a real data set (breast cancer, Wisconsin), each with a curve of its training."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 7


@dataclass(frozen=True)
class Data:
    """The data set, split: features as float arrays (rows x 30), labels as integers."""

    train_x: Any
    test_x: Any
    train_y: Any
    test_y: Any
    names: list[str]


@dataclass(frozen=True)
class Step:
    """One point of a training curve."""

    number: int
    accuracy: float
    loss: float


def load() -> Data:
    """The data set that ships with scikit-learn, split 70 : 30."""
    bunch = load_breast_cancer()
    split = train_test_split(bunch.data, bunch.target, test_size=0.3, random_state=SEED, stratify=bunch.target)
    return Data(*split, names=list(bunch.feature_names))


def as_csv(data: Data) -> str:
    """The whole data set as CSV, as it is registered."""
    rows = np.column_stack([np.vstack([data.train_x, data.test_x]), np.concatenate([data.train_y, data.test_y])])
    header = ",".join([*(name.replace(" ", "_") for name in data.names), "benign"])
    return header + "\n" + "\n".join(",".join(f"{value:g}" for value in row) for row in rows) + "\n"


def _step(number: int, model: Any, data: Data) -> Step:  # noqa: ANN401 - any scikit-learn classifier
    chances = model.predict_proba(data.test_x)
    accuracy = accuracy_score(data.test_y, chances.argmax(axis=1))
    return Step(number, float(accuracy), float(log_loss(data.test_y, chances)))


def linear(data: Data) -> Iterator[tuple[Any, Step]]:
    """Logistic regression by gradient descent, one step an epoch."""
    scaler = StandardScaler().fit(data.train_x)
    model = SGDClassifier(loss="log_loss", alpha=0.01, random_state=SEED)
    for epoch in range(1, 31):
        model.partial_fit(scaler.transform(data.train_x), data.train_y, classes=[0, 1])
        yield make_pipeline(scaler, model), _step(epoch, make_pipeline(scaler, model), data)


def forest(data: Data) -> Iterator[tuple[Any, Step]]:
    """A random forest, one step for ten trees."""
    model = RandomForestClassifier(n_estimators=0, warm_start=True, random_state=SEED)
    for trees in range(10, 101, 10):
        model.set_params(n_estimators=trees)
        model.fit(data.train_x, data.train_y)
        yield model, _step(trees, model, data)


def boosted(data: Data) -> Iterator[tuple[Any, Step]]:
    """Gradient boosting, one step for ten stages."""
    model = GradientBoostingClassifier(n_estimators=1, warm_start=True, learning_rate=0.2, random_state=SEED)
    for stages in range(10, 101, 10):
        model.set_params(n_estimators=stages)
        model.fit(data.train_x, data.train_y)
        yield model, _step(stages, model, data)


#: In the order in which the demonstration trains them, each better than the one before.
MODELS = {
    "forest": (forest, {"trees": 100, "criterion": "gini"}),
    "boosted": (boosted, {"stages": 100, "learning_rate": 0.2}),
    "linear": (linear, {"alpha": 0.01, "epochs": 30, "loss": "log_loss"}),
}
