"""Webhooks, and the proof that the audit log only grew."""

from collections.abc import Mapping

from tests.support.api_world import NOWHERE
from tests.support.plausible import Request, said

REQUESTS: Mapping[str, Request] = {
    **said("webhook.create", {"url": NOWHERE, "types": ["asset.*"], "description": "d"}),
    **said("webhook.update", {"description": "d"}),
    **said("webhook.redeliver", position=lambda world: world.delivery["position"]),
    **said("audit.consistency", query={"old_size": 1}),
}
