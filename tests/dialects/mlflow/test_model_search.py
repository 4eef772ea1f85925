"""Searches for logged models, and for runs by their data sets, sent by MLflow's own client."""

from collections.abc import Sequence

import pytest

from tests.dialects.mlflow.client import MlflowProcess

MODELS = """
import pandas as pd
id_ = client.create_experiment("measured")
mlflow.set_experiment(experiment_id=id_)
from mlflow.data.pandas_dataset import from_pandas
holdout = from_pandas(pd.DataFrame({"x": [1]}), name="holdout", digest="h1")
train = from_pandas(pd.DataFrame({"x": [2]}), name="train", digest="t1")
names, run_ids = {}, {}
for name, type_, auc, depth in [("a", "sklearn", (0.5, 0.99), "3"), ("b", "agent", (0.9, 0.95), "4"),
                                ("c", "agent", (None, 0.4), "10")]:
    with mlflow.start_run(run_name=name) as run:
        model = mlflow.initialize_logged_model(name=name, model_type=type_, params={"depth": depth},
                                               tags={"team": "risk" if name == "a" else "Risk"})
        names[model.model_id], run_ids[name] = name, run.info.run_id
        for dataset, value in zip([holdout, train], auc):
            if value is not None:
                mlflow.log_input(dataset, context="eval" if dataset is holdout else "training")
                mlflow.log_metric("auc", value, step=1, model_id=model.model_id, dataset=dataset)
        mlflow.log_metrics({"loss": 1 - auc[1]}, model_id=model.model_id)
        if name != "c":
            mlflow.finalize_logged_model(model.model_id, "READY")
def found(text=None, order=None, **more):
    models = mlflow.search_logged_models(experiment_ids=[id_], filter_string=text, order_by=order,
                                         output_format="list", **more)
    return "".join(names[m.model_id] for m in models)
def runs(text):
    return "".join(sorted(r.info.run_name for r in mlflow.search_runs([id_], text, output_format="list")))
HOLDOUT, TRAIN = {"dataset_name": "holdout"}, {"dataset_name": "train", "dataset_digest": "t1"}
"""


@pytest.fixture(scope="module")
def measured(mlflow: MlflowProcess) -> MlflowProcess:
    mlflow.run(MODELS)
    return mlflow


@pytest.mark.parametrize(
    ("text", "more", "names"),
    [
        (None, "", "cba"),
        ("name = 'a'", "", "a"),
        ("name LIKE '%'", "", "cba"),
        ("model_type IN ('agent', 'x')", "", "cb"),
        ("attributes.model_type NOT IN ('agent')", "", "a"),
        ("status = 'READY'", "", "ba"),
        ("status = 'LOGGED_MODEL_PENDING'", "", "c"),
        ("source_run_id = '{b}'", "", "b"),
        ("creation_timestamp > 0 AND creation_time < 1", "", ""),
        ("params.depth = '10'", "", "c"),
        ("params.depth = 10", "", "c"),
        ("params.depth != '3'", "", "cb"),
        ("tags.team = 'risk'", "", "a"),
        ("tags.team ILIKE 'RISK'", "", "cba"),
        ("metrics.auc > 0.97", "", "a"),
        ("metrics.auc > 0.6", "datasets=[HOLDOUT]", "b"),
        ("metrics.auc > 0.6", "datasets=[HOLDOUT, TRAIN]", "ba"),
        ("metrics.auc > 0.97 AND metrics.loss < 0.5", "datasets=[TRAIN]", ""),
        ("metrics.auc < 0.6 AND metrics.loss < 0.5", "", "a"),
        (None, "datasets=[HOLDOUT]", "ba"),
        (None, "datasets=[{'dataset_name': 'holdout', 'dataset_digest': 'other'}]", ""),
        ("metric.auc > 0.9", "", None),
        ("metrics.auc LIKE 'x'", "", None),
        ("params.depth > 3", "", None),
        ("tags.team IS NULL", "", None),
        ("nothing = 'x'", "", None),
        ("name = 'a' OR name = 'b'", "", None),
    ],
)
def test_logged_models_by_filter(measured: MlflowProcess, text: str | None, more: str, names: str | None) -> None:
    """3.5: "numeric ops on metrics and numeric attributes ... datasets restricts metric conditions"."""
    asked = f"found({text!r}{'.format(**run_ids)' if text and '{' in text else ''}, {more})"
    if names is None:
        assert measured.code_of(asked) == "INVALID_PARAMETER_VALUE"
    else:
        assert measured.run(f"result = {asked}") == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ([{"field_name": "metrics.auc", "ascending": False, "dataset_name": "train"}], "abc"),
        ([{"field_name": "metrics.auc", "dataset_name": "holdout", "dataset_digest": "h1"}], "abc"),
        ([{"field_name": "metrics.loss"}], "abc"),
        ([{"field_name": "name", "ascending": False}], "cba"),
        ([{"field_name": "creation_timestamp"}], "abc"),
        ([{"field_name": "model_type"}, {"field_name": "name"}], "bca"),
        ([{"field_name": "params.depth"}], None),
        ([{"field_name": "metrics.auc", "dataset_digest": "h1"}], None),
        ([{"field_name": "nothing"}], None),
    ],
)
def test_logged_models_in_order(measured: MlflowProcess, order: Sequence[dict[str, object]], names: str | None) -> None:
    """3.5: "order_by is a list of objects {field_name, ascending, dataset_name, dataset_digest}"."""
    if names is None:
        assert measured.code_of(f"found(order={order!r})") == "INVALID_PARAMETER_VALUE"
    else:
        assert measured.run(f"result = found(order={order!r})") == names


def test_measurements_show_in_the_logged_model_and_in_the_run(measured: MlflowProcess) -> None:
    """3.4: metrics "may carry model_id, dataset_name, dataset_digest: must show up in the logged model"."""
    said = measured.run(
        """
        model = client.get_logged_model(next(id_ for id_, name in names.items() if name == "b"))
        own = [[m.key, m.value, m.step, m.dataset_name, m.dataset_digest, m.run_id == run_ids["b"]]
               for m in model.metrics]
        run = client.get_run(run_ids["b"])
        result = [sorted(own, key=str), sorted(run.data.metrics)]
        """
    )
    assert said[0][0] == ["auc", 0.9, 1, "holdout", "h1", True]
    assert said[0][1] == ["auc", 0.95, 1, "train", "t1", True]
    assert said[0][2][:2] == ["loss", pytest.approx(0.05)]
    assert said[1] == ["auc", "loss"]


def test_pages_of_logged_models(measured: MlflowProcess) -> None:
    said = measured.run(
        """
        order, token, result = [{"field_name": "metrics.auc", "dataset_name": "holdout"}], None, ""
        while token or not result:
            page = client.search_logged_models([id_], max_results=1, order_by=order, page_token=token)
            result, token = result + names[page[0].model_id], page.token
        """
    )
    assert said == "abc"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("dataset.name = 'holdout'", "ab"),
        ("datasets.name LIKE 'tr%'", "abc"),
        ("dataset.digest = 'h1' AND dataset.name = 'train'", "ab"),
        ("dataset.context = 'training'", "abc"),
        ("dataset.name IN ('holdout', 'x')", "ab"),
        ("dataset.name = 'holdout' AND metrics.loss > 0.04", "b"),
        ("dataset.name != 'holdout'", "abc"),
        ("dataset.name = 'nothing'", ""),
        ("dataset.name IS NULL", None),
        ("dataset.uri = 'x'", None),
        ("dataset.name > 'x'", None),
    ],
)
def test_runs_by_their_data_sets(measured: MlflowProcess, text: str, names: str | None) -> None:
    """3.5: "dataset.name|digest|context: = != LIKE ILIKE IN"."""
    if names is None:
        assert measured.code_of(f"runs({text!r})") == "INVALID_PARAMETER_VALUE"
    else:
        assert measured.run(f"result = runs({text!r})") == names
