"""Workspaces by MLflow's own client: by header, by path, and its five endpoints."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.mlflow.client import MlflowProcess, client_of
from tests.http.processes import ServerProcess, new_token
from tests.support.api import in_process


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    """A token of an admin of the server: workspaces are theirs."""
    from tests.http.processes import admin

    done = admin("token", "create", "--data", server.data, "--principal", "root", "--role", "admin", "--server")
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def mlflow(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """A client of theirs."""
    with client_of(server.url, token, tmp_path_factory.mktemp("client")) as child:
        yield child


def test_workspaces_are_made_listed_described_and_deleted(mlflow: MlflowProcess) -> None:
    """ "the 5 endpoints (list, get, create, update, delete) mapped to our workspaces"."""
    found = mlflow.run("""
        made = mlflow.create_workspace("team-a", description="of team a")
        listed = sorted(one.name for one in mlflow.list_workspaces())
        changed = mlflow.update_workspace("team-a", description="longer")
        got = mlflow.get_workspace("team-a")
        codes = []
        for call in (lambda: mlflow.create_workspace("team-a"), lambda: mlflow.get_workspace("no-such"),
                     lambda: mlflow.delete_workspace("default"), lambda: mlflow.update_workspace("team-a"),
                     lambda: mlflow.delete_workspace("team-a", mode="CASCADE"),
                     lambda: mlflow.create_workspace("team-b", default_artifact_root="s3://elsewhere")):
            try:
                call()
            except Exception as error:
                codes.append(error.error_code)
        mlflow.delete_workspace("team-a")
        after = sorted(one.name for one in mlflow.list_workspaces())
        result = [made.name, made.description, listed, changed.description, got.description, codes, after]
    """)
    assert found[:5] == ["team-a", "of team a", ["default", "team-a"], "longer", "longer"]
    assert found[5] == [
        "RESOURCE_ALREADY_EXISTS",
        "RESOURCE_DOES_NOT_EXIST",
        "INVALID_PARAMETER_VALUE",
        "INVALID_PARAMETER_VALUE",
        "INVALID_PARAMETER_VALUE",
        "INVALID_PARAMETER_VALUE",
    ]
    assert found[6] == ["default"]


def test_a_client_works_in_the_workspace_that_it_names_by_header_or_path(
    mlflow: MlflowProcess, server: ServerProcess
) -> None:
    """ "workspaces by header and by path": what is made in one is in no other."""
    found = mlflow.run(f"""
        mlflow.create_workspace("apart")
        mlflow.set_workspace("apart")
        client.create_registered_model("only-here")
        with mlflow.start_run() as run:
            mlflow.log_text("inside", "notes/a.txt")
        here = [one.name for one in client.search_registered_models()]
        read = mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/a.txt")
        mlflow.set_workspace(None)
        elsewhere = [one.name for one in client.search_registered_models("name = 'only-here'")]
        try:
            client.get_run(run.info.run_id)
        except Exception as error:
            hidden = error.error_code
        mlflow.set_tracking_uri("{server.url}/w/apart")
        by_path = [one.name for one in MlflowClient().search_registered_models()]
        seen = MlflowClient().get_run(run.info.run_id).info.run_id == run.info.run_id
        mlflow.set_tracking_uri("{server.url}")
        try:
            mlflow.delete_workspace("apart")
        except Exception as error:
            held = error.error_code
        result = [here, read, elsewhere, hidden, by_path, seen, held]
    """)
    assert found == [["only-here"], "inside", [], "RESOURCE_DOES_NOT_EXIST", ["only-here"], True, "RESOURCE_CONFLICT"]


def test_an_unknown_workspace_is_never_another_one(mlflow: MlflowProcess) -> None:
    code = mlflow.code_of("""
        mlflow.set_workspace("no-such")
        try:
            client.search_registered_models()
        finally:
            mlflow.set_workspace(None)
    """)
    assert code == "RESOURCE_DOES_NOT_EXIST"


def test_a_reader_of_a_fresh_server_finds_the_default_experiment(tmp_path: Path) -> None:
    """ "a viewer on a fresh server gets 404 today"."""
    with in_process(tmp_path) as api:
        base = "/api/2.0/mlflow/experiments"
        got = api.request("viewer", "GET", f"{base}/get?experiment_id=0").json()
        assert got["experiment"]["name"] == "Default", got
        named = api.request("viewer", "GET", f"{base}/get-by-name?experiment_name=Default").json()
        assert named["experiment"]["experiment_id"] == "0"
        found = api.request("viewer", "GET", f"{base}/search?max_results=10").json()["experiments"]
        assert [one["experiment_id"] for one in found] == ["0"]


def test_only_admins_of_the_server_make_and_delete_workspaces(server: ServerProcess) -> None:
    """ "with our permissions"."""
    weaker = new_token(server.data, "adam", "admin")
    with server.client(weaker) as client:
        api = f"{server.url}/api/3.0/mlflow/workspaces"
        assert client.post(api, json={"name": "mine"}).json()["error_code"] == "PERMISSION_DENIED"
        assert client.delete(f"{api}/default").json()["error_code"] == "PERMISSION_DENIED"
        assert [one["name"] for one in client.get(api).json()["workspaces"]] == ["default"]
