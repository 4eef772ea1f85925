"""The unmodified clients below `/w/{workspace}`: every address that they are given leads back below it."""

from collections.abc import Iterator

import pytest

from tests.dialects.huggingface.client import HubProcess
from tests.http.processes import ServerProcess, admin


@pytest.fixture(scope="module")
def below(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """The clients of somebody whose home is another workspace, told the address of workspace `team`."""
    made = admin("token", "create", "--data", server.data, "--principal", "sue", "--server", "--role", "admin")
    token = made.stdout.splitlines()[-1]
    with server.client(token) as native:
        native.post("/workspaces", json={"slug": "team"}).raise_for_status()
    child = HubProcess(f"{server.url}/w/team", token, tmp_path_factory.mktemp("below"))
    try:
        yield child
    finally:
        child.close()


def test_repositories_are_made_pushed_moved_and_pulled_there(below: HubProcess, hub: HubProcess) -> None:
    """architecture.md 6: "the same apps also answer under `/w/{workspace}/...`": Xet, redirects and paging too."""
    said = below.run("""
        folder = Path(tempfile.mkdtemp())
        wanted = {"config.json": b"{}", "model.safetensors": os.urandom(300_000), "sub/a.txt": b"a"}
        for path, body in wanted.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(body)
        url = api.create_repo("sue/m")
        made = api.upload_folder(repo_id="sue/m", folder_path=folder)
        api.create_branch("sue/m", branch="dev/x")
        pull = api.upload_file(repo_id="sue/m", path_in_repo="b.txt", path_or_fileobj=b"b", create_pr=True)
        api.merge_pull_request("sue/m", pull.pr_num)
        api.move_repo("sue/m", "sue/n")
        got = Path(api.snapshot_download("sue/m", local_dir=tempfile.mkdtemp()))
        plain = api.hf_hub_download("sue/n", "model.safetensors", revision="dev/x", local_dir=tempfile.mkdtemp())
        from huggingface_hub.utils import paginate
        for n in range(3):
            api.create_repo(f"sue/page-{n}", repo_type="dataset")
        headers = api._build_hf_headers()
        paged = [one["id"] for one in paginate(api.endpoint + "/api/datasets", headers=headers, params={"limit": 1})]
        from huggingface_hub import HfFileSystem
        with HfFileSystem().open("sue/n/model.safetensors", "rb") as opened:
            opened.seek(1000); part = opened.read(10) == wanted["model.safetensors"][1000:1010]
        below = made.commit_url.startswith(api.endpoint + "/sue/m/commit/")
        result = [url.repo_id, url.endpoint == api.endpoint, below,
                  all((got / path).read_bytes() == body for path, body in wanted.items()), (got / "b.txt").read_text(),
                  Path(plain).read_bytes() == wanted["model.safetensors"], paged, part, api.whoami()["orgs"][0]["name"]]
    """)
    pages = [f"sue/page-{n}" for n in (2, 1, 0)]
    assert said == ["sue/m", True, True, True, "b", True, pages, True, "team"]
    assert hub.refused('api.model_info("sue/n")') == ("RepositoryNotFoundError", 404), "it is of the other workspace"


def test_large_files_by_lfs_and_the_command(below: HubProcess) -> None:
    """Signed addresses of LFS, whole and in parts, and those that the `hf` command works with."""
    below.env["HF_HUB_DISABLE_XET"] = "1"
    below.run("""
        (Path.home() / "lfs").mkdir()
        (Path.home() / "lfs" / "one.bin").write_bytes(os.urandom(1000))
        (Path.home() / "lfs" / "big.bin").write_bytes(os.urandom(1024 * 1024) * 65)
    """)
    below.command("upload", "sue/lfs", "lfs", ".", seconds=120)
    below.command("download", "sue/lfs", "--local-dir", "back", seconds=120)
    for name in ("one.bin", "big.bin"):
        assert (below.folder / "back" / name).read_bytes() == (below.folder / "lfs" / name).read_bytes()
    assert "sue/lfs" in below.command("models", "ls", "--author", "sue", "--no-truncate").stdout
