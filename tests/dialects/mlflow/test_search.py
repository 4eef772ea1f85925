"""MLflow's filters and orders, sent by its own client."""

from collections.abc import Sequence

import pytest

from tests.dialects.mlflow.client import MlflowProcess

RUNS = """
id_ = client.create_experiment("searched")
from mlflow.entities import Metric, Param, RunTag
names = {}
for n, (name, metrics, params, tags) in enumerate([
    ("a", {"auc": 0.5, "m 1": 1}, {"depth": "3", "p.q": "x"}, {"team": "risk", "mlflow.parentRunId": "0" * 32}),
    ("b", {"auc": 0.9}, {"depth": "4"}, {"team": "Risk"}),
    ("c", {"auc": math.nan}, {"depth": "10"}, {}),
    ("d", {}, {}, {"team": "it's"}),
]):
    run = client.create_run(id_, run_name=name, start_time=1700000000000 + n, tags=tags)
    names[run.info.run_id] = name
    client.log_batch(run.info.run_id, [Metric(k, v, 1, 0) for k, v in metrics.items()],
                     [Param(k, v) for k, v in params.items()])
    client.set_terminated(run.info.run_id, "FAILED" if name == "c" else "FINISHED", end_time=1700000001000 + n)
a_id = next(key for key, name in names.items() if name == "a")
def found(text="", order=None, **more):
    return "".join(names[r.info.run_id] for r in client.search_runs([id_], text, order_by=order, **more))
"""


@pytest.fixture(scope="module")
def searched(mlflow: MlflowProcess) -> MlflowProcess:
    mlflow.run(RUNS)
    return mlflow


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("metrics.auc > 0.6", "b"),
        ("metric.auc <= 0.9 AND params.depth = '3'", "a"),
        ("metrics.`m 1` = 1", "a"),
        ('params."p.q" LIKE "x%"', "a"),
        ("params.depth != '3'", "cb"),
        ("parameters.depth IS NULL", "d"),
        ("tags.team = 'risk'", "a"),
        ("tags.team LIKE 'R%'", "b"),
        ("tags.team ilike 'r%'", "ba"),
        ("tag.team != 'risk'", "db"),
        ("tags.team IS NOT NULL and attributes.status = 'FINISHED'", "dba"),
        ("tags.mlflow.parentRunId = '00000000000000000000000000000000'", "a"),
        ("tags.`mlflow.runName` = 'b'", "b"),
        ("attributes.run_name = 'c'", "c"),
        ("run name = 'c'", "c"),
        ("run_name IN_NOT 'c'", None),
        ("status = 'failed'", "c"),
        ("attr.start_time >= 1700000000002", "dc"),
        ("created = 1700000000001", "b"),
        ("end_time < 1700000001001", "a"),
        ("attributes.artifact_uri LIKE '%'", None),
        ("metrics.auc LIKE 'x'", None),
        ("params.depth > 3", None),
        ("tags.team = risk", None),
        ("metrics.auc > 0.5 OR metrics.auc < 0.1", None),
        ("(metrics.auc > 0.5)", None),
        ("attributes.nothing = 'x'", None),
        ("nonsense.key = 'x'", None),
        ("metrics.auc > 0.5; DROP TABLE run", None),
        ("tags.team = 'it''s'", "d"),
    ],
)
def test_runs_by_filter(searched: MlflowProcess, text: str, names: str | None) -> None:
    """3.5: "errors in MLflow's words; case-sensitive LIKE"."""
    if names is None:
        assert searched.code_of(f"found({text!r})") == "INVALID_PARAMETER_VALUE"
    else:
        assert searched.run(f"result = found({text!r})") == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (None, "dcba"),
        (["metrics.auc DESC"], "badc"),
        (["metrics.auc"], "abdc"),
        (["params.depth ASC", "start_time"], "abcd"),
        (["attributes.start_time ASC"], "abcd"),
        (["tags.`team`", "attribute.run_name DESC"], "bdac"),
        (["nonsense"], None),
        (["metrics.auc SIDEWAYS"], None),
    ],
)
def test_runs_in_order(searched: MlflowProcess, order: Sequence[str] | None, names: str | None) -> None:
    """3.5: "NULLs last both ways"."""
    if names is None:
        assert searched.code_of(f"found('', {order!r})") == "INVALID_PARAMETER_VALUE"
    else:
        ordered = searched.run(f"result = found('', {order!r})")
        assert sorted(ordered) == sorted(names)
        missing = {"metrics.auc DESC": "dc", "metrics.auc": "dc"}.get((order or [""])[0])
        assert ordered[:2] == names[:2]
        if missing:
            assert set(ordered[2:]) == set(missing)


def test_runs_by_id_by_pages_and_as_a_frame(searched: MlflowProcess) -> None:
    assert searched.run("result = found(f\"run_id = '{a_id}'\")") == "a"
    assert searched.run("result = found(f\"attributes.run_id IN ('{a_id}', 'nobody')\")") == "a"
    assert searched.run("result = found(f\"run_id LIKE '{a_id[:20]}%'\")") != ""
    pages = searched.run("""
        first = client.search_runs([id_], max_results=3)
        second = client.search_runs([id_], max_results=3, page_token=first.token)
        frame = mlflow.search_runs([id_], "metrics.auc > 0")
        result = [len(first), len(second), second.token, len(frame), sorted(frame["params.depth"])]
    """)
    assert pages == [3, 1, None, 2, ["3", "4"]]
    assert searched.code_of("client.search_runs([id_], page_token='garbage')") == "INVALID_PARAMETER_VALUE"
    assert searched.code_of("client.search_runs([id_], max_results=0)") == "INVALID_PARAMETER_VALUE"
    assert searched.code_of("client.search_runs([id_], max_results=60000)") == "INVALID_PARAMETER_VALUE"
    assert searched.run("client.delete_run(a_id); result = found(run_view_type=2)") == "a"
    searched.run("client.restore_run(a_id)")


def test_experiments_by_filter(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        first = client.create_experiment("find/one", tags={"kind": "x"})
        second = client.create_experiment("find/two")
        client.delete_experiment(second)
        def names(*args, **more):
            return [e.name for e in client.search_experiments(*args, **more)]
        result = [
            names(filter_string="name = 'find/one'"), names(filter_string="name LIKE 'find/%'"),
            names(filter_string="tags.kind = 'x' AND name ILIKE 'FIND%'"),
            names(view_type=3, filter_string="attribute.name LIKE 'find/%'", order_by=["name DESC"]),
            names(view_type=2, filter_string="name LIKE 'find%'"),
            names(filter_string=f"experiment_id IN ('{first}')"), names(filter_string="creation_time < 5"),
        ]
    """)
    one, two = ["find/one"], ["find/two"]
    assert found == [one, one, one, [*two, *one], two, one, []]
    assert mlflow.code_of("client.search_experiments(filter_string='nothing = 3')") == "INVALID_PARAMETER_VALUE"


def test_models_and_versions_by_filter(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        with mlflow.start_run() as run:
            mlflow.log_text("w", "m/w.bin")
        for name in ("find-b", "find-a", "Find-c"):
            client.create_registered_model(name, tags={"team": name[-1]})
        for _ in range(3):
            client.create_model_version("find-a", f"runs:/{run.info.run_id}/m", run.info.run_id, tags={"q": "1"})
        client.create_model_version("find-b", f"runs:/{run.info.run_id}/m")
        def models(text="", **more):
            return [m.name for m in client.search_registered_models(text, **more)]
        def versions(text="", **more):
            return [(v.name, str(v.version)) for v in client.search_model_versions(text, **more)]
        result = {
            "like": models("name LIKE 'find-%'"), "ilike": models("name ilike 'find-%'"),
            "tag": models("tags.team = 'b'"), "desc": models("name LIKE 'find-%'", order_by=["name DESC"]),
            "newest": len(client.search_registered_models("name = 'find-a'")[0].latest_versions),
            "versions": versions("name = 'find-a'", order_by=["version_number ASC"]),
            "by run": versions(f"run_id = '{run.info.run_id}'", order_by=["name", "version_number"]),
            "number": versions("name = 'find-a' AND version_number > 1"),
            "source": versions(f"source_path = 'runs:/{run.info.run_id}/m' AND tags.q = '1' AND version_number = 2"),
            "pages": [len(client.search_model_versions("name = 'find-a'", max_results=2)),
                      client.search_model_versions("name = 'find-a'", max_results=2).token is not None],
        }
    """)
    assert found["like"] == ["find-a", "find-b"]
    assert set(found["ilike"]) == {"Find-c", "find-a", "find-b"}
    assert found["tag"] == ["find-b"]
    assert found["desc"] == ["find-b", "find-a"]
    assert found["newest"] == 1
    assert found["versions"] == [["find-a", "1"], ["find-a", "2"], ["find-a", "3"]]
    assert len(found["by run"]) == 4
    assert sorted(found["number"]) == [["find-a", "2"], ["find-a", "3"]]
    assert found["source"] == [["find-a", "2"]]
    assert found["pages"] == [2, True]
    for piece in ("client.search_registered_models('name > 3')", "client.search_model_versions('stage = \"x\"')"):
        assert mlflow.code_of(piece) == "INVALID_PARAMETER_VALUE"
