"""Webhooks by MLflow's own client, received by a real server, verified by MLflow's own signature code."""

from collections.abc import Iterator

import pytest

from tests.dialects.mlflow.client import Decoded, MlflowProcess, client_of
from tests.http.processes import ServerProcess, new_token
from tests.support.process import wait_until
from tests.support.receiver import Received, Receiver


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that may send to loopback."""
    folder = tmp_path_factory.mktemp("server")
    started = ServerProcess(folder / "data", folder / "log", "--webhook-network", "127.0.0.0/8")
    try:
        yield started.wait()
    finally:
        started.close()


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    """A token of an admin: webhooks are theirs."""
    return new_token(server.data)


@pytest.fixture(scope="module")
def mlflow(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """A client of theirs."""
    with client_of(server.url, token, tmp_path_factory.mktemp("client")) as child:
        yield child


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def arrived(receiver: Receiver, count: int) -> list[tuple[str, Decoded]]:
    """What arrived, once there are so many; by event."""
    wait_until(lambda: len(receiver.got) >= count)
    return [(f"{one.event['entity']}.{one.event['action']}", one.event["data"]) for one in receiver.got]


def verified(mlflow: MlflowProcess, received: Received, secret: str) -> bool:
    """By the function with which MLflow signs."""
    headers = received.headers
    found = mlflow.run(f"""
        from mlflow.webhooks.constants import (
            WEBHOOK_DELIVERY_ID_HEADER, WEBHOOK_SIGNATURE_HEADER, WEBHOOK_TIMESTAMP_HEADER)
        from mlflow.webhooks.delivery import _generate_hmac_signature
        headers = {headers!r}
        made = _generate_hmac_signature({secret!r}, headers[WEBHOOK_DELIVERY_ID_HEADER.lower()],
                                        headers[WEBHOOK_TIMESTAMP_HEADER.lower()], {received.body.decode()!r})
        result = made == headers[WEBHOOK_SIGNATURE_HEADER.lower()]
    """)
    return bool(found)


def test_every_event_of_the_registry_arrives_in_mlflow_s_words_and_signed(
    mlflow: MlflowProcess, receiver: Receiver
) -> None:
    """ "webhooks (with MLflow's own signature headers)"."""
    mlflow.run(f"""
        from mlflow.webhooks import types
        every = [".".join(map(str, key)) for key in types.EVENT_TO_PAYLOAD_CLASS]
        hook = client.create_webhook("all.events", {receiver.url!r}, every, description="d", secret="s3cret")
        client.create_registered_model("hooked", tags={{"team": "risk"}}, description="about")
        with mlflow.start_run() as run:
            mlflow.log_text("w", "model/w.bin")
        source = f"runs:/{{run.info.run_id}}/model"
        client.create_model_version("hooked", source, run.info.run_id, tags={{"k": "v"}}, description="first")
        client.set_model_version_tag("hooked", "1", "checked", "yes")
        client.delete_model_version_tag("hooked", "1", "checked")
        client.set_registered_model_alias("hooked", "champion", "1")
        client.delete_registered_model_alias("hooked", "champion")
    """)
    name = {"name": "hooked"}
    run_id = mlflow.run("result = run.info.run_id")
    assert arrived(receiver, 6) == [
        ("registered_model.created", name | {"tags": {"team": "risk"}, "description": "about"}),
        (
            "model_version.created",
            name
            | {"version": "1", "source": f"runs:/{run_id}/model", "run_id": run_id}
            | {"tags": {"k": "v"}, "description": "first"},
        ),
        ("model_version_tag.set", name | {"version": "1", "key": "checked", "value": "yes"}),
        ("model_version_tag.deleted", name | {"version": "1", "key": "checked"}),
        ("model_version_alias.created", name | {"alias": "champion", "version": "1"}),
        ("model_version_alias.deleted", name | {"alias": "champion"}),
    ]
    assert all(verified(mlflow, one, "s3cret") for one in receiver.got)
    assert not verified(mlflow, receiver.got[0], "another")
    receiver.got.clear()
    mlflow.run("""
        mlflow.genai.register_prompt("hooked-prompt", "Hello {{name}}!", commit_message="one", tags={"t": "x"})
        mlflow.genai.set_prompt_alias("hooked-prompt", "live", version=1)
        client.set_prompt_tag("hooked-prompt", "owner", "ann")
        client.delete_prompt_tag("hooked-prompt", "owner")
        client.set_prompt_version_tag("hooked-prompt", "1", "checked", "yes")
        client.delete_prompt_version_tag("hooked-prompt", "1", "checked")
        mlflow.genai.delete_prompt_alias("hooked-prompt", "live")
    """)
    wait_until(lambda: "prompt_alias.deleted" in dict(arrived(receiver, 0)))
    found = dict(arrived(receiver, 8))
    tagged = {f"prompt{what}_tag.{action}" for what in ("", "_version") for action in ("set", "deleted")}
    pointed = {"prompt_alias.created", "prompt_alias.deleted"}
    assert set(found) == {"prompt.created", "prompt_version.created"} | tagged | pointed
    mlflow.run("client.delete_webhook(hook.webhook_id)")
    assert found["prompt.created"]["name"] == "hooked-prompt"
    said = found["prompt_version.created"]
    assert (said["version"], said["template"], said["tags"], said["description"]) == (
        "1",
        "Hello {{name}}!",
        {"t": "x"},
        "one",
    )


def test_payloads_have_the_fields_of_mlflow_s_types(mlflow: MlflowProcess, receiver: Receiver) -> None:
    """The test endpoint sends an example of each event; its fields are those of MLflow's own typed payloads."""
    mlflow.run(f"""
        from mlflow.entities.webhook import WebhookEvent
        hook = client.create_webhook("typed", {receiver.url!r}, ["registered_model.created"])
        fields = {{}}
        for entity, action in types.EVENT_TO_PAYLOAD_CLASS:
            event = WebhookEvent(entity, action)
            assert client.test_webhook(hook.webhook_id, event).success
            fields[str(event)] = sorted(types.get_payload_class_for_event(event).__annotations__)
        client.delete_webhook(hook.webhook_id)
    """)
    fields = mlflow.run("result = fields")
    assert len(fields) == 15
    assert {word: sorted(data) for word, data in arrived(receiver, 15)} == fields
    assert all("x-mlflow-signature" not in one.headers for one in receiver.got)


def test_webhooks_are_made_listed_changed_tested_and_deleted(mlflow: MlflowProcess, receiver: Receiver) -> None:
    found = mlflow.run(f"""
        url = {receiver.url!r}
        made = client.create_webhook("first", url, ["prompt.created"], secret="a", status="DISABLED")
        other = client.create_webhook("second", url, ["model_version_alias.created", "model_version.created"])
        names = [hook.name for hook in client.list_webhooks(max_results=1)]
        page = client.list_webhooks(max_results=1)
        names += [hook.name for hook in client.list_webhooks(max_results=1, page_token=page.token)]
        got = client.get_webhook(made.webhook_id)
        changed = client.update_webhook(made.webhook_id, name="renamed", description="longer", status="ACTIVE",
                                        events=["prompt.created", "prompt_alias.created"])
        tested = client.test_webhook(made.webhook_id)
        client.delete_webhook(other.webhook_id)
        client.delete_webhook(made.webhook_id)
        try:
            client.get_webhook(made.webhook_id)
        except Exception as error:
            gone = error.error_code
        result = [names, [got.name, str(got.status), got.secret, list(map(str, got.events)), got.url == url],
                  [changed.name, changed.description, str(changed.status), list(map(str, changed.events))],
                  [tested.success, tested.response_status, tested.response_body, tested.error_message], gone,
                  made.creation_timestamp > 1e12, len(client.list_webhooks())]
    """)
    assert found == [
        ["first", "second"],
        ["first", "DISABLED", None, ["prompt.created"], True],
        ["renamed", "longer", "ACTIVE", ["prompt.created", "prompt_alias.created"]],
        [True, 204, None, None],
        "RESOURCE_DOES_NOT_EXIST",
        True,
        0,
    ]


def test_it_is_seen_natively_and_ours_are_not_shown_to_mlflow(
    mlflow: MlflowProcess, server: ServerProcess, token: str
) -> None:
    made = mlflow.run("""
        hook = client.create_webhook("seen", "https://example.com/h", ["model_version.created"], secret="hidden-one")
        result = hook.webhook_id
    """)
    with server.client(token) as native:
        seen = native.get(f"/webhooks/{made}").json()
        assert (seen["name"], seen["spelling"], seen["words"]) == ("seen", "mlflow", ["model_version.created"])
        assert (seen["types"], seen["signing"]) == (["version.register"], "given")
        assert "hidden-one" not in native.get("/audit/records").text
        ours = native.post("/webhooks", json={"url": "https://example.com/ours", "name": "ours"}).json()["webhook"][
            "uid"
        ]
    assert mlflow.code_of(f"client.get_webhook({ours!r})") == "RESOURCE_DOES_NOT_EXIST"
    assert mlflow.run("result = [hook.name for hook in client.list_webhooks()]") == ["seen"]


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data", "http://[::1]:8600/", "http://10.0.0.1/", "http://localhost:22/"]
)
def test_a_test_reaches_no_place_inside_and_tells_nothing_of_it(mlflow: MlflowProcess, url: str) -> None:
    """The sender is the SSRF-proof one, whatever the client asks to be tested."""
    found = mlflow.code_of(f"""
        hook = client.create_webhook("inside", {url!r}, ["prompt.created"])
        result = client.test_webhook(hook.webhook_id)
        client.delete_webhook(hook.webhook_id)
        assert not result.success and result.response_status is None and result.response_body is None, result
    """)
    assert found in {"no error", "INVALID_PARAMETER_VALUE"}


@pytest.mark.parametrize(
    "call",
    [
        "client.create_webhook('bad/name', 'https://example.com', ['prompt.created'])",
        "client.create_webhook('n', 'ftp://example.com', ['prompt.created'])",
        "client.create_webhook('n', 'https://user:pw@example.com', ['prompt.created'])",
        "client.list_webhooks(max_results=1001)",
        "client.list_webhooks(page_token='forged')",
    ],
)
def test_bad_input_is_a_bad_parameter(mlflow: MlflowProcess, call: str) -> None:
    assert mlflow.code_of(call) == "INVALID_PARAMETER_VALUE"


def test_only_admins_have_webhooks(server: ServerProcess) -> None:
    """ "permission errors as PERMISSION_DENIED"."""
    weaker = new_token(server.data, "bob", "contributor")
    with server.client(weaker) as client:
        body = {"name": "n", "url": "https://example.com", "events": [{"entity": "PROMPT", "action": "CREATED"}]}
        answer = client.post(f"{server.url}/api/2.0/mlflow/webhooks", json=body)
        assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
