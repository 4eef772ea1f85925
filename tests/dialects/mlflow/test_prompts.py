"""Prompts by MLflow's own client: kept as files of a version, hidden from searches for models."""

from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess


def test_a_prompt_is_registered_loaded_and_formatted(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        text = "Hello {{ name }}, this is {not} a {{ place"
        first = mlflow.genai.register_prompt("greeting", text, commit_message="first", tags={"team": "x"})
        second = mlflow.genai.register_prompt("greeting", "Hi {{name}}")
        mlflow.genai.set_prompt_alias("greeting", "live", version=1)
        by_alias = mlflow.genai.load_prompt("prompts:/greeting@live")
        by_number = mlflow.genai.load_prompt("greeting", version=2)
        chat = mlflow.genai.register_prompt("chat", [{"role": "user", "content": "Say {{ word }}"}])
        result = [first.version, second.version, by_alias.template == text, by_alias.commit_message,
                  by_number.format(name="Ann"), mlflow.genai.load_prompt("chat", version=1).template]
    """)
    assert found[:4] == [1, 2, True, "first"]
    assert found[4] == "Hi Ann"
    assert found[5] == [{"role": "user", "content": "Say {{ word }}"}]


def test_its_text_is_content_of_the_version_with_a_manifest(
    mlflow: MlflowProcess, server: ServerProcess, token: str
) -> None:
    """ "prompt = model + tags; text lives in a tag" becomes "kind prompt, text in the tree"."""
    mlflow.run("mlflow.genai.register_prompt('kept', 'Dear {{ reader }}')")
    with server.client(token) as native:
        found = native.get("/resolve", params={"reference": "kept:1", "kind": "prompt"}).json()
        version = found["version"]
        assert found["asset"]["kind"] == "prompt"
        assert "mlflow.prompt.text" not in {tag["key"] for tag in version["tags"]}
        assert native.get(f"/versions/{version['uid']}/files/prompt.txt").text == "Dear {{ reader }}"
        manifest = native.get(f"/versions/{version['uid']}/files/strongroom.json").json()
        assert manifest["template"] == "Dear {{ reader }}"
        assert manifest["variables"] == {"reader": {"type": "string"}}


def test_the_text_of_a_version_cannot_be_changed_by_a_tag(mlflow: MlflowProcess) -> None:
    """domain.md: "reserved tag is content, so not settable"."""
    mlflow.run("mlflow.genai.register_prompt('fixed', 'one')")
    piece = "client._get_registry_client().set_model_version_tag('fixed', '1', 'mlflow.prompt.text', 'two')"
    assert mlflow.code_of(piece) == "INVALID_PARAMETER_VALUE"
    assert mlflow.run("result = mlflow.genai.load_prompt('fixed', version=1).template") == "one"


def test_prompts_and_models_share_names_and_are_searched_apart(mlflow: MlflowProcess) -> None:
    """3.5: "PROMPTS HIDE"; 3.6: "Name already used by a prompt vs model -> RESOURCE_ALREADY_EXISTS"."""
    found = mlflow.run("""
        mlflow.genai.register_prompt("hidden", "text")
        client.create_registered_model("shown")
        def models(text=""):
            return {m.name for m in client.search_registered_models(text)}
        result = {
            "models": sorted(models() & {"hidden", "shown"}),
            "prompts": sorted(p.name for p in mlflow.genai.search_prompts() if p.name in ("hidden", "shown")),
            "versions": len(client.search_model_versions("name = 'hidden'")),
            "asked": [m.name for m in client.search_registered_models("tags.`mlflow.prompt.is_prompt` = 'true'")],
        }
        try:
            client.create_registered_model("hidden")
        except Exception as error:
            result["taken"] = error.error_code
    """)
    assert found["models"] == ["shown"]
    assert found["prompts"] == ["hidden"]
    assert found["versions"] == 0
    assert "hidden" in found["asked"]
    assert found["taken"] == "RESOURCE_ALREADY_EXISTS"
