"""Repositories through the unmodified client: made, filled, read, moved, deleted."""

from tests.dialects.huggingface.client import HubProcess


def test_files_go_there_and_back(hub: HubProcess) -> None:
    """ "create, push, pull": what was pushed is what is pulled, small files, large ones and empty ones alike."""
    said = hub.run("""
        folder = Path(tempfile.mkdtemp())
        (folder / "sub").mkdir()
        wanted = {"README.md": b"# hello", "config.json": b'{"a": 1}', "empty.txt": b"",
                  "model.safetensors": os.urandom(300_000), "sub/vocab.txt": b"a b c",
                  "sub/odd name.bin": os.urandom(10)}
        for path, body in wanted.items():
            (folder / path).write_bytes(body)
        url = api.create_repo("ann/first")
        made = api.upload_folder(repo_id="ann/first", folder_path=folder, commit_message="all of it")
        got = Path(api.snapshot_download("ann/first"))
        flat = Path(api.snapshot_download("ann/first", local_dir=tempfile.mkdtemp()))
        odd = "sub/odd name.bin"
        result = {
            "url": str(url), "commit": made.oid,
            "cache": all((got / path).read_bytes() == body for path, body in wanted.items()),
            "flat": all((flat / path).read_bytes() == body for path, body in wanted.items()),
            "files": sorted(api.list_repo_files("ann/first")),
            "sha": api.model_info("ann/first").sha,
            "one": Path(api.hf_hub_download("ann/first", odd)).read_bytes() == wanted[odd],
            "commits": [c.title for c in api.list_repo_commits("ann/first")],
        }
    """)
    assert said["cache"]
    assert said["flat"]
    assert said["one"]
    assert said["sha"] == said["commit"]
    assert said["url"].endswith("/ann/first")
    assert said["commits"] == ["all of it", "initial commit"]
    assert said["files"] == [
        "README.md",
        "config.json",
        "empty.txt",
        "model.safetensors",
        "sub/odd name.bin",
        "sub/vocab.txt",
    ]
