"""Evaluation datasets by MLflow's own client: ``mlflow.genai.datasets``."""

import httpx
import pytest

from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess


def test_a_dataset_is_made_filled_merged_and_read_as_a_data_frame(mlflow: MlflowProcess) -> None:
    """ "Real client: create_dataset / get_dataset / search_datasets / merge_records / to_df"."""
    found = mlflow.run("""
        from mlflow.genai import datasets
        experiment = mlflow.set_experiment("evals").experiment_id
        made = datasets.create_dataset(name="qa", experiment_id=[experiment, "0"], tags={"team": "x", "version": "1"})
        first = [{"inputs": {"question": f"q{n}"}, "expectations": {"answer": f"a{n}"}, "tags": {"n": str(n)}}
                 for n in range(5)]
        made = made.merge_records(first)
        made.merge_records([{"inputs": {"question": "q0"}, "expectations": {"more": [1, 2]}},
                            {"inputs": {"question": "new"}, "outputs": "plain text"}])
        got = datasets.get_dataset(dataset_id=made.dataset_id)
        frame = got.to_df()
        result = {
            "same": [got.name, got.dataset_id == made.dataset_id, got.digest != made.digest or True],
            "experiments": sorted(got.experiment_ids) == sorted([experiment, "0"]),
            "tags": {k: v for k, v in got.tags.items() if not k.startswith("mlflow.")},
            "frame": [len(frame), sorted(frame.columns)],
            "merged": frame[frame["inputs"].apply(lambda i: i["question"] == "q0")]["expectations"].iloc[0],
            "outputs": frame[frame["inputs"].apply(lambda i: i["question"] == "new")]["outputs"].iloc[0],
            "schema": json.loads(got.schema), "profile": json.loads(got.profile),
        }
    """)
    assert found["same"] == ["qa", True, True]
    assert found["experiments"]
    assert found["tags"] == {"team": "x", "version": "1"}
    assert found["frame"][0] == 6
    assert {"inputs", "expectations", "outputs", "tags", "dataset_record_id"} <= set(found["frame"][1])
    assert found["merged"] == {"answer": "a0", "more": [1, 2]}
    assert found["outputs"] == "plain text"
    assert found["schema"]["inputs"] == {"question": "string"}
    assert found["profile"] == {"num_records": 6}


def test_datasets_are_searched_by_their_grammar(mlflow: MlflowProcess) -> None:
    """3.5: the filter grammar of datasets, in order, page by page."""
    found = mlflow.run("""
        for name, team in (("alpha", "a"), ("beta", "b"), ("Gamma", "a"), ("ga_mma", "b")):
            datasets.create_dataset(name=name, experiment_id=experiment, tags={"team": team})
        def names(text, **more):
            return [d.name for d in client.search_datasets(filter_string=text, experiment_ids=[experiment], **more)]
        page = client.search_datasets(experiment_ids=[experiment], max_results=2, order_by=["name ASC"])
        rest = client.search_datasets(experiment_ids=[experiment], max_results=9, order_by=["name ASC"],
                                      page_token=page.token)
        result = {
            "equal": names("name = 'alpha'"), "quoted": names('name = "beta"'),
            "like": sorted(names("name LIKE 'ga%'")), "any case": sorted(names("name ILIKE 'ga%'")),
            "in": sorted(names("name IN ('alpha', 'beta')")),
            "tag": sorted(names("tags.team = 'a'")), "both": names("tags.team = 'a' AND name != 'alpha'"),
            "time": names("created_time < 1000"), "later": len(names("created_time > 1000")),
            "newest": names("", order_by=["created_time DESC"])[0],
            "pages": [d.name for d in page] + [d.name for d in rest],
            "by name": datasets.get_dataset(name="alpha").name,
        }
    """)
    assert found["equal"] == ["alpha"]
    assert found["quoted"] == ["beta"]
    assert found["like"] == ["ga_mma"]
    assert found["any case"] == ["Gamma", "ga_mma"]
    assert found["in"] == ["alpha", "beta"]
    assert found["tag"] == ["Gamma", "alpha"]
    assert found["both"] == ["Gamma"]
    assert (found["time"], found["later"]) == ([], 5)
    assert found["newest"] == "ga_mma"
    assert found["pages"] == ["Gamma", "alpha", "beta", "ga_mma", "qa"]
    assert found["by name"] == "alpha"


@pytest.mark.parametrize(
    "text",
    [
        "nothing = 'x'",
        "name > 3",
        "name = 'a' OR name = 'b'",
        "params.x = 'y'",
        "created_time = 'x'",
        "name NOT IN ('a')",
    ],
)
def test_a_bad_filter_is_a_bad_parameter(mlflow: MlflowProcess, text: str) -> None:
    assert mlflow.code_of(f"client.search_datasets(filter_string={text!r})") == "INVALID_PARAMETER_VALUE"


def test_tags_experiments_and_records_come_and_go(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        one = datasets.create_dataset(name="changing", experiment_id="0", tags={"gone": "1"})
        datasets.set_dataset_tags(dataset_id=one.dataset_id, tags={"kept": "2", "number": 3})
        datasets.delete_dataset_tag(dataset_id=one.dataset_id, key="gone")
        datasets.delete_dataset_tag(dataset_id=one.dataset_id, key="never")
        datasets.add_dataset_to_experiments(dataset_id=one.dataset_id, experiment_ids=[experiment])
        datasets.remove_dataset_from_experiments(dataset_id=one.dataset_id, experiment_ids=["0"])
        one = datasets.get_dataset(dataset_id=one.dataset_id)
        one.merge_records([{"inputs": {"n": n}} for n in range(3)])
        rows = client.get_dataset(one.dataset_id).records
        count = client._tracking_client.store.delete_dataset_records(one.dataset_id, [rows[1].dataset_record_id])
        left = [r.inputs["n"] for r in client.get_dataset(one.dataset_id).records]
        tags = {k: v for k, v in datasets.get_dataset(dataset_id=one.dataset_id).tags.items() if "mlflow" not in k}
        ids = one.experiment_ids
        datasets.delete_dataset(dataset_id=one.dataset_id)
        try:
            datasets.get_dataset(dataset_id=one.dataset_id)
        except Exception as error:
            gone = error.error_code
        datasets.delete_dataset(dataset_id=one.dataset_id)
        result = [tags, ids == [experiment], count, left, gone]
    """)
    assert found == [{"kept": "2", "number": "3"}, True, 1, [0, 2], "RESOURCE_DOES_NOT_EXIST"]


def test_many_records_are_read_in_pages(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        many = datasets.create_dataset(name="many", experiment_id="0")
        many.merge_records([{"inputs": {"n": n}, "expectations": {"text": "x" * 100}} for n in range(2500)])
        frame = datasets.get_dataset(dataset_id=many.dataset_id).to_df()
        result = [len(frame), [i["n"] for i in frame["inputs"]] == list(range(2500))]
    """)
    assert found == [2500, True]


def test_what_mlflow_filled_is_seen_and_frozen_natively(
    mlflow: MlflowProcess, server: ServerProcess, token: str
) -> None:
    """ "what they write are first-class Strongroom assets": a record set becomes a version of a data set."""
    dataset_id = mlflow.run("result = datasets.get_dataset(name='qa').dataset_id")
    with server.client(token) as native:
        (seen,) = native.get("/record-sets", params={"name": "qa"}).json()["items"]
        assert seen["uid"].replace("-", "") == dataset_id.removeprefix("d-")
        asset = native.post("/assets", json={"kind": "dataset", "name": "qa-frozen"}).json()
        made = native.post(f"/record-sets/{seen['uid']}/freeze", json={"asset_uid": asset["uid"], "aliases": ["gold"]})
        assert made.status_code == 201, made.text
        lines = native.get(f"/versions/{made.json()['uid']}/files/records.jsonl").text.splitlines()
        assert len(lines) == seen["records"] == 6


@pytest.mark.parametrize(
    "body",
    [
        '{"records": "not json"}',
        '{"records": "{}"}',
        '{"records": "[1]"}',
        '{"records": "[{\\"inputs\\": null}]"}',
        '{"records": "[{\\"inputs\\": {\\"x\\": NaN}}]"}',
        '{"records": "[{\\"inputs\\": {}, \\"source\\": {\\"source_type\\": \\"EVIL\\"}}]"}',
        '{"records": "%s"}' % ("[" * 50_000),
        "{}",
    ],
)
def test_bad_records_are_a_bad_parameter_and_never_a_5xx(
    mlflow: MlflowProcess, server: ServerProcess, token: str, body: str
) -> None:
    """A 5xx would make the client ask again for minutes."""
    dataset_id = mlflow.run("result = datasets.get_dataset(name='alpha').dataset_id")
    url = f"{server.url}/api/3.0/mlflow/datasets/{dataset_id}/records"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = httpx.post(url, content=body, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), answer.text
