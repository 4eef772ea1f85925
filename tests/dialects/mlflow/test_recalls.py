"""What is recalled is refused to MLflow's own client, whichever way it asks for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.dialects.mlflow.client import Decoded, MlflowProcess, client_of
from tests.http.processes import ServerProcess, new_token

RETRIES = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "7", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "2"}
"""As the client comes: with these it asks again for two minutes, when a status tells it to."""


class Admin:
    """The native API as an admin uses it."""

    def __init__(self, server: ServerProcess) -> None:
        self.url = server.url
        self.headers = {"Authorization": f"Bearer {new_token(server.data, 'recaller', 'admin')}"}

    def get(self, path: str, **asked: str) -> Decoded:
        answer = httpx.get(f"{self.url}/{path}", params=asked, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def version(self, name: str, kind: str) -> str:
        """The uid of the first version."""
        return str(self.get("api/v1/resolve", reference=f"{name}:1", kind=kind)["version"]["uid"])

    def post(self, path: str, **body: object) -> dict[str, str]:
        answer = httpx.post(f"{self.url}/api/v1/{path}", json=body, headers=self.headers, timeout=30)
        assert answer.status_code < 300, answer.text
        found: dict[str, str] = answer.json()
        return found

    @contextmanager
    def recalled(self, kind: str, subject: str) -> Iterator[str]:
        uid = self.post("recalls", kind=kind, subject=subject, reason="it was found to be bad")["uid"]
        yield uid
        self.post(f"recalls/{uid}/lift", reason="it was found to be good")


@pytest.fixture(scope="module")
def admin(server: ServerProcess) -> Admin:
    return Admin(server)


@pytest.fixture(scope="module")
def patient(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """A client that asks again, as they do unless they are told not to."""
    with client_of(server.url, token, tmp_path_factory.mktemp("patient"), **RETRIES) as child:
        child.run("""
            import hashlib
            class Doubler(mlflow.pyfunc.PythonModel):
                def predict(self, context, model_input, params=None):
                    return model_input
            mlflow.set_experiment("recalls")
            with mlflow.start_run() as run:
                logged = mlflow.pyfunc.log_model(name="model", python_model=Doubler(), registered_model_name="recalled")
                mlflow.log_text("a plot", "plot.txt")
            run_id, model_id = run.info.run_id, logged.model_id
            uri = client.get_model_version_download_uri("recalled", "1")
            pulls = {
                "version": "models:/recalled/1",
                "logged model": f"models:/{model_id}",
                "proxy": uri,
            }
            def outcomes():
                found = {}
                for name, where in pulls.items():
                    try:
                        mlflow.artifacts.download_artifacts(artifact_uri=where)
                        found[name] = "read"
                    except Exception as error:
                        told = str(error)
                        found[name] = "451" if "451" in told or "recalled" in told else told
                return found
        """)
        yield child


def test_mlflow_is_refused_what_is_recalled_and_does_not_wait(patient: MlflowProcess, admin: Admin) -> None:
    """ "pulls answer 451 on every dialect and process": version, proxy, logged model, download address."""
    uid = admin.version("recalled", "model")
    assert patient.run("result = outcomes()") == {"version": "read", "logged model": "read", "proxy": "read"}
    began = time.monotonic()
    with admin.recalled("version", uid):
        assert patient.run("result = outcomes()") == {"version": "451", "logged model": "451", "proxy": "451"}
        code = patient.code_of("client.get_model_version_download_uri('recalled', '1')")
        assert code == "PERMISSION_DENIED"
        assert patient.run("result = client.get_model_version('recalled', '1').version") == "1"
        assert patient.run("result = mlflow.artifacts.load_text(f'runs:/{run_id}/plot.txt')") == "a plot"
    assert time.monotonic() - began < 60, "it asked again"
    assert patient.run("result = outcomes()") == {"version": "read", "logged model": "read", "proxy": "read"}


def test_addresses_that_were_given_before_die_with_the_recall(
    patient: MlflowProcess, admin: Admin, server: ServerProcess, token: str
) -> None:
    """A presigned address is asked about at each use."""
    place = str(patient.run("client.log_text(run_id, 'bad', 'bad.txt'); result = f'0/{run_id}/artifacts/bad.txt'"))
    digest = patient.run("result = hashlib.sha256(b'bad').hexdigest()")
    bearer = {"Authorization": f"Bearer {token}"}
    base = f"{server.url}/api/2.0/mlflow-artifacts"
    address = httpx.get(f"{base}/presigned/{place}", headers=bearer, timeout=30).json()["url"]
    assert httpx.get(address, timeout=30).text == "bad"
    with admin.recalled("digest", str(digest)):
        asked = [
            httpx.get(address, timeout=30),
            httpx.get(f"{base}/presigned/{place}", headers=bearer, timeout=30),
            httpx.get(f"{base}/artifacts/{place}", headers=bearer, timeout=30),
            httpx.get(
                f"{server.url}/get-artifact",
                params={"path": "bad.txt", "run_id": place.split("/")[1]},
                headers=bearer,
                timeout=30,
            ),
        ]
        assert [(one.status_code, one.json()["error_code"]) for one in asked] == [(451, "PERMISSION_DENIED")] * 4
        assert "it was found to be bad" in asked[0].json()["message"]
    assert httpx.get(address, timeout=30).text == "bad"


def test_a_recalled_prompt_is_not_read_and_does_not_hide_the_others(patient: MlflowProcess, admin: Admin) -> None:
    patient.run("""
        first = mlflow.genai.register_prompt(name="recalled-prompt", template="Say {{x}}")
        second = mlflow.genai.register_prompt(name="recalled-prompt", template="Shout {{x}}")
    """)
    uid = admin.version("recalled-prompt", "prompt")
    with admin.recalled("version", uid):
        assert patient.code_of("mlflow.genai.load_prompt('prompts:/recalled-prompt/1')") == "PERMISSION_DENIED"
        assert patient.run("result = mlflow.genai.load_prompt('prompts:/recalled-prompt/2').template") == "Shout {{x}}"
        asked = {"filter": "name = 'recalled-prompt' AND tags.`mlflow.prompt.is_prompt` = 'true'"}
        found = admin.get("api/2.0/mlflow/model-versions/search", **asked)["model_versions"]
        assert sorted(one["version"] for one in found) == ["1", "2"]
