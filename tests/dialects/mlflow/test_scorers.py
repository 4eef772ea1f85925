"""Scorers by MLflow's own client: kept as versions of assets, never run by the server."""

import json

import httpx
import pytest

from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess, new_token


def test_a_judge_is_registered_loaded_listed_and_deleted(mlflow: MlflowProcess) -> None:
    """ "Scorers (5: register, list, versions, get, delete) and what online-config needs to fall back"."""
    found = mlflow.run("""
        from mlflow.genai.judges import make_judge
        from mlflow.genai.scorers import delete_scorer, get_scorer, list_scorers
        from mlflow.genai.scorers.registry import list_scorer_versions
        experiment = mlflow.set_experiment("judged").experiment_id
        def judge(text):
            return make_judge(name="polite", instructions=text + " {{ outputs }}", model="openai:/gpt-4o")
        judge("Is it polite?").register(experiment_id=experiment)
        judge("Is it very polite?").register(experiment_id=experiment)
        judge("Elsewhere?").register(experiment_id="0")
        latest = get_scorer(name="polite", experiment_id=experiment)
        first = get_scorer(name="polite", experiment_id=experiment, version=1)
        versions = [number for _, number in list_scorer_versions(name="polite", experiment_id=experiment)]
        listed = [(s.name, s.instructions) for s in list_scorers(experiment_id=experiment)]
        delete_scorer(name="polite", experiment_id=experiment, version=2)
        after = get_scorer(name="polite", experiment_id=experiment).instructions
        delete_scorer(name="polite", experiment_id=experiment, version="all")
        try:
            get_scorer(name="polite", experiment_id=experiment)
        except Exception as error:
            gone = error.error_code
        judge("Once more?").register(experiment_id=experiment)
        again = get_scorer(name="polite", experiment_id=experiment).instructions
        other = get_scorer(name="polite", experiment_id="0").instructions
        result = [latest.instructions, first.instructions, sorted(versions), listed, after, gone, again, other]
    """)
    assert found == [
        "Is it very polite? {{ outputs }}",
        "Is it polite? {{ outputs }}",
        [1, 2],
        [["polite", "Is it very polite? {{ outputs }}"]],
        "Is it polite? {{ outputs }}",
        "RESOURCE_DOES_NOT_EXIST",
        "Once more? {{ outputs }}",
        "Elsewhere? {{ outputs }}",
    ]


def test_it_is_an_asset_with_frozen_content(mlflow: MlflowProcess, server: ServerProcess, token: str) -> None:
    mlflow.run("judge('Seen?').register(experiment_id=experiment)")
    with server.client(token) as native:
        assets = native.get("/assets", params={"kind": "scorer"}).json()["items"]
        assert {one["kind"] for one in assets} == {"scorer"}
        assert any(one["name"] == "polite" for one in assets)
        (asset,) = [one for one in assets if one["name"].startswith("polite-")] or assets[:1]
        (latest, *_) = native.get(f"/assets/{asset['uid']}/versions").json()["items"]
        body = native.get(f"/versions/{latest['uid']}/files/scorer.json")
        assert body.json()["name"] == "polite"
        assert body.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "document",
    [
        "not json",
        "[]",
        "[" * 100_000,
        json.dumps({"name": "x", "call_source": "import os"}),
        json.dumps({"scorers": [{"deep": {"call_source": "import os"}}]}),
        json.dumps({"x": "y" * 1_100_000}),
    ],
)
def test_code_and_garbage_are_refused(server: ServerProcess, token: str, document: str) -> None:
    """ "stored as data (never executed)": nor is code kept that whoever loads the scorer would run."""
    body = {"experiment_id": "0", "name": "evil", "serialized_scorer": document}
    url = f"{server.url}/api/3.0/mlflow/scorers/register"
    answer = httpx.post(url, json=body, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_who_may_not_see_or_make_it_does_not(server: ServerProcess) -> None:
    viewer, stranger = new_token(server.data, "vee", "viewer"), new_token(server.data, "stu", None)
    body = {"experiment_id": "0", "name": "mine", "serialized_scorer": "{}"}
    base = f"{server.url}/api/3.0/mlflow/scorers"
    for token, status in ((viewer, {403}), (stranger, {403, 404})):
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.post(f"{base}/register", json=body, headers=headers).status_code in status
        gone = httpx.request("DELETE", f"{base}/delete", json={"experiment_id": "0", "name": "polite"}, headers=headers)
        assert gone.status_code in status
    headers = {"Authorization": f"Bearer {stranger}"}
    got = httpx.get(f"{base}/get", params={"experiment_id": "0", "name": "polite"}, headers=headers)
    assert got.status_code == 404
    assert httpx.get(f"{base}/list", params={"experiment_id": "0"}, headers=headers).status_code == 404


def test_online_scoring_is_not_there(server: ServerProcess, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    base = f"{server.url}/api/3.0/mlflow/scorers"
    assert httpx.get(f"{base}/online-configs", params={"scorer_ids": "x"}, headers=headers).json() == {"configs": []}
    refused = httpx.put(f"{base}/online-config", json={"name": "polite"}, headers=headers)
    assert (refused.status_code, refused.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
