"""Models of real libraries through MLflow's own client: logged, registered, aliased, loaded back; then seen natively.

"Autolog of scikit-learn; LightGBM, ONNX and Keras (tensorflow-cpu) models ... loaded back by alias with equal
predictions." One process does it all, with one thread a library: importing them is most of what it takes.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from strongroom.sdk import Client
from strongroom.sdk.errors import NotFound
from tests.dialects.mlflow.client import Decoded, MlflowProcess, client_of
from tests.http.processes import ServerProcess

pytestmark = pytest.mark.timeout(600)
"""Importing TensorFlow, and MLflow looking which packages a model needs, take their time on a busy machine."""

PRELUDE = """
import warnings
warnings.filterwarnings("ignore")
import numpy, pandas
from mlflow.models import infer_signature
frame = pandas.DataFrame({"a": numpy.arange(40.0) % 7, "b": numpy.arange(40.0) % 5})
target = (frame.a > 3).astype("int64")
matrix = frame.to_numpy(numpy.float32)

def registered(name, native, predict):
    "The version that was just registered, what it predicts by its alias both ways, and its run."
    version = client.get_registered_model(name).latest_versions[0]
    client.set_registered_model_alias(name, "champion", version.version)
    uri = f"models:/{name}@champion"
    by_pyfunc = mlflow.pyfunc.load_model(uri)
    return {
        "pyfunc": numpy.asarray(predict(by_pyfunc)).tolist(), "native": numpy.asarray(native(uri)).tolist(),
        "run": version.run_id, "flavors": sorted(mlflow.models.get_model_info(uri).flavors),
    }
"""


@pytest.fixture(scope="module")
def trainer(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """MLflow's client beside the libraries."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}
    quiet |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_ENABLE_ONEDNN_OPTS": "0"}
    with client_of(server.url, token, tmp_path_factory.mktemp("trainer"), **quiet) as child:
        child.run(PRELUDE)
        yield child


@pytest.fixture(scope="module")
def native(server: ServerProcess, token: str) -> Iterator[Client]:
    """Our own SDK, which sees what MLflow's client wrote."""
    with Client(server.url, token) as client:
        yield client


def seen(native: Client, name: str, run: str, flavor: str) -> Decoded:
    """What the version is natively: frozen content, where it came from, how it is packaged."""
    version = native.versions.get(f"{name}@champion")
    assert version.run_uid is not None
    assert version.run_uid.replace("-", "") == run
    paths = {entry.path for entry in native.versions.files(version, recursive=True) if entry.kind == "file"}
    assert {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"} <= paths
    sources = {vertex.kind for vertex in native.lineage(version, direction="up").vertices}
    assert {"run", "logged_model"} <= sources
    packaging = version.packaging
    assert packaging is not None
    assert (packaging.state, packaging.flavor, packaging.notes) == ("ready", flavor, [])
    assert packaging.mlflow_version is not None
    assert packaging.mlflow_version.startswith("3.1")
    assert packaging.python_version is not None
    assert packaging.requirements
    assert packaging.run_id == run
    found = list(native.find("versions", f"flavor = '{flavor}' AND python_version LIKE '3.%' AND name = '{name}'"))
    assert [one.uid for one in found] == [version.uid]
    return packaging


def sides(packaging: Any) -> list[Any]:  # noqa: ANN401 - a Packaging
    """The columns of both sides: name, type, shape."""
    signature = packaging.signature
    return [[(one.name, one.type, one.shape) for one in side] for side in (signature.inputs, signature.outputs)]


def test_autolog_of_scikit_learn(trainer: MlflowProcess, native: Client) -> None:
    found = trainer.run("""
        from sklearn.linear_model import LogisticRegression
        mlflow.set_experiment("flavors")
        mlflow.sklearn.autolog(registered_model_name="sk", log_input_examples=True)
        model = LogisticRegression(C=0.5).fit(frame, target)
        mlflow.sklearn.autolog(disable=True)
        result = registered("sk", lambda uri: mlflow.sklearn.load_model(uri).predict(frame), lambda m: m.predict(frame))
        result["wanted"] = model.predict(frame).tolist()
        run = client.get_run(result["run"])
        result["logged"] = [run.data.params["C"], run.info.status, "training_score" in run.data.metrics,
                            len(run.inputs.dataset_inputs)]
    """)
    assert found["pyfunc"] == found["native"] == found["wanted"]
    assert found["logged"] == ["0.5", "FINISHED", True, 1]
    packaging = seen(native, "sk", found["run"], "sklearn")
    assert sides(packaging) == [[("a", "double", None), ("b", "double", None)], [(None, "int64", [-1])]]
    assert packaging.input_example == "input_example.json"
    assert any(line.startswith("scikit-learn==") for line in packaging.requirements)
    run = native.versions.get("sk@champion").run_uid
    assert run is not None
    inputs = [vertex.kind for vertex in native.lineage(native.runs.get(run), direction="up").vertices]
    assert "node" in inputs, "the data set that autolog saw is an input of the run"


def test_lightgbm_by_autolog_and_by_hand(trainer: MlflowProcess, native: Client) -> None:
    found = trainer.run("""
        import lightgbm
        settings = {"n_estimators": 5, "num_threads": 1, "verbose": -1, "min_child_samples": 2}
        mlflow.lightgbm.autolog(registered_model_name="gbm-auto")
        booster = lightgbm.train({"objective": "binary", "num_threads": 1, "verbose": -1, "min_data_in_leaf": 2},
                                 lightgbm.Dataset(frame, target), num_boost_round=5)
        mlflow.lightgbm.autolog(disable=True)
        auto = registered("gbm-auto", lambda uri: mlflow.lightgbm.load_model(uri).predict(frame),
                          lambda m: m.predict(frame))
        model = lightgbm.LGBMClassifier(**settings).fit(frame, target)
        with mlflow.start_run():
            mlflow.lightgbm.log_model(model, name="gbm", registered_model_name="gbm", pip_requirements=["lightgbm"],
                                      signature=infer_signature(frame, model.predict(frame)))
        hand = registered("gbm", lambda uri: mlflow.lightgbm.load_model(uri).predict(frame), lambda m: m.predict(frame))
        result = [auto, booster.predict(frame).tolist(), hand, model.predict(frame).tolist(),
                  client.get_run(auto["run"]).data.params["num_boost_round"]]
    """)
    auto, wanted_auto, hand, wanted_hand, rounds = found
    assert auto["pyfunc"] == auto["native"] == wanted_auto
    assert hand["pyfunc"] == hand["native"] == wanted_hand
    assert rounds == "5"
    seen(native, "gbm-auto", auto["run"], "lightgbm")
    packaging = seen(native, "gbm", hand["run"], "lightgbm")
    assert {one.name: one.version for one in packaging.flavors}["lightgbm"] is not None
    assert "lightgbm" in packaging.requirements


def test_onnx(trainer: MlflowProcess, native: Client) -> None:
    found = trainer.run("""
        import onnxruntime
        from sklearn.linear_model import LogisticRegression
        from skl2onnx import to_onnx
        made = to_onnx(LogisticRegression().fit(matrix, target), matrix[:1], options={"zipmap": False})
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        wanted = session.run(["label"], {"X": matrix})[0].tolist()
        with mlflow.start_run():
            mlflow.onnx.log_model(made, name="onnx", registered_model_name="onnx", pip_requirements=["onnxruntime"],
                                  signature=infer_signature(matrix, numpy.zeros(2, numpy.int64)))

        def by_session(uri):
            loaded = onnxruntime.InferenceSession(mlflow.onnx.load_model(uri).SerializeToString(),
                                                  providers=["CPUExecutionProvider"])
            return loaded.run(["label"], {"X": matrix})[0]

        result = registered("onnx", by_session, lambda m: m.predict(matrix)["label"])
        result["wanted"] = wanted
    """)
    assert found["pyfunc"] == found["native"] == found["wanted"]
    packaging = seen(native, "onnx", found["run"], "onnx")
    assert sides(packaging) == [[(None, "float32", [-1, 2])], [(None, "int64", [-1])]]


def test_keras(trainer: MlflowProcess, native: Client) -> None:
    found = trainer.run("""
        import keras
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with mlflow.start_run():
            losses = model.fit(matrix, target.to_numpy(), epochs=2, batch_size=40, verbose=0).history["loss"]
            for step, loss in enumerate(losses):
                mlflow.log_metric("loss", loss, step)
            wanted = model.predict(matrix, verbose=0)
            mlflow.tensorflow.log_model(model, name="net", registered_model_name="net", pip_requirements=["tensorflow"],
                                        signature=infer_signature(matrix, wanted))
        result = registered("net", lambda uri: mlflow.tensorflow.load_model(uri).predict(matrix, verbose=0),
                            lambda m: m.predict(matrix))
        result["wanted"] = wanted.tolist()
    """)
    assert found["pyfunc"] == found["native"] == found["wanted"]
    packaging = seen(native, "net", found["run"], "tensorflow")
    assert sides(packaging) == [[(None, "float32", [-1, 2])], [(None, "float32", [-1, 1])]]


def test_autolog_of_keras(trainer: MlflowProcess) -> None:
    """ "Keras autolog": metrics, params and the model, by `mlflow.keras`; `mlflow.tensorflow`'s wants TensorBoard."""
    found = trainer.run("""
        import keras
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        mlflow.keras.autolog(log_models=True, registered_model_name="auto-net")
        with mlflow.start_run() as run:
            model.fit(matrix, target.to_numpy(), epochs=2, batch_size=40, verbose=0)
        mlflow.keras.autolog(disable=True)
        result = registered("auto-net", lambda uri: mlflow.keras.load_model(uri).predict(matrix, verbose=0),
                            lambda m: m.predict(matrix))
        data = client.get_run(run.info.run_id).data
        result["wanted"] = model.predict(matrix, verbose=0).tolist()
        history = client.get_metric_history(run.info.run_id, "loss")
        result["logged"] = [sorted(data.metrics), data.params["epochs"], len(history)]
    """)
    assert found["pyfunc"] == found["native"] == found["wanted"]
    assert found["logged"] == [["loss"], "2", 2]


def test_what_differs_between_two_flavors_is_told(native: Client) -> None:
    """ "diff of two versions compares signatures"; what has no MLmodel file has no packaging."""
    found = {change.path: change for change in native.diff("sk@champion", "onnx@champion").packaging}
    assert found["$.flavors.sklearn"].change == "removed"
    assert found["$.flavors.onnx"].change == "added"
    assert "$.signature.inputs" in found
    whole = native.versions.packaging("sk@champion")
    assert whole.environment == {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    with pytest.raises(NotFound):
        native.versions.packaging("nothing:1")
