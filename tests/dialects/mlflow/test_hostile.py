"""What was done to MLflow's servers over the years, done to ours."""

import hashlib
import json as jsons
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.api import Answer, InProcess

BASE = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
CLIMBS = [
    *("..", "../x", "a/../../x", "./x", "a/./b", "/etc/passwd", "//etc/passwd", "a//b"),
    *("%2e%2e/x", "a/%2e%2e/%2e%2e/x", "%252e%252e/x", "%25252e%25252e%25252fx", "..%2fx", "..%5cx", "%5c..%5cx"),
    *("..;/x", "a/..%00/x", "%00", "c:/x", "c%3a/x", "a/%c0%ae%c0%ae/x", "a%0ab", "%e2%80%ae"),
]


def send(
    api: InProcess, method: str, path: str, json: object = ..., who: str | None = "maintainer", **more: Any
) -> Answer:
    return api.request(who, method, path, json, **more)


@pytest.fixture(scope="module")
def run(api: InProcess) -> dict[str, str]:
    made = send(api, "POST", BASE + "/runs/create", {"experiment_id": "0"}).json()["run"]["info"]
    root = made["artifact_uri"].removeprefix("mlflow-artifacts:/")
    assert send(api, "PUT", f"{PROXY}/{root}/model/w.bin", body=b"w").status == 200
    return {"id": made["run_id"], "root": root}


def is_refused(answer: Answer, *statuses: int) -> bool:
    """A clear 4xx in MLflow's shape; where it is none, the assertion shows what it is."""
    assert answer.status in (statuses or (400, 404)), (answer.status, answer.body[:300])
    assert answer.json()["error_code"] in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "BAD_REQUEST"}
    return True


@pytest.mark.parametrize("path", CLIMBS)
def test_no_artifact_path_climbs(api: InProcess, run: dict[str, str], path: str) -> None:
    """ "traversal in ... `artifact_path` ... (`..`, encoded, double-encoded, ... backslash, `file://`, absolute)"."""
    address = f"{PROXY}/{run['root']}/{path}"
    for answer in (
        send(api, "PUT", address, body=b"x"),
        send(api, "GET", address),
        send(api, "DELETE", address),
        send(api, "GET", f"{PROXY}?path={run['root']}/{path}"),
        send(api, "GET", f"{BASE}/artifacts/list?run_id={run['id']}&path={path}"),
        send(api, "GET", f"/get-artifact?run_id={run['id']}&path={path}"),
    ):
        if path == "..;/x" and answer.status == 200:
            continue  # a segment of that very name is a name like any other, and nothing lies above
        assert is_refused(answer)
    files = send(api, "GET", f"{PROXY}?path={run['root']}").json()["files"]
    assert [file["path"] for file in files if file["path"] != "..;"] == ["model"]


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc",
        "/etc",
        "..",
        "s3://b/../x",
        "mlflow-artifacts:/../x",
        "http://h/%2e%2e/",
        "s3://b#../x",
        "s3://b?x=../y",
        "C:\\x",
    ],
)
def test_no_location_of_artifacts_is_taken_from_a_client(api: InProcess, location: str) -> None:
    """ "traversal in ... `artifact_location`"."""
    body = {"name": f"located {location!r}", "artifact_location": location}
    assert is_refused(send(api, "POST", BASE + "/experiments/create", body), 400)


def test_a_prompt_tag_relaxes_no_check_of_a_source(api: InProcess, run: dict[str, str]) -> None:
    """ "a prompt tag that switches validation off"; promise 7."""
    send(api, "POST", BASE + "/registered-models/create", {"name": "victim"})
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    for source in ("file:///etc/passwd", "/etc/passwd", f"runs:/{run['id']}/../../x", "dummy-source"):
        body = {"name": "victim", "source": source, "tags": tags}
        assert is_refused(send(api, "POST", BASE + "/model-versions/create", body), 400)
    assert send(api, "GET", BASE + "/model-versions/search?filter=name%20%3D%20'victim'").json() == {
        "next_page_token": ""
    }


def test_a_source_is_read_with_the_callers_own_rights(api: InProcess) -> None:
    """A run in another workspace, or one that the caller may not read, is no source."""
    send(api, "POST", "/api/v1/workspaces", {"slug": "vault"}, who="root")
    there = [("X-MLFLOW-WORKSPACE", "vault")]
    made = send(api, "POST", BASE + "/runs/create", {"experiment_id": "0"}, who="root", headers=there).json()
    root = made["run"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    assert send(api, "PUT", f"{PROXY}/{root}/m/w.bin", body=b"secret", who="root", headers=there).status == 200
    send(api, "POST", BASE + "/registered-models/create", {"name": "thief"})
    for source in (f"runs:/{made['run']['info']['run_id']}/m", f"mlflow-artifacts:/{root}/m"):
        assert is_refused(send(api, "POST", BASE + "/model-versions/create", {"name": "thief", "source": source}), 404)
    assert is_refused(send(api, "GET", f"{PROXY}/{root}/m/w.bin"), 404)
    assert send(api, "GET", f"{PROXY}/{root}/m/w.bin", who="stranger").status == 404
    assert send(api, "GET", f"{PROXY}/{root}/m/w.bin", who=None).status == 401


def test_log_inputs_needs_the_right_to_write_the_run(api: InProcess, run: dict[str, str]) -> None:
    """ "log-inputs without permission"."""
    body = {"run_id": run["id"], "datasets": [{"dataset": {"name": "d", "digest": "1"}}]}
    assert send(api, "POST", BASE + "/runs/log-inputs", body, who="viewer").status == 403
    assert send(api, "POST", BASE + "/runs/log-inputs", body, who="stranger").status == 404
    outputs = {"run_id": run["id"], "models": [{"model_id": "m-" + "0" * 32, "step": 1}]}
    assert send(api, "POST", BASE + "/runs/outputs", outputs, who="viewer").status == 403


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xml", "x.yaml", "x.js", "MLmodel", 'a"b;c.html', "日本語.html"])
def test_artifacts_never_run_in_a_browser(api: InProcess, run: dict[str, str], name: str) -> None:
    """ "HTML/SVG/YAML artifacts that must never run in a browser (nosniff, attachment, sandbox CSP)"."""
    from urllib.parse import quote

    body = b"<script>alert(1)</script>"
    address = f"{PROXY}/{run['root']}/evil/{quote(name)}"
    assert send(api, "PUT", address, body=body, headers=[("Content-Type", "text/html")]).status == 200
    for answer in (
        send(api, "GET", address),
        send(api, "GET", f"/get-artifact?run_uuid={run['id']}&path=evil/{quote(name)}"),
    ):
        assert answer.body == body
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("attachment; filename")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-type"] == "application/octet-stream"


def test_requests_that_try_to_exhaust_are_bounded(api: InProcess, run: dict[str, str]) -> None:
    """ "batched or deep requests that try to exhaust the server"."""
    headers = [("Content-Type", "application/json")]
    deep = b'{"run_id":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    large = jsons.dumps({"run_id": run["id"], "tags": [{"key": "k", "value": "x" * (5 << 20)}]}).encode()
    for body in (deep, large):
        assert is_refused(send(api, "POST", BASE + "/runs/log-batch", body=body, headers=headers), 400)
    nested = "tags." + "`" * 10_000
    for text in (
        " AND ".join(["metrics.a > 1"] * 1_000),
        "((((" * 10_000,
        nested,
        "'" * 20_001,
        "tags.a LIKE '" + "%a" * 3_000 + "'",
    ):
        asked = {"experiment_ids": ["0"], "filter": text}
        assert is_refused(send(api, "POST", BASE + "/runs/search", asked), 400)
    many = {"experiment_ids": ["0"], "order_by": ["metrics.a"] * 10_000}
    assert send(api, "POST", BASE + "/runs/search", many).status in {200, 400}
    ids = {"experiment_ids": ["0" * 32] * 10_000}
    assert is_refused(send(api, "POST", BASE + "/runs/search", ids))
    key = {"run_id": run["id"], "key": "k" * 100_000, "value": "v"}
    assert is_refused(send(api, "POST", BASE + "/runs/set-tag", key), 400)


@pytest.mark.parametrize(
    ("kind", "key"),
    [("runs", "start_time"), ("experiments", "creation_time"), ("logged-models", "creation_timestamp")],
)
def test_numbers_without_end_are_refused(api: InProcess, kind: str, key: str) -> None:
    """A 500 would be asked for again seven times."""
    ids = {} if kind == "experiments" else {"experiment_ids": ["0"]}
    for value in ("1e400", "-1e400", "9" * 300, "9" * 5_000):
        asked = {"filter": f"{'' if kind == 'logged-models' else 'attributes.'}{key} > {value}", "max_results": 5}
        answer = send(api, "POST", f"{BASE}/{kind}/search", {**asked, **ids})
        assert answer.status == 400 or (answer.status == 200 and len(value) == 300), (value[:9], answer.body)
    for name in ("timestamp_ms", "execution_time_ms"):
        asked = {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]}
        asked["filter"] = f"attributes.{name} > 1e400"
        assert is_refused(send(api, "POST", "/api/3.0/mlflow/traces/search", asked), 400)


def test_words_by_number_have_few_digits(api: InProcess, run: dict[str, str]) -> None:
    many = "9" * 5_000
    asked = {"experiment_ids": ["0"], "run_view_type": many}
    assert is_refused(send(api, "POST", BASE + "/runs/search", asked), 400)
    assert is_refused(send(api, "POST", BASE + "/runs/update", {"run_id": run["id"], "status": many}), 400)
    made = send(api, "POST", BASE + "/logged-models", {"experiment_id": "0", "name": "m"}).json()["model"]["info"]
    body = {"model_id": made["model_id"], "status": many}
    assert is_refused(send(api, "PATCH", f"{BASE}/logged-models/{made['model_id']}", body), 400)


@pytest.mark.parametrize("source", ["s3://[x", "s3://a\u2100b/x", "s3://b/" + "%25" * 700, "runs:/" + "x/" * 50_000])
def test_a_source_that_is_no_address_is_refused(api: InProcess, source: str) -> None:
    send(api, "POST", BASE + "/registered-models/create", {"name": "addressed"})
    body = {"name": "addressed", "source": source}
    assert is_refused(send(api, "POST", BASE + "/model-versions/create", body), 400)


def test_a_large_directory_is_listed_whole_or_refused(
    api: InProcess, run: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client downloads what the listing names: one cut short would be half a model, and no error."""
    uid = str(UUID(run["id"]))
    digest = hashlib.sha256(b"w").hexdigest()
    some = [{"path": f"large/{number:05}", "sha256": digest} for number in range(5)]
    answer = send(api, "POST", f"/api/v1/folders/run/{uid}/entries", {"entries": some})
    assert answer.status < 300, answer.body
    monkeypatch.setattr("strongroom.dialects.mlflow.operations.artifacts.LISTED_MOST", 3)
    listing = f"{PROXY}?path={run['root']}/large"
    assert len(send(api, "GET", listing).json()["files"]) == 5, "though the other listing has pages of 3"
    monkeypatch.setattr("strongroom.dialects.mlflow.operations.artifacts.PROXIED_MOST", 3)
    assert is_refused(send(api, "GET", listing), 400)
    assert send(api, "DELETE", f"{PROXY}/{run['root']}/large").status == 200


def test_registered_files_do_not_change(api: InProcess, run: dict[str, str]) -> None:
    """Promise 1 and 2: what a version answers is what was registered."""
    send(api, "POST", BASE + "/registered-models/create", {"name": "steady"})
    body = {"name": "steady", "source": f"runs:/{run['id']}/model", "run_id": run["id"]}
    assert send(api, "POST", BASE + "/model-versions/create", body).status == 200
    uri = send(api, "GET", BASE + "/model-versions/get-download-uri?name=steady&version=1").json()["artifact_uri"]
    place = uri.removeprefix("mlflow-artifacts:/")
    assert send(api, "GET", f"{PROXY}/{place}/w.bin").body == b"w"
    assert is_refused(send(api, "PUT", f"{PROXY}/{place}/w.bin", body=b"other"), 400)
    assert is_refused(send(api, "DELETE", f"{PROXY}/{place}/w.bin"), 400)
    assert is_refused(send(api, "GET", f"{PROXY}/{place}"), 400)
    assert send(api, "GET", f"{PROXY}/{place}/w.bin", who="stranger").status == 404
    by_name = "/model-versions/get-artifact?name=steady&version=1&path=w.bin"
    assert send(api, "GET", by_name).body == b"w"


@pytest.mark.parametrize("climb", ["..", "%2e%2e", "%252e%252e", "..%2f..", "..\\..", "..;", "a/../..", "%5c..", "..#"])
def test_no_source_of_a_version_climbs(api: InProcess, run: dict[str, str], climb: str) -> None:
    """ "traversal in `source` ... (`..`, encoded, double-encoded, `#`, `;`, backslash, `file://`, absolute)"."""
    name = f"climbing {climb!r}".replace("/", " ").replace(":", " ")
    assert send(api, "POST", BASE + "/registered-models/create", {"name": name}).status == 200
    for source in (
        f"runs:/{run['id']}/model/{climb}/{climb}/x",
        f"runs:/{run['id']}/{climb}",
        f"mlflow-artifacts:/{run['root']}/{climb}/{climb}/model",
        f"models:/m-{'0' * 32}/{climb}",
        f"file:///tmp/{climb}/etc/passwd",
        f"/{climb}/etc/passwd",
        f"{climb}/etc/passwd",
        f"http://h/{climb}/x",
        f"mlflow-artifacts://elsewhere/{run['root']}/{climb}",
    ):
        body = {"name": name, "source": source, "run_id": run["id"]}
        assert is_refused(send(api, "POST", BASE + "/model-versions/create", body))
    found = send(api, "GET", BASE + "/model-versions/search?max_results=1000").json().get("model_versions", [])
    assert name not in {one["name"] for one in found}, "a refusal leaves nothing"


@pytest.mark.parametrize("name", ["x.html", "x.svg", "MLmodel", "conf.yaml"])
def test_files_of_a_version_never_run_in_a_browser(api: InProcess, run: dict[str, str], name: str) -> None:
    """The same of what was registered, by its proxy address and by name."""
    body = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    folder = name.replace(".", "-")
    assert send(api, "PUT", f"{PROXY}/{run['root']}/{folder}/{name}", body=body).status == 200
    send(api, "POST", BASE + "/registered-models/create", {"name": f"shown-{folder}"})
    made = {"name": f"shown-{folder}", "source": f"runs:/{run['id']}/{folder}", "run_id": run["id"]}
    assert send(api, "POST", BASE + "/model-versions/create", made).status == 200
    place = send(api, "GET", BASE + f"/model-versions/get-download-uri?name=shown-{folder}&version=1").json()
    for address in (
        f"{PROXY}/{place['artifact_uri'].removeprefix('mlflow-artifacts:/')}/{name}",
        f"/model-versions/get-artifact?name=shown-{folder}&version=1&path={name}",
    ):
        answer = send(api, "GET", address)
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("attachment; filename")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "body",
    [
        b"!!python/object/apply:os.system ['touch /tmp/strongroom-was-here']",
        b"flavors: {a: !!python/name:os.system ''}",
        b"a: &a [x, x]\nb: &b [*a, *a]\nflavors: {c: [" + b"*b, " * 20_000 + b"]}",
        b"flavors: " + b"{a: " * 5_000,
        b"flavors: {a: {python_version: &x [*x]}}",
        b"\xff\xfe\x00",
        b"x" * (1 << 20) + b"x",
    ],
)
def test_a_hostile_mlmodel_file_is_data(api: InProcess, run: dict[str, str], body: bytes) -> None:
    """Promise 7: "The server never unpickles and never executes what it stores"; nor does YAML exhaust it."""
    name = f"yaml-{abs(hash(body))}"
    assert send(api, "PUT", f"{PROXY}/{run['root']}/{name}/MLmodel", body=body).status == 200
    send(api, "POST", BASE + "/registered-models/create", {"name": name})
    made = {"name": name, "source": f"runs:/{run['id']}/{name}", "run_id": run["id"]}
    assert send(api, "POST", BASE + "/model-versions/create", made).status == 200
    version = send(api, "GET", f"/api/v1/resolve?reference={name}").json()["version"]
    packaging = send(api, "GET", f"/api/v1/versions/{version['uid']}").json()["packaging"]
    assert (packaging["state"], packaging["flavor"]) == ("unreadable", None)
    assert packaging["reason"]
    assert not Path("/tmp/strongroom-was-here").exists()  # noqa: S108 - what the file would have made


def test_batches_beyond_what_mlflow_allows_are_refused_whole(api: InProcess, run: dict[str, str]) -> None:
    """ "batched ... requests that try to exhaust the server": nothing of them is kept."""
    point = {"key": "m", "value": 1.0, "timestamp": 1, "step": 0}
    for more in (
        {"metrics": [point] * 1_001},
        {"params": [{"key": f"p{n}", "value": "x"} for n in range(101)]},
        {"tags": [{"key": f"t{n}", "value": "x"} for n in range(101)]},
    ):
        assert is_refused(send(api, "POST", BASE + "/runs/log-batch", {"run_id": run["id"], **more}), 400)
    data = send(api, "GET", f"{BASE}/runs/get?run_id={run['id']}").json()["run"]["data"]
    assert not data.get("metrics")
    assert not data.get("params")
    for path in ("/graphql", "/ajax-api/2.0/mlflow/gateway-proxy", "/api/3.0/mlflow/jobs"):
        answer = send(api, "POST", path, [{"query": "{ __typename }"}] * 1_000)
        assert (answer.status, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND"), path


def test_files_of_a_trace_are_as_safe_as_the_trace(api: InProcess) -> None:
    """Attachments: no path climbs, nobody writes into a trace that he may not write, and none is run by a browser."""
    trace = "tr-" + "7" * 32
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
    info = {"trace_id": trace, "trace_location": place, "state": "OK", "request_time": "2026-01-01T00:00:00Z"}
    assert send(api, "POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}}).status == 200
    root, name = f"{PROXY}/0/traces/{trace}/artifacts", "60515815-3325-4a47-85af-430f7d701c3f"
    for path in ("%2e%2e/x", "a/..%2fx", "a//b", "..%5cx", "%00"):
        assert is_refused(send(api, "PUT", f"{root}/{path}", body=b"x"))
    assert is_refused(send(api, "PUT", f"{PROXY}/0/traces/tr-{'8' * 32}/artifacts/attachments/{name}", body=b"x"), 404)
    assert api.request("viewer", "PUT", f"{root}/attachments/{name}", body=b"x").status == 403
    assert api.request("stranger", "GET", f"{root}/attachments/{name}").status == 404
    page = b"<script>alert(1)</script>"
    assert send(api, "PUT", f"{root}/attachments/{name}", body=page).status == 200
    shown = send(api, "GET", f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={trace}&path={name}")
    assert (shown.status, shown.body, shown.headers["x-content-type-options"]) == (200, page, "nosniff")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["content-disposition"].startswith("attachment")
    for path in ("../traces.json", "x", name.upper(), name + "/.."):
        assert is_refused(send(api, "GET", f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={trace}&path={path}"))
