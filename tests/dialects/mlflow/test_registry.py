"""Registered models, versions, aliases, stages and tags, by MLflow's own client."""

import httpx
import pytest

from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess, new_token

RUN = """
with mlflow.start_run() as run:
    mlflow.log_text("weights", "model/weights.bin")
run_id, source = run.info.run_id, f"runs:/{run.info.run_id}/model"
"""


def test_a_model_is_made_described_renamed_tagged_and_deleted(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        client.create_registered_model("plain", tags={"a": "1"}, description="d")
        client.update_registered_model("plain", "longer")
        client.set_registered_model_tag("plain", "b", "2")
        client.delete_registered_model_tag("plain", "a")
        client.rename_registered_model("plain", "fancy")
        got = client.get_registered_model("fancy")
        client.create_registered_model("plain")
        try:
            client.create_registered_model("plain")
        except Exception as error:
            taken = error.error_code
        client.delete_registered_model("plain")
        try:
            client.get_registered_model("plain")
        except Exception as error:
            gone = error.error_code
        result = [got.name, got.description, got.tags, got.latest_versions, taken, gone]
    """)
    assert found == ["fancy", "longer", {"b": "2"}, [], "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"]


def test_a_version_is_what_lay_in_the_run_when_it_was_registered(
    mlflow: MlflowProcess, server: ServerProcess, token: str
) -> None:
    """ "versions with content frozen at registration, lineage from the run"."""
    mlflow.run(RUN)
    found = mlflow.run("""
        client.create_registered_model("frozen")
        made = client.create_model_version("frozen", source, run_id, tags={"k": "v"}, description="first")
        client.log_text(run_id, "other weights", "model/weights.bin")
        client.log_text(run_id, "new", "model/more.txt")
        folder = Path(mlflow.artifacts.download_artifacts("models:/frozen/1"))
        result = [str(made.version), made.status, made.run_id == run_id, made.source == source, made.tags,
                  made.description, sorted(p.name for p in folder.iterdir()), (folder / "weights.bin").read_text(),
                  client.get_model_version_download_uri("frozen", "1")]
    """)
    assert found[:6] == ["1", "READY", True, True, {"k": "v"}, "first"]
    assert found[6:8] == [["weights.bin"], "weights"]
    assert found[8].startswith("mlflow-artifacts:/versions/")
    with server.client(token) as native:
        version = native.get("/resolve", params={"reference": "frozen:1"}).json()["version"]
        assert version["run_uid"] is not None
        assert version["files"] == 1


def test_aliases_point_and_move(mlflow: MlflowProcess) -> None:
    mlflow.run(RUN)
    found = mlflow.run("""
        client.create_registered_model("aliased")
        for _ in range(2):
            client.create_model_version("aliased", source, run_id)
        client.set_registered_model_alias("aliased", "champion", "1")
        client.set_registered_model_alias("aliased", "champion", "2")
        by_alias = client.get_model_version_by_alias("aliased", "champion")
        model = client.get_registered_model("aliased")
        client.delete_registered_model_alias("aliased", "champion")
        client.delete_registered_model_alias("aliased", "champion")
        result = [str(by_alias.version), list(by_alias.aliases), model.aliases]
    """)
    assert found == ["2", ["champion"], {"champion": "2"}]
    assert mlflow.code_of("client.get_model_version_by_alias('aliased', 'champion')") == "INVALID_PARAMETER_VALUE"
    for reserved in ("latest", "v1"):
        piece = f"client.set_registered_model_alias('aliased', '{reserved}', '1')"
        assert mlflow.code_of(piece) == "INVALID_PARAMETER_VALUE"


def test_numbers_are_never_given_again_and_a_deleted_version_drops_its_aliases(mlflow: MlflowProcess) -> None:
    mlflow.run(RUN)
    found = mlflow.run("""
        client.create_registered_model("numbers")
        for _ in range(2):
            client.create_model_version("numbers", source, run_id)
        client.set_registered_model_alias("numbers", "champion", "2")
        client.delete_model_version("numbers", "2")
        made = client.create_model_version("numbers", source, run_id)
        result = [str(made.version), client.get_registered_model("numbers").aliases]
    """)
    assert found == ["3", {}]
    assert mlflow.code_of("client.get_model_version('numbers', '2')") == "RESOURCE_DOES_NOT_EXIST"
    assert mlflow.code_of("client.get_model_version('numbers', 'two')") == "INVALID_PARAMETER_VALUE"


def test_stages_move_and_archive_the_others(mlflow: MlflowProcess) -> None:
    mlflow.run(RUN)
    found = mlflow.run("""
        client.create_registered_model("staged")
        for _ in range(3):
            client.create_model_version("staged", source, run_id)
        client.transition_model_version_stage("staged", "1", "production")
        moved = client.transition_model_version_stage("staged", "2", "Production", archive_existing_versions=True)
        stages = [client.get_model_version("staged", str(n)).current_stage for n in (1, 2, 3)]
        newest = sorted((v.current_stage, str(v.version)) for v in client.get_latest_versions("staged"))
        one = [str(v.version) for v in client.get_latest_versions("staged", ["Production"])]
        result = [moved.current_stage, stages, newest, one]
    """)
    assert found[:2] == ["Production", ["Archived", "Production", "None"]]
    assert found[2] == [["Archived", "1"], ["None", "3"], ["Production", "2"]]
    assert found[3] == ["2"]
    assert mlflow.code_of("client.transition_model_version_stage('staged', '1', 'Live')") == "INVALID_PARAMETER_VALUE"


def test_a_logged_model_is_registered_and_loaded_by_its_alias(mlflow: MlflowProcess) -> None:
    """ "`log_model(..., registered_model_name=...)`, `models:/name@alias`" work, with equal predictions."""
    found = mlflow.run("""
        import numpy
        from sklearn.linear_model import LogisticRegression
        inputs = numpy.array([[0.0], [1.0], [2.0], [3.0]])
        model = LogisticRegression().fit(inputs, [0, 0, 1, 1])
        mlflow.set_experiment("logged")
        with mlflow.start_run() as run:
            info = mlflow.sklearn.log_model(model, name="clf", registered_model_name="clf", input_example=inputs[:1])
        client.set_registered_model_alias("clf", "champion", info.registered_model_version)
        loaded = mlflow.pyfunc.load_model("models:/clf@champion")
        logged = client.get_logged_model(info.model_id)
        outputs = client.get_run(run.info.run_id).outputs.model_outputs
        result = {
            "equal": loaded.predict(inputs).tolist() == model.predict(inputs).tolist(),
            "by id": mlflow.pyfunc.load_model(info.model_uri).predict(inputs).tolist(),
            "status": str(logged.status), "run": logged.source_run_id == run.info.run_id,
            "outputs": [one.model_id for one in outputs] == [info.model_id],
            "registered": logged.tags.get("mlflow.modelVersions"),
        }
    """)
    assert found["equal"]
    assert found["by id"] == [0, 0, 1, 1]
    assert found["status"].endswith("READY")
    assert found["run"]
    assert found["outputs"]
    assert found["registered"] is not None


def test_a_version_is_copied_with_its_content(mlflow: MlflowProcess) -> None:
    mlflow.run(RUN)
    found = mlflow.run("""
        client.create_registered_model("origin")
        client.create_model_version("origin", source, run_id)
        client.set_registered_model_alias("origin", "best", "1")
        copied = client.copy_model_version("models:/origin@best", "target")
        folder = Path(mlflow.artifacts.download_artifacts("models:/target/1"))
        result = [str(copied.version), copied.source, copied.run_id == run_id, (folder / "weights.bin").read_text()]
    """)
    assert found == ["1", "models:/origin/1", True, "weights"]


def test_an_address_in_an_object_store_becomes_an_unpinned_reference(
    mlflow: MlflowProcess, server: ServerProcess, token: str
) -> None:
    """ "`s3://` and other foreign URIs become external references with ... a clear "unpinned" mark"."""
    found = mlflow.run("""
        client.create_registered_model("elsewhere")
        made = client.create_model_version("elsewhere", "s3://bucket/models/1", await_creation_for=0)
        result = [made.source, client.get_model_version_download_uri("elsewhere", "1")]
    """)
    assert found == ["s3://bucket/models/1"] * 2
    with server.client(token) as native:
        version = native.get("/resolve", params={"reference": "elsewhere:1"}).json()["version"]
        assert version["unpinned"] is True


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_a_token_comes_as_bearer_or_as_the_password_of_basic(server: ServerProcess, token: str, scheme: str) -> None:
    with httpx.Client(base_url=server.url) as client:
        if scheme == "Basic":
            client.auth = ("ann", token)
        else:
            client.headers["Authorization"] = f"Bearer {token}"
        assert client.get("/api/2.0/mlflow/registered-models/search").status_code == 200
    refused = httpx.get(f"{server.url}/api/2.0/mlflow/registered-models/search")
    assert (refused.status_code, refused.json()["error_code"]) == (401, "UNAUTHENTICATED")


def test_a_protected_alias_is_refused_as_a_missing_right(mlflow: MlflowProcess, server: ServerProcess) -> None:
    """A maintainer's client neither moves nor removes it, nor deletes what it points at."""
    mlflow.run(RUN)
    mlflow.run("""
        client.create_registered_model("guarded")
        for _ in range(2):
            client.create_model_version("guarded", source, run_id)
        client.set_registered_model_alias("guarded", "champion", "1")
    """)
    with server.client(new_token(server.data, "ada", "admin")) as admin:
        uid = admin.get("/resolve", params={"reference": "guarded"}).json()["asset"]["uid"]
        admin.patch(f"/assets/{uid}/aliases/champion", json={"protected": True}).raise_for_status()
    found = mlflow.run("""
        result = []
        for attempt in (
            lambda: client.set_registered_model_alias("guarded", "champion", "2"),
            lambda: client.delete_registered_model_alias("guarded", "champion"),
            lambda: client.delete_model_version("guarded", "1"),
            lambda: client.delete_registered_model("guarded"),
        ):
            try:
                attempt()
            except Exception as error:
                result.append(error.error_code)
        result.append(str(client.get_model_version_by_alias("guarded", "champion").version))
    """)
    assert found == ["PERMISSION_DENIED", "PERMISSION_DENIED", "RESOURCE_CONFLICT", "RESOURCE_CONFLICT", "1"]


def test_a_gate_refuses_mlflow_s_client_naming_what_is_missing(mlflow: MlflowProcess, server: ServerProcess) -> None:
    """ "Each bypass tried through every dialect that exists by then (MLflow [...])": stage, alias and registration."""
    says = {"expression": "version.licence == 'mit'", "message": "It has no licence that we may sell."}
    before = [("stage", ["production"]), ("alias", ["sold"]), ("registration", [])]
    rules = [
        {"id": kind, **says, "applies": {"transitions": [kind], "targets": targets, "assets": ["sellable*"]}}
        for kind, targets in before
    ]
    mlflow.run(RUN)
    mlflow.run("""
        client.create_registered_model("sellable")
        client.create_model_version("sellable", source, run_id)
    """)
    with server.client(new_token(server.data, "ada", "admin")) as admin:
        document = {"policy": 1, "name": "sale", "rules": rules}
        admin.post("/policies", json={"document": document}).raise_for_status()
    found = mlflow.run("""
        def said(attempt):
            try:
                attempt()
            except Exception as error:
                return [error.error_code, "no licence that we may sell" in str(error)]
            return "passed"
        attempts = (
            lambda: client.transition_model_version_stage("sellable", "1", "Production"),
            lambda: client.set_registered_model_alias("sellable", "sold", "1"),
            lambda: client.create_model_version("sellable", source, run_id),
            lambda: client.transition_model_version_stage("sellable", "1", "Staging"),
        )
        result = [said(attempt) for attempt in attempts]
        client.set_model_version_tag("sellable", "1", "licence", "mit")
        result += [said(attempt) for attempt in attempts[:2]]
        result.append([str(one.version) for one in client.search_model_versions("name = 'sellable'")])
    """)
    refused = ["INVALID_PARAMETER_VALUE", True]
    assert found == [refused, refused, refused, "passed", "passed", "passed", ["1"]]
