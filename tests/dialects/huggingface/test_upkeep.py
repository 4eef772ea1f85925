"""What whoever looks after repositories does, through the unmodified client: counts, large files, storage."""

import time

from tests.dialects.huggingface.client import HubProcess
from tests.http.processes import ServerProcess, new_token

PATIENCE_S = 60.0


def test_downloads_are_counted_shown_and_sorted_by(hub: HubProcess) -> None:
    """domain.md: "downloads = read counters"; of versions, in 30 days and ever. Likes are not served."""
    hub.run("""
        for name in ("often", "never"):
            api.create_repo(f"counts/{name}")
            api.upload_file(repo_id=f"counts/{name}", path_in_repo="w.bin", path_or_fileobj=os.urandom(100))
            api.create_tag(f"counts/{name}", tag="1.0")
        for _ in range(3):
            api.hf_hub_download("counts/often", "w.bin", local_dir=tempfile.mkdtemp())
    """)
    look = "info = api.model_info('counts/often', expand=['downloads', 'downloadsAllTime', 'likes'])"
    until = time.monotonic() + PATIENCE_S
    while hub.run(f"{look}; result = info.downloads") < 3 and time.monotonic() < until:
        pass  # counts are some seconds old
    assert hub.run(f"{look}; result = [info.downloads, info.downloads_all_time, info.likes]") == [3, 3, 0]
    said = hub.run("""
        names = lambda **asked: [(one.id, one.downloads) for one in api.list_models(author="counts", **asked)]
        result = [names(sort="downloads"), names(sort="created_at")]
    """)
    assert said == [[["counts/often", 3], ["counts/never", 0]], [["counts/never", 0], ["counts/often", 3]]]


def test_a_namespace_tells_what_its_repositories_hold(hub: HubProcess) -> None:
    """`hf repos ls`, of one's own namespace or another: each different file once."""
    hub.run("""
        api.create_repo("kept/one"); api.create_repo("kept/two", repo_type="dataset")
        body = os.urandom(3000)
        for path in ("a.bin", "b.bin"):
            api.upload_file(repo_id="kept/one", path_in_repo=path, path_or_fileobj=body)
        api.upload_file(repo_id="kept/two", path_in_repo="c.bin", path_or_fileobj=body[:1000], repo_type="dataset")
    """)
    said = hub.run("""
        found = [(one.id, one.type, one.storage, one.storage_percent) for one in api.list_user_repos(namespace="kept")]
        result = [found, {one.id.split("/")[0] for one in api.list_user_repos()} <= {"ann"},
                  list(api.list_user_repos(namespace="absent"))]
    """)
    assert said == [[["kept/two", "dataset", 1000, 25.0], ["kept/one", "model", 3000, 75.0]], True, []]
    assert "kept/two" in hub.command("repos", "ls", "--namespace", "kept").stdout


def test_large_files_are_listed_and_deleted_for_good(hub: HubProcess, server: ServerProcess) -> None:
    """`list_lfs_files`, `permanently_delete_lfs_files`: out of all branches; never out of a published version."""
    said = hub.run("""
        wrong, right = os.urandom(1000), os.urandom(1000)
        api.create_repo("ann/heavy")
        put = lambda path, body: api.upload_file(repo_id="ann/heavy", path_in_repo=path, path_or_fileobj=body)
        put("ckpt/1.bin", wrong); put("w.safetensors", right); put("note.txt", b"small")
        api.delete_file("ckpt/1.bin", "ann/heavy")
        files = {one.filename: one for one in api.list_lfs_files("ann/heavy")}
        digest = hashlib.sha256(wrong).hexdigest()
        found = [sorted(files), files["ckpt/1.bin"].size, files["ckpt/1.bin"].file_oid == digest]
        api.permanently_delete_lfs_files("ann/heavy", [files["ckpt/1.bin"]])
        after = [[one.filename for one in api.list_lfs_files("ann/heavy")], sorted(api.list_repo_files("ann/heavy")),
                 len(api.list_repo_commits("ann/heavy"))]
        api.create_tag("ann/heavy", tag="1.0")
        result = [found, after]
    """)
    assert said == [
        [["ckpt/1.bin", "w.safetensors"], 1000, True],
        [["w.safetensors"], ["note.txt", "w.safetensors"], 1],
    ]
    delete = 'api.permanently_delete_lfs_files("ann/heavy", api.list_lfs_files("ann/heavy"){0})'
    assert hub.refused(delete.format("")) == ("HfHubHTTPError", 409)
    assert hub.refused(delete.format(", rewrite_history=False")) == ("BadRequestError", 400)
    token = new_token(server.data, "con", "contributor")
    assert hub.refused(f"contributor = HfApi(token={token!r}); contributor." + delete.format("")[4:])[1] == 403
