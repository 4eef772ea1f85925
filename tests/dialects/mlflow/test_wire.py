"""MLflow's messages as its server reads them, sent as no client of one release would send them all."""

import json
from typing import Any

import pytest

from tests.support.api import Answer, InProcess

BASE = "/api/2.0/mlflow"


def post(api: InProcess, path: str, json: object = ..., who: str | None = "maintainer", **more: Any) -> Answer:
    return api.request(who, "POST", BASE + path, json, **more)


def get(api: InProcess, path: str, who: str | None = "maintainer") -> Answer:
    return api.request(who, "GET", BASE + path)


def refused(answer: Answer, status: int, code: str) -> str:
    """The message of a refusal in MLflow's shape."""
    assert answer.status == status, answer.body[:500]
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["error_code"] == code
    assert body["message"]
    return str(body["message"])


@pytest.fixture(scope="module")
def run_id(api: InProcess) -> str:
    made = post(api, "/runs/create", {"experiment_id": "0", "start_time": 1_700_000_000_000})
    return str(made.json()["run"]["info"]["run_id"])


def test_names_in_camel_case_and_numbers_as_texts(api: InProcess) -> None:
    """3.1: "Requests may send int64 as strings, camelCase names (`experimentIds`), unknown fields: all accepted"."""
    body = {
        "experimentId": "0",
        "startTime": "1700000000123",
        "runName": "camel",
        "unknown": {"deep": [1]},
        "tags": None,
    }
    run = post(api, "/runs/create", body).json()["run"]["info"]
    assert (run["run_name"], run["start_time"]) == ("camel", 1_700_000_000_123)
    found = post(api, "/runs/search", {"experimentIds": ["0"], "maxResults": "1", "runViewType": 3}).json()
    assert len(found["runs"]) == 1


def test_a_field_under_both_its_names_is_refused(api: InProcess) -> None:
    """3.1: "Duplicate aliases of one field in one body are rejected"."""
    assert refused(
        post(api, "/runs/create", {"experiment_id": "0", "experimentId": "0"}), 400, "INVALID_PARAMETER_VALUE"
    )


def test_a_body_wrapped_in_a_string_is_unwrapped(api: InProcess) -> None:
    """3.1: "A double-encoded JSON string body is decoded again"."""
    wrapped = json.dumps(json.dumps({"experiment_id": "0"})).encode()
    headers = [("Content-Type", "application/json")]
    assert post(api, "/runs/create", body=wrapped, headers=headers).status == 200


def test_floats_are_spelled(api: InProcess, run_id: str) -> None:
    """3.1: "NaN goes as `"NaN"`, infinities as `"Infinity"`/`"-Infinity"` strings"; 1e400 is refused."""
    points = [("nan", "NaN"), ("up", "Infinity"), ("down", "-Infinity"), ("text", "1.5"), ("whole", 2)]
    metrics = [{"key": key, "value": value, "timestamp": 5, "step": "3"} for key, value in points]
    assert post(api, "/runs/log-batch", {"run_id": run_id, "metrics": metrics}).body == b"{}"
    data = get(api, f"/runs/get?run_id={run_id}").json()["run"]["data"]
    found = {metric["key"]: metric["value"] for metric in data["metrics"]}
    assert found == {"nan": "NaN", "up": "Infinity", "down": "-Infinity", "text": 1.5, "whole": 2.0}
    huge = f'{{"run_id": "{run_id}", "key": "m", "timestamp": 1, "value": 1e400}}'.encode()
    answer = post(api, "/runs/log-metric", body=huge, headers=[("Content-Type", "application/json")])
    assert refused(answer, 400, "INVALID_PARAMETER_VALUE")


def test_what_is_not_set_is_left_out_and_what_is_empty_is_not_always(api: InProcess, run_id: str) -> None:
    """3.1: "unset fields are OMITTED (no nulls)"; 3.4: "`inputs`/`outputs` objects present even if empty"."""
    raw = get(api, f"/runs/get?run_id={run_id}&run_uuid={run_id}")
    run = raw.json()["run"]
    assert b"null" not in raw.body
    assert (run["inputs"], run["outputs"]) == ({}, {})
    assert "end_time" not in run["info"]
    assert run["info"]["run_uuid"] == run_id


def test_repeated_and_python_cased_query_parameters(api: InProcess) -> None:
    """3.1: "GET with repeated params"."""
    post(api, "/registered-models/create", {"name": "stages"})
    path = "/registered-models/get-latest-versions?name=stages&stages=None&stages=Production"
    assert get(api, path).json() == {}
    assert post(api, "/registered-models/get-latest-versions", {"name": "stages", "stages": ["none"]}).json() == {}


def test_delete_and_patch_carry_bodies(api: InProcess) -> None:
    """3.1: "DELETE and PATCH carry JSON bodies"."""
    post(api, "/registered-models/create", {"name": "bodies", "tags": [{"key": "a", "value": "1"}]})
    model = api.request(
        "maintainer", "PATCH", BASE + "/registered-models/update", {"name": "bodies", "description": "d"}
    )
    assert model.json()["registered_model"]["description"] == "d"
    gone = api.request("maintainer", "DELETE", BASE + "/registered-models/delete-tag", {"name": "bodies", "key": "a"})
    assert gone.body == b"{}"
    assert "tags" not in get(api, "/registered-models/get?name=bodies").json()["registered_model"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/runs/log-metric", {"run_id": "x" * 32, "value": 1, "timestamp": 1}, "required parameter 'key'"),
        ("/runs/log-metric", {"run_id": "x" * 32, "key": "m", "timestamp": 1}, "required parameter 'value'"),
        ("/runs/log-batch", {"metrics": []}, "required parameter 'run_id'"),
        ("/runs/log-batch", {"run_id": "a", "metrics": [{"key": "m"}]}, "required parameter 'metrics[0].value'"),
        ("/runs/log-batch", {"run_id": "a", "metrics": {}}, "Invalid value {} for parameter 'metrics' supplied"),
        ("/runs/log-batch", {"run_id": "a", "params": [{"key": 5}]}, "parameter 'params[0].key' supplied"),
        ("/runs/log-batch", {"run_id": ["a"]}, "Invalid value [\"a\"] for parameter 'run_id' supplied"),
        ("/runs/create", {"experiment_id": None}, "required parameter 'experiment_id'"),
        ("/runs/create", {"experiment_id": "0", "start_time": "soon"}, "parameter 'start_time' supplied"),
        ("/runs/search", {"experiment_ids": ["0"], "max_results": 0}, "'max_results' supplied"),
        ("/runs/search", {"experiment_ids": ["0"], "run_view_type": "SOME"}, "'view_type' supplied"),
        ("/experiments/create", {"name": ""}, "required parameter 'name'"),
    ],
)
def test_bad_parameters_are_named_in_mlflows_words(api: InProcess, path: str, body: object, words: str) -> None:
    """3.1: "Validation text is asserted by tests"."""
    assert words in refused(post(api, path, body), 400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"3", b'{"a":' * 2_000, b"\xff\xfe", b'{"run_id": "\\ud800"}']
)
def test_bodies_that_are_no_message_are_refused(api: InProcess, body: bytes) -> None:
    for path in ("/runs/log-batch", "/registered-models/create", "/runs/create"):
        answer = post(api, path, body=body, headers=[("Content-Type", "application/json")])
        assert refused(answer, 400, "INVALID_PARAMETER_VALUE")


def test_a_body_that_is_not_said_to_be_json_is_refused(api: InProcess) -> None:
    """3.1: "Missing Content-Type json on POST with body: ... 400"."""
    answer = post(api, "/runs/create", body=b'{"experiment_id":"0"}', headers=[("Content-Type", "text/plain")])
    assert "Content-Type must be one of ['application/json']" in refused(answer, 400, "INVALID_PARAMETER_VALUE")


def test_limits_of_a_batch(api: InProcess, run_id: str) -> None:
    """3.4: "<=1000 metrics, <=100 params, <=100 tags, ... all-or-nothing validation, duplicate param keys"."""
    many = [{"key": f"k{n}", "value": 1.0, "timestamp": 1} for n in range(1_001)]
    params = [{"key": f"k{n}", "value": "1"} for n in range(101)]
    for body in (
        {"metrics": many},
        {"params": params},
        {"tags": params},
        {"metrics": many[:950], "params": params[:51]},
    ):
        assert refused(post(api, "/runs/log-batch", {"run_id": run_id, **body}), 400, "INVALID_PARAMETER_VALUE")
    twice = {"run_id": run_id, "metrics": many[:1], "params": [params[0], params[0]]}
    assert refused(post(api, "/runs/log-batch", twice), 400, "INVALID_PARAMETER_VALUE")
    bad = {"run_id": run_id, "metrics": [*many[:1], {"key": "../up", "value": 1, "timestamp": 1}]}
    assert refused(post(api, "/runs/log-batch", bad), 400, "INVALID_PARAMETER_VALUE")
    data = get(api, f"/runs/get?run_id={run_id}").json()["run"]["data"]
    assert "k0" not in {metric["key"] for metric in data.get("metrics", ())}
    long = {"run_id": run_id, "params": [{"key": "long", "value": "x" * 7_000}]}
    assert post(api, "/runs/log-batch", long).status == 200
    assert len(get(api, f"/runs/get?run_id={run_id}").json()["run"]["data"]["params"][0]["value"]) == 6_000


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/2.0/mlflow/no/such/endpoint"),
        ("POST", "/api/3.0/mlflow/traces/unknown"),
        ("GET", "/api/2.0/mlflow/runs/create"),
        ("PUT", "/api/2.0/mlflow/runs/get"),
        ("GET", "/api/2.0/mlflow/gateway/routes"),
        ("POST", "/ajax-api/2.0/mlflow/nothing"),
        ("GET", "/graphql"),
        ("GET", "/w/default/api/2.0/mlflow/no/such/endpoint"),
    ],
)
def test_an_unknown_endpoint_is_said_so_in_json(api: InProcess, method: str, path: str) -> None:
    """3.2: "a missing *endpoint* must be 404 ... Never answer 405/200-HTML for unknown `/api` paths"."""
    assert refused(api.request("maintainer", method, path), 404, "ENDPOINT_NOT_FOUND")


def test_both_addresses_and_those_below_a_workspace_answer(api: InProcess) -> None:
    for path in ("/api/2.0", "/ajax-api/2.0", "/w/default/api/2.0", "/w/default/ajax-api/2.0"):
        answer = api.request("viewer", "GET", path + "/mlflow/experiments/search")
        assert answer.status == 200, path
    assert api.request("viewer", "GET", "/w/nowhere/api/2.0/mlflow/experiments/search").status == 404


def test_a_workspace_by_header(api: InProcess) -> None:
    """ "workspaces by header and by path"; domain.md N1: "given and unknown is 404, never a fallback"."""
    api.request("root", "POST", "/api/v1/workspaces", {"slug": "other"})
    there = [("X-MLFLOW-WORKSPACE", "other")]
    made = post(api, "/experiments/create", {"name": "over there"}, who="root", headers=there)
    assert made.status == 200
    by_name = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=over%20there"
    assert api.request("root", "GET", by_name, headers=there).status == 200
    assert refused(api.request("root", "GET", by_name), 404, "RESOURCE_DOES_NOT_EXIST")
    nowhere = [("X-MLFLOW-WORKSPACE", "nowhere")]
    assert api.request("root", "GET", by_name, headers=nowhere).status == 404


def test_probes_answer_without_a_credential(api: InProcess) -> None:
    """3.3."""
    assert api.request(None, "GET", "/version").body == b"3.17.2"
    assert api.request(None, "GET", "/health").body == b"OK"
    info = api.request(None, "GET", "/api/3.0/mlflow/server-info").json()
    assert (info["multipart_uploads_enabled"], info["multipart_downloads_enabled"]) == (True, False)
    assert info["workspaces_enabled"] is True


def test_who_may_not_is_told_so_and_who_is_nobody_too(api: InProcess, run_id: str) -> None:
    """ "permission errors as PERMISSION_DENIED"."""
    body = {"run_id": run_id, "key": "m", "value": 1, "timestamp": 1}
    assert refused(post(api, "/runs/log-metric", body, who="viewer"), 403, "PERMISSION_DENIED")
    assert refused(post(api, "/runs/log-metric", body, who="stranger"), 404, "RESOURCE_DOES_NOT_EXIST")
    assert refused(post(api, "/runs/log-metric", body, who=None), 401, "UNAUTHENTICATED")
    garbage = post(api, "/runs/log-metric", body, who=None, headers=[("Authorization", "Bearer garbage")])
    assert refused(garbage, 401, "UNAUTHENTICATED")
    assert refused(get(api, f"/runs/get?run_id={run_id}", who="stranger"), 404, "RESOURCE_DOES_NOT_EXIST")


def test_page_tokens_are_opaque_and_cannot_be_forged(api: InProcess) -> None:
    """ "paging tokens opaque and forgery-proof"."""
    for n in range(3):
        post(api, "/registered-models/create", {"name": f"page-{n}"})
    query = "/registered-models/search?filter=name%20LIKE%20'page-%25'&max_results="
    first = get(api, query + "2").json()
    token = first["next_page_token"]
    assert [model["name"] for model in first["registered_models"]] == ["page-0", "page-1"]
    last = get(api, f"{query}2&page_token={token}").json()
    assert ([model["name"] for model in last["registered_models"]], last["next_page_token"]) == (["page-2"], "")
    for forged in ("garbage", "MTA=", token[:-2], token[::-1], "x" * 40_000):
        answer = get(api, f"{query}2&page_token={forged[:6_000]}")
        assert refused(answer, 400, "INVALID_PARAMETER_VALUE")
    assert refused(
        get(api, f"/registered-models/search?max_results=2&page_token={token}"), 400, "INVALID_PARAMETER_VALUE"
    )
