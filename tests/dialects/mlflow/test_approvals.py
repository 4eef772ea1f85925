"""Approvals before MLflow's own stages and aliases: its client walks into the same gate."""

import httpx

from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess, new_token

RULE = {
    "id": "reviewed",
    "message": "One of the reviewers approves.",
    "approvals": {"count": 1, "teams": ["mlflow-reviewers"]},
    "applies": {"targets": ["production", "approved"], "assets": ["approved-first"]},
}
STAGE = 'client.transition_model_version_stage("approved-first", "1", "Production")'
ALIAS = 'client.set_registered_model_alias("approved-first", "approved", "1")'


def said(answer: httpx.Response) -> dict[str, str]:
    assert answer.is_success, answer.text
    found: dict[str, str] = answer.json()
    return found


def test_a_stage_and_an_alias_wait_for_approval(mlflow: MlflowProcess, server: ServerProcess, token: str) -> None:
    """ "no client of any dialect can move a protected alias, change a stage or promote past the same checks"."""
    admin, reviewer = new_token(server.data, "approving-admin"), new_token(server.data, "reviewer", "contributor")
    with server.client(admin) as boss, server.client(reviewer) as other, server.client(token) as author:
        said(boss.post("/policies", json={"document": {"policy": 1, "name": "mlflow", "rules": [RULE]}}))
        team = said(boss.post("/teams", json={"name": "mlflow-reviewers"}))["uid"]
        for one in (other, author):
            who = one.get("/whoami").json()["principal"]["uid"]
            assert boss.put(f"/teams/{team}/members/{who}").is_success
        mlflow.run("""
            with mlflow.start_run() as run:
                mlflow.log_text("weights", "model/weights.bin")
            client.create_registered_model("approved-first")
            client.create_model_version("approved-first", f"runs:/{run.info.run_id}/model", run.info.run_id)
        """)
        uid = said(author.get("/resolve", params={"reference": "approved-first:1"}))["version"]["uid"]  # type: ignore[index]
        for piece, transition, target in ((STAGE, "stage", "production"), (ALIAS, "alias", "approved")):
            assert mlflow.code_of(piece) == "INVALID_PARAMETER_VALUE"
            asked = said(author.post(f"/versions/{uid}/approvals", json={"transition": transition, "target": target}))
            assert author.put(f"/approvals/{asked['uid']}/verdict", json={"verdict": "approve"}).status_code == 403
            assert mlflow.code_of(piece) == "INVALID_PARAMETER_VALUE"
            said(other.put(f"/approvals/{asked['uid']}/verdict", json={"verdict": "approve"}))
            assert mlflow.code_of(piece) == "no error"
    found = mlflow.run("""
        version = client.get_model_version_by_alias("approved-first", "approved")
        result = [version.current_stage, str(version.version)]
    """)
    assert found == ["Production", "1"]
