"""A good manifest of every kind, and how tests write them."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from strongroom.domain.manifests.manifest import Manifest, parse

Json: TypeAlias = Any

UID = "0190a000-0000-7000-8000-00000000000{}"


def member(digit: str = "a", uid: int | None = 1) -> dict[str, Any]:
    where = {"version": UID.format(uid)} if uid is not None else {"uri": "https://example.com/x"}
    return {**where, "digest": "sha256:" + digit * 64}


PROMPT = {
    "messages": [
        {"role": "system", "content": 'You are {{ tone }}.\nAnswer in JSON such as {"a": 1}.'},
        {"role": "user", "content": [{"type": "text", "text": "{{question}}"}, {"type": "image", "path": "a.png"}]},
    ],
    "variables": {
        "tone": {"type": "string", "default": "kind"},
        "question": {"type": "string", "description": "what is asked"},
    },
    "model": {"name": "some-model", "provider": "somebody"},
    "settings": {"temperature": 0.2, "max_tokens": 100, "stop": ["END"], "anything": {"else": [1, None]}},
}
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "prompt": PROMPT,
    "index": {"encoder": member("e"), "dimension": 384, "metric": "cosine", "source": member("d", None)},
    "agent": {
        "model": member("m".replace("m", "1")),
        "prompt": member("2"),
        "tools": {"search": {"schema": {"type": "object", "properties": {"q": {"type": "string"}}}}},
        "mcp_servers": {"files": {"uri": "https://mcp.example", "tools": {"read": {"digest": "sha256:" + "3" * 64}}}},
        "skills": {"refund": member("4", None)},
        "memory": member("5"),
    },
    "memory": {
        "tombstones": [
            {
                "id": "ada/1",
                "digest": "sha256:" + "6" * 64,
                "by": "somebody",
                "at": "2026-01-01T00:00:00Z",
                "reason": "x",
            }
        ],
    },
    "pipeline": {
        "steps": {
            "clean": {"component": member("7")},
            "train": {"component": member("8"), "after": ["clean"], "uses": {"data": member("9")}},
        },
        "parameters": {"epochs": 3},
    },
    "bundle": {"members": {"model": member("a"), "data": member("b", 2), "licence": member("c", None)}},
    "model": {"adapter": {"base": member("b"), "method": "lora", "settings": {"rank": 8}}},
    "dataset": {"splits": {"train": ["data/train", "extra.csv"]}, "columns": [{"name": "x", "type": "float"}]},
}


def document(kind: str, /, **changes: Any) -> dict[str, Any]:
    """The example of a kind as a document, with fields changed; those that are `...` are left out."""
    body = {"manifest": 1, "kind": kind, **EXAMPLES[kind], **changes}
    return {key: value for key, value in body.items() if value is not ...}


def read(body: object, kind: str | None = None) -> Manifest:
    return parse(json.dumps(body).encode(), kind)
