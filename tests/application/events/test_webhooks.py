"""Webhooks: who may, what is shown, what is recorded, rotation, and the test message."""

import asyncio
import base64
import hmac
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.events import webhooks
from strongroom.application.events.delivery import OLD_SECRET_US
from strongroom.application.events.webhooks import CreateWebhook, UpdateWebhook
from strongroom.application.paging import PageRequest
from strongroom.application.ports.events import Outgoing
from strongroom.domain.audit.record import parse
from strongroom.domain.errors import Forbidden, Invalid, NotFound, PreconditionFailed, TooLarge
from tests.application.events.conftest import Post, make
from tests.support.receiver import Received, Receiver

T = TypeVar("T")


def verified(received: Received, secret: str) -> bool:
    """Standard Webhooks as a receiver checks it, written from its specification."""
    headers = received.headers
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(expected, one) for one in headers["webhook-signature"].split(" "))


class FinishingEdge:
    def __init__(self, post: Post, who: str) -> None:
        self._world, self._who = post.world, who
        self.gateway = SimpleNamespace(outgoing=Outgoing(post.secrets, post.sender))

    async def finish(self, work: Callable[[Call], T]) -> T:
        return await asyncio.to_thread(self._world.command, self._who, work)

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:  # noqa: ARG002 - see `Edge`
        return await asyncio.to_thread(self._world.read, self._who, work)


def create(post: Post, who: str = "admin", url: str = "https://example.com/h?t=s", **more: str) -> str:
    wanted = CreateWebhook(url, ("asset.*",), **more)
    return post.world.command(who, lambda call: webhooks.create(call, post.secrets, wanted)).webhook.uid


def test_a_message_is_signed_and_no_other_secret_fits(post: Post, receiver: Receiver) -> None:
    made, other = post.hook(receiver, "asset.create"), post.hook(receiver, "nothing.else")
    make(post.world, "churn")
    post.deliver()
    (received,) = receiver.got
    assert verified(received, made.secret)
    assert not verified(received, other.secret)
    assert not verified(Received(received.headers, received.body + b" "), made.secret)


def test_the_package_of_standard_webhooks_verifies_what_arrives(post: Post, receiver: Receiver) -> None:
    """ "CloudEvents by webhooks signed as Standard Webhooks": by their own library, with the secret as it was shown."""
    made, other = post.hook(receiver, "asset.create"), post.hook(receiver, "nothing.else")
    asset = make(post.world, "churn")
    post.deliver()
    (received,) = receiver.got
    assert StandardWebhook(made.secret).verify(received.body, received.headers)["subject"] == f"asset/{asset.uid}"
    for secret, body in ((other.secret, received.body), (made.secret, received.body + b" ")):
        with pytest.raises(WebhookVerificationError):
            StandardWebhook(secret).verify(body, received.headers)


def test_a_replaced_secret_signs_beside_the_new_one_for_a_day(post: Post, receiver: Receiver) -> None:
    old = post.hook(receiver, "asset.create")
    uid = old.webhook.uid
    new = post.world.command("admin", lambda call: webhooks.rotate(call, post.secrets, uid))
    assert new.secret != old.secret
    make(post.world, "one")
    post.deliver()
    assert verified(receiver.got[-1], old.secret)
    assert verified(receiver.got[-1], new.secret)
    post.world.clock.advance(OLD_SECRET_US)
    make(post.world, "two")
    post.deliver()
    assert len(receiver.got[-1].headers["webhook-signature"].split(" ")) == 1


@pytest.mark.parametrize("who", ["maintainer", "contributor", "viewer", "stranger"])
def test_only_an_admin_makes_and_changes_webhooks(post: Post, who: str) -> None:
    uid = create(post)
    works: list[Callable[[Call], object]] = [
        lambda call: webhooks.create(call, post.secrets, CreateWebhook("https://example.com/")),
        lambda call: webhooks.update(call, uid, UpdateWebhook(state="paused"), None),
        lambda call: webhooks.rotate(call, post.secrets, uid),
        lambda call: webhooks.redeliver(call, uid, 0),
        lambda call: webhooks.delete(call, uid, None),
    ]
    for work in works:
        with pytest.raises(Forbidden):
            post.world.command(who, work)


def test_a_maintainer_reads_webhooks_without_the_secret_part_of_the_address(post: Post) -> None:
    uid = create(post)
    assert post.world.read("admin", lambda call: webhooks.get(call, uid)).url == "https://example.com/h?t=s"
    shown = post.world.read("maintainer", lambda call: webhooks.get(call, uid))
    assert shown.url == "https://example.com/…"
    listed = post.world.read("maintainer", lambda call: webhooks.listed(call, PageRequest()))
    assert [one.url for one in listed.items] == ["https://example.com/…"]
    with pytest.raises(Forbidden):
        post.world.read("viewer", lambda call: webhooks.listed(call, PageRequest()))


def test_acts_are_recorded_without_address_or_secret(post: Post) -> None:
    made = post.hook(SimpleNamespace(url="https://example.com/very-secret"))  # type: ignore[arg-type]
    uid = made.webhook.uid
    post.world.command("admin", lambda call: webhooks.update(call, uid, UpdateWebhook(state="paused"), 1))
    post.world.command("admin", lambda call: webhooks.rotate(call, post.secrets, uid))
    post.world.command("admin", lambda call: webhooks.delete(call, uid, None))
    stored = post.world.read_tx(
        lambda tx: tx.audit.list(
            None, actor=None, action=None, subject_uid=uid, since=None, until=None, after=None, limit=100
        )
    )
    actions = [parse(one.body).action for one in reversed(stored)]
    assert actions == ["webhook.create", "webhook.update", "webhook.rotate", "webhook.delete"]
    text = b"".join(one.body for one in stored)
    assert b"secret" not in text
    assert b"whsec" not in text
    assert b"example.com" not in text


def test_changes_compare_and_check(post: Post) -> None:
    uid = create(post)
    with pytest.raises(PreconditionFailed):
        post.world.command("admin", lambda call: webhooks.update(call, uid, UpdateWebhook(description="x"), 7))
    for bad in (UpdateWebhook(state="deleted"), UpdateWebhook(url="ftp://x/"), UpdateWebhook(types=["*"])):
        with pytest.raises(Invalid):
            post.world.command("admin", lambda call, bad=bad: webhooks.update(call, uid, bad, None))  # type: ignore[misc]
    view = post.world.command("admin", lambda call: webhooks.update(call, uid, UpdateWebhook(types=["run.end"]), 1))
    assert (view.types, view.etag) == (("run.end",), 2)
    post.world.command("admin", lambda call: webhooks.delete(call, uid, 2))
    with pytest.raises(NotFound):
        post.world.read("admin", lambda call: webhooks.get(call, uid))


def test_a_workspace_has_a_bounded_number(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WEBHOOKS_MOST", 2)
    create(post)
    with pytest.raises(Invalid):
        create(post, namespace="risk", asset_uid=make(post.world, "x").uid)
    create(post)
    with pytest.raises(TooLarge):
        create(post)


def test_the_test_message_says_how_it_fared_and_no_more(post: Post, receiver: Receiver) -> None:
    made = post.hook(receiver)
    edge = cast("Edge", FinishingEdge(post, "admin"))
    tried = asyncio.run(webhooks.send_test(edge, made.webhook.uid))
    assert (tried.outcome, tried.status) == ("delivered", 204)
    (received,) = receiver.got
    assert verified(received, made.secret)
    assert received.event["type"] == "dev.strongroom.webhook.test"
    receiver.status = 500
    assert asyncio.run(webhooks.send_test(edge, made.webhook.uid)).status == 500
    for who in ("maintainer", "viewer"):
        with pytest.raises(Forbidden):
            asyncio.run(webhooks.send_test(cast("Edge", FinishingEdge(post, who)), made.webhook.uid))


def test_a_webhook_of_another_workspace_is_not_found(post: Post) -> None:
    uid = create(post)
    post.world.command_tx(lambda tx: tx.workspaces.add("other", ""))
    with pytest.raises(NotFound):
        post.world.read("root", lambda call: webhooks.get(call, uid), "other")
