"""Webhooks that were made through a dialect: its words choose, its messages are sent, its maker's secret signs."""

import base64
import hmac
import json
from typing import Any

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import webhook as table
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.adapters.webhooks.secrets import DerivedSecrets
from strongroom.application.events import webhooks
from strongroom.application.events.views import WebhookView
from strongroom.application.events.webhooks import CreateWebhook, UpdateWebhook
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, tags
from strongroom.application.registry.assets import CreateAsset
from strongroom.dialects.mlflow.translate.webhooks import MLFLOW, types_of
from strongroom.domain.errors import BadName, Corrupted, Invalid, TooLarge
from tests.application.conftest import World
from tests.application.events.conftest import Post
from tests.support.receiver import Received, Receiver

TAGS = ("prompt_tag.set", "prompt_tag.deleted")


def hook(post: Post, receiver: Receiver, *words: str, secret: str = "chosen") -> WebhookView:
    wanted = CreateWebhook(
        receiver.url, types_of(words), name="hook", spelling=MLFLOW, words=words, secret=secret, state="active"
    )
    return post.world.command("admin", lambda call: webhooks.create(call, post.secrets, wanted)).webhook


def make(world: World, kind: str, name: str, **tagged: str) -> str:
    wanted = CreateAsset(kind, name, tags=tagged)
    return world.command("admin", lambda call: assets.create(call, wanted)).uid


def signed_by(received: Received, secret: str) -> bool:
    """MLflow's scheme, written from its notes: v1,base64(hmac_sha256(secret, id.timestamp.body))."""
    headers = received.headers
    signed = f"{headers['x-mlflow-delivery-id']}.{headers['x-mlflow-timestamp']}.".encode() + received.body
    expected = "v1," + base64.b64encode(hmac.new(secret.encode(), signed, "sha256").digest()).decode()
    return hmac.compare_digest(expected, headers.get("x-mlflow-signature", ""))


def said(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{one.event['entity']}.{one.event['action']}", one.event["data"]) for one in receiver.got]


def test_its_words_choose_and_its_maker_s_secret_signs(post: Post, receiver: Receiver) -> None:
    """ "a client-given secret must work"."""
    hook(post, receiver, "registered_model.created")
    make(post.world, "model", "churn", team="risk")
    make(post.world, "dataset", "rows")
    make(post.world, "prompt", "greeting")
    post.deliver()
    data = {"name": "churn", "tags": {"team": "risk"}, "description": None}
    assert said(receiver) == [("registered_model.created", data)]
    (received,) = receiver.got
    assert signed_by(received, "chosen")
    assert not signed_by(received, "other")
    assert received.headers["content-type"] == "application/json; charset=utf-8"
    assert received.event["workspace"] == "default"


def test_a_model_in_a_namespace_is_not_mlflow_s(post: Post, receiver: Receiver) -> None:
    hook(post, receiver, "registered_model.created")
    wanted = CreateAsset("model", "churn", "risk")
    post.world.command("admin", lambda call: assets.create(call, wanted))
    post.deliver()
    assert receiver.tried == []


def test_several_tags_of_one_command_are_a_message_each_with_the_values_of_then(post: Post, receiver: Receiver) -> None:
    hook(post, receiver, *TAGS)
    uid = make(post.world, "prompt", "greeting")
    post.world.command("admin", lambda call: tags.set_tags(call, "asset", uid, {"a": "1", "b": None}))
    post.world.clock.advance(5)
    post.world.command("admin", lambda call: tags.set_tags(call, "asset", uid, {"a": "2"}))
    post.world.clock.advance(5)
    post.world.command("admin", lambda call: tags.remove_tags(call, "asset", uid, ["a"]))
    post.deliver()
    name = {"name": "greeting"}
    assert said(receiver) == [
        ("prompt_tag.set", name | {"key": "a", "value": "1"}),
        ("prompt_tag.set", name | {"key": "b", "value": ""}),
        ("prompt_tag.set", name | {"key": "a", "value": "2"}),
        ("prompt_tag.deleted", name | {"key": "a"}),
    ]
    ids = [one.headers["x-mlflow-delivery-id"] for one in receiver.got]
    assert len(set(ids)) == 4
    assert ids[1] == f"{ids[0]}-2"


def test_it_is_sent_again_whole_under_the_same_ids_until_all_of_it_arrived(post: Post, receiver: Receiver) -> None:
    """ "under the same SSRF-proof sender, retries and dead letters"."""
    hook(post, receiver, *TAGS)
    uid = make(post.world, "prompt", "greeting")
    post.world.command("admin", lambda call: tags.set_tags(call, "asset", uid, {"a": "1", "b": "2"}))
    receiver.answer = lambda received: 503 if received.event["data"]["key"] == "b" else 200
    post.deliver()
    assert len(receiver.got) == 1
    receiver.answer = None
    post.world.clock.advance(3600 * 1_000_000)
    post.deliver()
    assert [one.event["data"]["key"] for one in receiver.got] == ["a", "a", "b"]
    assert receiver.got[0].headers["x-mlflow-delivery-id"] == receiver.got[1].headers["x-mlflow-delivery-id"]


def test_what_there_is_no_word_for_any_more_is_a_dead_letter_at_once(post: Post, receiver: Receiver) -> None:
    """Of an asset that was purged nothing is said any more, not even what waited to be sent."""
    view = hook(post, receiver, *TAGS)
    uid = make(post.world, "prompt", "greeting")
    post.world.command("admin", lambda call: tags.set_tags(call, "asset", uid, {"a": "1"}))
    post.world.command("admin", lambda call: assets.delete(call, uid, release_aliases=True, etag=None))
    post.world.command("admin", lambda call: assets.purge(call, uid, "of a test"))
    post.deliver()
    assert receiver.tried == []
    page = post.world.read("admin", lambda call: webhooks.deliveries(call, view.uid, "dead", PageRequest()))
    assert [one.attempts[0].outcome for one in page.items] == ["nothing_to_say"]


def test_a_secret_is_kept_sealed_and_can_be_changed_ended_and_replaced_by_ours(post: Post, receiver: Receiver) -> None:
    """ "kept sealed": neither the row nor any record holds it."""
    view = hook(post, receiver, "registered_model.created", secret="my-own-secret")

    def row(tx: Transaction) -> str:
        assert isinstance(tx, SqlTransaction)
        return str(tx.connection.execute(select(table).where(table.c.uid == view.uid)).one())

    assert "my-own-secret" not in post.world.read_tx(row)
    assert view.signing == "given"

    def change(secret: str) -> None:
        changes = UpdateWebhook(secret=secret)
        post.world.command("admin", lambda call: webhooks.update(call, view.uid, changes, None, post.secrets))

    def last(name: str) -> Received:
        make(post.world, "model", name)
        post.deliver()
        return receiver.got[-1]

    change("another")
    assert signed_by(last("a"), "another")
    change("")
    assert "x-mlflow-signature" not in last("b").headers
    new = post.world.command("admin", lambda call: webhooks.rotate(call, post.secrets, view.uid))
    assert new.webhook.signing == "derived"
    assert signed_by(last("c"), new.secret)


def test_a_sealed_secret_opens_for_its_webhook_and_key_only() -> None:
    secrets = DerivedSecrets(b"k" * 32)
    sealed = secrets.seal("one", "text")
    assert secrets.unseal("one", sealed) == "text"
    assert secrets.seal("one", "text") != sealed
    for other, uid in ((secrets, "two"), (DerivedSecrets(b"j" * 32), "one")):
        with pytest.raises(Corrupted):
            other.unseal(uid, sealed)


def test_a_new_key_of_the_server_forgets_sealed_secrets_and_pauses(post: Post, receiver: Receiver) -> None:
    view = hook(post, receiver, "registered_model.created")
    post.world.command_tx(lambda tx: tx.webhooks.pause_all())
    found = post.world.read("admin", lambda call: webhooks.get(call, view.uid))
    assert (found.state, found.signing) == ("paused", "derived")


def test_its_types_are_changed_in_its_own_words_only(post: Post, receiver: Receiver) -> None:
    view = hook(post, receiver, "registered_model.created")
    with pytest.raises(Invalid):
        post.world.command("admin", lambda call: webhooks.update(call, view.uid, UpdateWebhook(types=["a.b"]), None))


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"name": "a\nb"}, BadName),
        ({"secret": "x" * 1_001}, Invalid),
        ({"secret": "a\0b"}, Invalid),
        ({"state": "x"}, Invalid),
    ],
)
def test_names_secrets_and_states_are_bounded(post: Post, more: dict[str, str], error: type[Exception]) -> None:
    wanted = CreateWebhook("https://example.com/", spelling=MLFLOW, words=("prompt.created",), **more)
    with pytest.raises((error, TooLarge)):
        post.world.command("admin", lambda call: webhooks.create(call, post.secrets, wanted))


def test_the_body_is_json_on_one_line(post: Post, receiver: Receiver) -> None:
    hook(post, receiver, "registered_model.created")
    make(post.world, "model", "churn", note="two\nlines \u00e9")
    post.deliver()
    assert b"\n" not in receiver.got[0].body
    assert json.loads(receiver.got[0].body)["data"]["tags"] == {"note": "two\nlines \u00e9"}
