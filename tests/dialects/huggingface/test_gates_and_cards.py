"""Gated repositories, permissions and cards, through the unmodified client."""

from collections.abc import Iterator

import pytest

from tests.dialects.huggingface.client import HubProcess
from tests.http.processes import ServerProcess, new_token

CARD = """---
license: mit
library_name: transformers
pipeline_tag: text-classification
language: [en, de]
tags: [tiny]
base_model: ann/base
model-index:
- name: x
  results:
  - task: {type: text-classification}
    dataset: {type: imdb, name: IMDb}
    metrics: [{type: accuracy, value: 0.9}]
---
# hello
"""


@pytest.fixture(scope="session")
def viewer(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """The clients of somebody who may look at the workspace."""
    token = new_token(server.data, "vic", "viewer")
    child = HubProcess(server.url, token, tmp_path_factory.mktemp("viewer"), HF_HUB_DISABLE_XET="1")
    try:
        yield child
    finally:
        child.close()


def test_a_viewer_reads_and_does_not_write(hub: HubProcess, viewer: HubProcess) -> None:
    """ "permissions (viewer cannot push; hidden = 404 RepoNotFound)"."""
    hub.run("""
        api.create_repo("ann/seen")
        api.upload_file(repo_id="ann/seen", path_in_repo="a.txt", path_or_fileobj=b"x")
        api.create_repo("ann/hidden", private=True)
        api.upload_file(repo_id="ann/hidden", path_in_repo="a.txt", path_or_fileobj=b"x")
    """)
    assert viewer.run('result = Path(api.hf_hub_download("ann/seen", "a.txt")).read_text()') == "x"
    push = 'api.upload_file(repo_id="ann/{0}", path_in_repo="b.txt", path_or_fileobj=b"y")'
    assert viewer.refused(push.format("seen")) == ("HfHubHTTPError", 403)
    assert viewer.refused(push.format("hidden")) == ("RepositoryNotFoundError", 404)
    assert viewer.refused('api.model_info("ann/hidden")') == ("RepositoryNotFoundError", 404)
    assert viewer.refused('api.auth_check("ann/hidden")') == ("RepositoryNotFoundError", 404)
    assert viewer.refused('api.hf_hub_download("ann/hidden", "a.txt")') == ("RepositoryNotFoundError", 404)
    assert viewer.refused('api.delete_repo("ann/seen")') == ("HfHubHTTPError", 403)
    assert viewer.run('result = [m.id for m in api.list_models(author="ann", search="hidden")]') == []
    assert viewer.refused('HfApi(token=False).model_info("ann/seen")') == ("RepositoryNotFoundError", 401)
    assert hub.run('result = api.model_info("ann/hidden").private') is True


def test_access_is_asked_for_and_given_and_taken_back(hub: HubProcess, viewer: HubProcess) -> None:
    """ "gated repositories and access requests": accepting makes a grant, and what takes it back ends the grant."""
    hub.run("""
        api.create_repo("ann/gated")
        api.upload_file(repo_id="ann/gated", path_in_repo="a.txt", path_or_fileobj=b"secret")
        api.update_repo_settings("ann/gated", gated="manual")
    """)
    download = 'result = Path(api.hf_hub_download("ann/gated", "a.txt", local_dir=tempfile.mkdtemp())).read_text()'
    assert viewer.run('result = api.model_info("ann/gated").gated') == "manual"
    assert viewer.refused(download) == ("GatedRepoError", 403)
    assert viewer.refused('api.auth_check("ann/gated")') == ("GatedRepoError", 403)
    ask = """
        from huggingface_hub.utils import get_session, hf_raise_for_status
        asked = get_session().post(api.endpoint + "/ann/gated/ask-access", headers=api._build_hf_headers())
        hf_raise_for_status(asked)
        result = asked.json()["status"]
    """
    assert viewer.run(ask) == "pending"
    assert viewer.run(ask) == "pending"
    assert viewer.refused('api.accept_access_request("ann/gated", "vic")') == ("HfHubHTTPError", 403)
    assert hub.run('result = [r.username for r in api.list_pending_access_requests("ann/gated")]') == ["vic"]
    hub.run('api.accept_access_request("ann/gated", "vic")')
    assert viewer.run(download) == "secret"
    hub.run('api.cancel_access_request("ann/gated", "vic")')
    assert viewer.refused(download) == ("GatedRepoError", 403)
    hub.run('api.reject_access_request("ann/gated", "vic", rejection_reason="no")')
    assert hub.run('result = [r.username for r in api.list_rejected_access_requests("ann/gated")]') == ["vic"]
    assert viewer.refused(ask) == ("HfHubHTTPError", 409)
    hub.run('api.update_repo_settings("ann/gated", gated=False)')
    assert viewer.run(download) == "secret"


def test_a_gate_that_opens_by_itself(hub: HubProcess, viewer: HubProcess) -> None:
    hub.run("""
        api.create_repo("ann/auto")
        api.upload_file(repo_id="ann/auto", path_in_repo="a.txt", path_or_fileobj=b"x")
        api.update_repo_settings("ann/auto", gated="auto")
    """)
    assert viewer.refused('api.hf_hub_download("ann/auto", "a.txt")') == ("GatedRepoError", 403)
    asked = 'api.endpoint + "/ann/auto/ask-access", headers=api._build_hf_headers()'
    viewer.run(f"from huggingface_hub.utils import get_session; get_session().post({asked}).raise_for_status()")
    assert viewer.run('result = Path(api.hf_hub_download("ann/auto", "a.txt")).read_text()') == "x"


def test_a_card_becomes_tags_fields_and_lineage(hub: HubProcess, server: ServerProcess, token: str) -> None:
    """ "model card YAML parsed as data (licence, base_model -> lineage edge, pipeline tag, tags, eval results)"."""
    hub.run("""
        api.create_repo("ann/base")
        api.upload_file(repo_id="ann/base", path_in_repo="a.bin", path_or_fileobj=b"base")
        api.create_tag("ann/base", tag="1.0")
        api.create_repo("ann/card")
    """)
    said = hub.run(f"""
        card = {CARD!r}
        api.upload_file(repo_id="ann/card", path_in_repo="README.md", path_or_fileobj=card.encode())
        api.create_tag("ann/card", tag="1.0")
        info = api.model_info("ann/card")
        results = info.card_data.eval_results
        found = [m.id for m in api.list_models(filter=["license:mit", "tiny"])]
        also = [m.id for m in api.list_models(pipeline_tag="text-classification")]
        result = [info.pipeline_tag, info.library_name, sorted(info.tags), info.card_data.license, found, also,
                  results[0].metric_value]
    """)
    tags = ["base_model:ann/base", "de", "en", "license:mit", "text-classification", "tiny", "transformers"]
    assert said == ["text-classification", "transformers", tags, "mit", ["ann/card"], ["ann/card"], 0.9]
    with server.client(token) as native:
        version = native.get("/resolve", params={"reference": "ann/card:1.0"}).json()["version"]
        base = native.get("/resolve", params={"reference": "ann/base:1.0"}).json()["version"]
        edges = native.get(f"/lineage/version/{version['uid']}/edges").json()["items"]
        measured = native.get(f"/versions/{version['uid']}/evaluations").json()["items"]
    assert any(edge["type"] == "base" and base["uid"] in str(edge) for edge in edges)
    (one,) = measured
    assert (one["name"], one["data"]["name"], one["data"]["bound"]) == ("model-index", "IMDb", False)
    assert [(metric["name"], metric["value"], metric["better"]) for metric in one["metrics"]] == [
        ("accuracy", 0.9, "higher")
    ]
    after = hub.run("""
        api.upload_file(repo_id="ann/card", path_in_repo="README.md", path_or_fileobj=b"# nothing")
        info = api.model_info("ann/card"); result = [info.tags, info.pipeline_tag]
    """)
    assert after == [[], None]


def test_a_card_that_cannot_be_read_is_named_before_the_push(hub: HubProcess) -> None:
    """ "validate-yaml": the client calls it on every upload of a README.md."""
    hub.run('api.create_repo("ann/odd")')
    push = 'api.upload_file(repo_id="ann/odd", path_in_repo="README.md", path_or_fileobj={!r})'
    assert hub.refused(push.format(b"---\na: [\n---\n"))[0] == "ValueError"
    tagged = b"---\na: !!python/object:os.system {}\n---\n"
    assert hub.refused(push.format(tagged))[0] == "ValueError"


def test_what_a_protected_alias_points_at_is_not_deleted(hub: HubProcess, server: ServerProcess) -> None:
    """ "hard holders (protected alias, ...) refuse it", whoever asks and however."""
    hub.run("""
        api.create_repo("ann/guarded")
        api.upload_file(repo_id="ann/guarded", path_in_repo="a.txt", path_or_fileobj=b"x")
    """)
    with server.client(new_token(server.data, "ada", "admin")) as admin:
        uid = admin.get("/resolve", params={"reference": "ann/guarded^main"}).json()["asset"]["uid"]
        version = admin.post(f"/assets/{uid}/publish", json={}).raise_for_status().json()["uid"]
        at = f"/assets/{uid}/aliases/champion"
        admin.put(at, json={"version_uid": version}).raise_for_status()
        admin.patch(at, json={"protected": True}).raise_for_status()
    assert hub.refused('api.delete_repo("ann/guarded")') == ("HfHubHTTPError", 409)
    assert hub.run('result = api.model_info("ann/guarded").id') == "ann/guarded"
