"""Prompts: MLflow keeps them in tags of a version; here they are files of its tree, with a manifest."""

import json
import re
from collections.abc import Mapping
from typing import Any

from strongroom.dialects.mlflow.translate.registry import IS_PROMPT
from strongroom.dialects.mlflow.wire.codec import missing
from strongroom.dialects.mlflow.wire.experiments import Tag
from strongroom.dialects.mlflow.wire.registry import ModelVersion
from strongroom.domain.errors import Invalid
from strongroom.domain.manifests.manifest import PATH as MANIFEST
from strongroom.domain.manifests.manifest import parse
from strongroom.domain.manifests.prompt import PLACEHOLDER

TEXT, TYPE = "mlflow.prompt.text", "_mlflow_prompt_type"
CONTENT = "prompt.txt"
"""The file of the text as it was sent; of a chat its messages as JSON."""
TEXT_LARGEST = 400_000
"""Bytes of a prompt: MLflow takes 100,000 characters."""
FILE_LARGEST = 1 << 20
CONTENT_TAGS = frozenset({IS_PROMPT, TEXT})
"""Tags of a prompt's version that are content here: they are read from its tree, and cannot be set."""
PLACEHOLDERS = frozenset({"dummy-source", "prompt-template"})
"""What clients send as the source of a prompt, which has none."""


def is_prompt(tags: Mapping[str, str | None]) -> bool:
    """Whether tags say that it is a prompt."""
    return (tags.get(IS_PROMPT) or "").lower() == "true"


def refuse_content(key: str) -> None:
    """:raises Invalid: the tag is content of a version."""
    if key in CONTENT_TAGS:
        raise Invalid(f"The tag '{key}' is the content of a prompt; register a new version to change it.")


def files_of(tags: Mapping[str, str], source: str) -> dict[str, bytes]:
    """The files of a prompt version.

    :raises Invalid: there is no text, or too much of it; a source, which a prompt does not have.
    """
    if source not in PLACEHOLDERS:
        raise Invalid(f"Invalid prompt source: '{source[:200]}'. A prompt has no source of its own.")
    text = tags.get(TEXT)
    if text is None:
        raise missing(f"tags[{TEXT}]")
    raw = text.encode()
    if len(raw) > TEXT_LARGEST:
        raise Invalid(f"A prompt has at most {TEXT_LARGEST} bytes.", limit=TEXT_LARGEST)
    manifest = _manifest(text, chat=tags.get(TYPE) == "chat")
    return {CONTENT: raw} | ({MANIFEST: manifest} if manifest is not None else {})


def _manifest(text: str, *, chat: bool) -> bytes | None:
    """What the prompt is in the registry's own form; None of one that this form cannot say."""
    names: dict[str, object] = {}
    document: dict[str, object] = {"manifest": 1, "kind": "prompt"}
    try:
        if chat:
            document["messages"] = [_message(one, names) for one in json.loads(text)]
        else:
            document["template"] = _template(text, names)
        if names:
            document["variables"] = names
        raw = json.dumps(document, ensure_ascii=False).encode()
        parse(raw, "prompt")
    except (Invalid, ValueError, TypeError, KeyError, RecursionError):
        return None
    return raw


def _message(message: Any, names: dict[str, object]) -> dict[str, object]:  # noqa: ANN401 - JSON from outside
    content = message["content"]
    if not isinstance(content, str) or set(message) - {"role", "content"}:
        raise ValueError("more than a role and a text")
    return {"role": message["role"], "content": _template(content, names)}


def _template(text: str, names: dict[str, object]) -> str:
    """The text with braces that are no placeholder escaped; its placeholders are noted."""

    def one(found: re.Match[str]) -> str:
        if found[1]:
            raise ValueError("a backslash before braces would be read otherwise")
        if not found[2]:
            return "\\" + found[0]
        names[found[2]] = {"type": "string"}
        return found[0]

    return PLACEHOLDER.sub(one, text)


def text_of(path: str, raw: bytes) -> str:
    """The text of a prompt out of its file, or out of its manifest."""
    text = raw.decode(errors="replace")
    if path == CONTENT:
        return text
    document = json.loads(text)
    return str(document.get("template") or json.dumps(document.get("messages", [])))


def with_text(version: ModelVersion, text: str | None) -> ModelVersion:
    """A version with what it is and its text, if it could be read, among its tags, where MLflow looks for them."""
    version.tags = [*version.tags, Tag(key=IS_PROMPT, value="true")]
    if text is not None:
        version.tags.append(Tag(key=TEXT, value=text))
    return version
