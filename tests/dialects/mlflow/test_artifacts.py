"""Artifacts of runs through MLflow's proxy, by its own client."""

from tests.dialects.mlflow.client import MlflowProcess


def test_files_are_logged_listed_and_read_back(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        folder = Path(tempfile.mkdtemp())
        (folder / "sub").mkdir()
        (folder / "a.txt").write_text("hello")
        (folder / "sub" / "ü b.txt").write_text("x" * 100_000)
        (folder / "empty").write_bytes(b"")
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(folder), "files")
            mlflow.log_text("t", "dir/t.txt")
            mlflow.log_dict({"k": 1}, "d.json")
        id_ = run.info.run_id
        back = Path(mlflow.artifacts.download_artifacts(run_id=id_, artifact_path="files"))
        listed = client.list_artifacts(id_, "files")
        result = {
            "top": sorted(f.path for f in client.list_artifacts(id_)),
            "files": sorted((f.path, f.is_dir, f.file_size) for f in listed),
            "deep": [f.path for f in client.list_artifacts(id_, "files/sub")],
            "nothing": client.list_artifacts(id_, "no/such/dir"), "of a file": client.list_artifacts(id_, "d.json"),
            "bytes": [(back / "a.txt").read_text(), len((back / "sub" / "ü b.txt").read_text())],
            "empty": (back / "empty").stat().st_size,
            "dict": mlflow.artifacts.load_dict(run.info.artifact_uri + "/d.json"),
        }
    """)
    assert found["top"] == ["d.json", "dir", "files"]
    assert found["files"] == [["files/a.txt", False, 5], ["files/empty", False, 0], ["files/sub", True, None]]
    assert found["deep"] == ["files/sub/ü b.txt"]
    assert (found["nothing"], found["of a file"]) == ([], [])
    assert found["bytes"] == ["hello", 100_000]
    assert found["empty"] == 0
    assert found["dict"] == {"k": 1}


def test_artifacts_are_deleted(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
        run = client.create_run("0")
        client.log_text(run.info.run_id, "1", "a/b/c.txt")
        client.log_text(run.info.run_id, "2", "a/d.txt")
        repository = get_artifact_repository(run.info.artifact_uri)
        repository.delete_artifacts("a/b")
        result = [f.path for f in client.list_artifacts(run.info.run_id, "a")]
    """)
    assert found == ["a/d.txt"]


def test_a_file_that_is_not_there_is_said_so(mlflow: MlflowProcess) -> None:
    mlflow.run("run_id = client.create_run('0').info.run_id; client.log_text(run_id, 'x', 'a/b.txt')")
    assert mlflow.code_of("mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path='no.txt')") is not None
    assert mlflow.run("result = mlflow.artifacts.load_text(f'runs:/{run_id}/a/b.txt')") == "x"
