"""Large files by Xet, through the unmodified `huggingface_hub` and its `hf_xet`, between two of its processes."""

from tests.dialects.huggingface.client import HubProcess
from tests.http.processes import ServerProcess


def test_what_goes_up_in_chunks_comes_down_in_chunks_and_plainly(chunked: HubProcess, hub: HubProcess) -> None:
    """ "uploads go through the Xet protocol of the unmodified Rust client"; "curl reads rebuild it"."""
    said = chunked.run("""
        body = os.urandom(700_000)
        api.create_repo("ann/chunks")
        made = api.upload_file(repo_id="ann/chunks", path_in_repo="model.safetensors", path_or_fileobj=body)
        info = api.get_paths_info("ann/chunks", ["model.safetensors"])[0]
        got = Path(api.hf_hub_download("ann/chunks", "model.safetensors")).read_bytes()
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        seen = get_hf_file_metadata(hf_hub_url("ann/chunks", "model.safetensors"))
        snapshot = Path(api.snapshot_download("ann/chunks", local_dir=tempfile.mkdtemp()))
        result = [info.xet_hash, seen.xet_file_data.file_hash, got == body, hashlib.sha256(body).hexdigest(),
                  info.lfs.sha256, (snapshot / "model.safetensors").read_bytes() == body]
    """)
    xet, seen, same, digest, lfs, snapshot = said
    assert xet == seen
    assert len(xet) == 64
    assert same
    assert snapshot
    assert digest == lfs
    plain = hub.run("""
        result = hashlib.sha256(Path(api.hf_hub_download("ann/chunks", "model.safetensors")).read_bytes()).hexdigest()
    """)
    assert plain == digest


def test_files_and_repositories_are_copied_without_sending_them(chunked: HubProcess) -> None:
    """ "copies": a commit may name what its author may read elsewhere (domain.md N16)."""
    said = chunked.run("""
        body = os.urandom(200_000)
        api.create_repo("ann/from")
        api.upload_file(repo_id="ann/from", path_in_repo="w.safetensors", path_or_fileobj=body)
        api.upload_file(repo_id="ann/from", path_in_repo="config.json", path_or_fileobj=b"{}")
        api.create_repo("ann/to")
        copies = [CommitOperationCopy("w.safetensors", "copy.safetensors", src_repo_id="ann/from",
                                      src_repo_type="model")]
        api.create_commit("ann/to", copies, commit_message="copied")
        url = api.duplicate_repo("ann/from", "ann/whole")
        read = lambda repo, path: Path(api.hf_hub_download(repo, path)).read_bytes() == body
        result = [read("ann/to", "copy.safetensors"), read("ann/whole", "w.safetensors"), str(url.repo_id),
                  sorted(api.list_repo_files("ann/whole"))]
    """)
    assert said == [True, True, "ann/whole", ["config.json", "w.safetensors"]]


def test_what_mlflow_or_the_native_api_registers_is_pulled(
    chunked: HubProcess, server: ServerProcess, token: str
) -> None:
    """ "a registered MLflow model can be pulled with `snapshot_download`": it stands in the root, and has no `main`."""
    body = b"weights"
    with server.client(token) as native:
        asset = native.post("/assets", json={"kind": "model", "name": "churn"}).json()
        draft = native.post(f"/assets/{asset['uid']}/drafts", json={}).json()
        sent = native.put(f"/folders/draft/{draft['uid']}/files/model/w.bin", content=body)
        assert sent.status_code < 300, sent.text
        assert native.post(f"/drafts/{draft['uid']}/seal", json={}).status_code < 300
    said = chunked.run("""
        got = Path(api.snapshot_download("default/churn"))
        again = Path(api.hf_hub_download("default/churn", "model/w.bin", revision=":1"))
        result = [(got / "model/w.bin").read_text(), again.read_text(), len(api.model_info("default/churn").sha)]
    """)
    assert said == ["weights", "weights", 40]
