"""An event as CloudEvents 1.0 says it in JSON (https://github.com/cloudevents/spec, structured mode)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from strongroom.domain.events.types import PREFIX

MEDIA_TYPE: Final = "application/cloudevents+json"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def cloud_event(
    *,
    uid: str,
    workspace: str,
    action: str,
    subject: str,
    recorded_at: int,
    leaf: int | None,
    data: Mapping[str, object],
) -> dict[str, object]:
    """The event's JSON.

    `sequence` is the extension of that name: the position in the feed, as text that sorts as it counts, because
    integers of CloudEvents have 32 bits. An event outside the feed (a test) has none.
    """
    time = (_EPOCH + timedelta(microseconds=recorded_at)).isoformat(timespec="microseconds")
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": uid,
        "source": f"urn:strongroom:workspace:{workspace}",
        "type": PREFIX + action,
        "subject": subject,
        "time": time.replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
    if leaf is not None:
        event["sequence"] = f"{leaf:016d}"
    return event


def encode(event: Mapping[str, object]) -> bytes:
    """The event as it is sent and signed, on one line."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
