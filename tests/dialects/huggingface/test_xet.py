"""Large files by Xet, through the unmodified `huggingface_hub` and its `hf_xet`, between two of its processes."""

from tests.dialects.huggingface.client import HubProcess


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
