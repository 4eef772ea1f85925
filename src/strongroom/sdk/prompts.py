"""Prompts on this side: made, pushed, and rendered without a further request.

>>> greet = Prompt("Say hello to {{ name }}.")
>>> greet.render(name="Ada").text
'Say hello to Ada.'
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from strongroom.sdk.errors import BadVariable, Invalid, TooLarge

FORMAT = 1
RENDERED_MOST = 4 << 20
TYPES = ("string", "number", "boolean", "list", "json")
_PLACEHOLDER = re.compile(r"(\\?)\{\{(?:[ \t]*([A-Za-z_][A-Za-z0-9_]{0,63})[ \t]*\}\})?")
_LARGEST = 2**53 - 1

Turn = tuple[str, Any] | Mapping[str, Any]
"""A message: (role, content), or as the manifest writes it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt with its values: `messages` as chat interfaces take them, or one `text`."""

    messages: list[dict[str, Any]]
    text: str | None
    model: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt.

    :param messages: one template, or turns: ``("system", "You are {{ tone }}.")``.
    :param variables: what it takes: name -> type (string, number, boolean, list, json), or as the manifest writes it.
        Those that are not said are strings.
    :param model: name of a model, or as the manifest writes it. :param settings: temperature and the like.
    """

    messages: str | Sequence[Turn]
    variables: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    model: str | Mapping[str, Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""

    def manifest(self) -> dict[str, Any]:
        """What goes into strongroom.json."""
        body: dict[str, Any] = {"manifest": FORMAT, "kind": "prompt"}
        if isinstance(self.messages, str):
            body["template"] = self.messages
        else:
            body["messages"] = [_turn(turn) for turn in self.messages]
        if variables := self.declared():
            body["variables"] = variables
        if self.model is not None:
            body["model"] = {"name": self.model} if isinstance(self.model, str) else dict(self.model)
        if self.settings:
            body["settings"] = dict(self.settings)
        if self.description:
            body["description"] = self.description
        return body

    @classmethod
    def of_manifest(cls, body: Mapping[str, Any]) -> Self:
        """The prompt that a manifest says. :raises Invalid: it is another kind's."""
        if body.get("kind") != "prompt":
            raise Invalid(f"That is the manifest of a {body.get('kind')}, not of a prompt.")
        messages = body.get("messages", body.get("template", ""))
        more = {name: body[name] for name in ("variables", "model", "settings", "description") if name in body}
        return cls(messages, **more)

    def declared(self) -> dict[str, dict[str, Any]]:
        """Its variables: those that are said, and those that its templates ask for, as strings."""
        said = {
            name: {"type": one} if isinstance(one, str) else dict(one) for name, one in dict(self.variables).items()
        }
        asked = {match[2] for text in self._templates() for match in _PLACEHOLDER.finditer(text) if match[2]}
        return said | {name: {"type": "string"} for name in sorted(asked - said.keys())}

    def _templates(self) -> Iterator[str]:
        if isinstance(self.messages, str):
            yield self.messages
            return
        for turn in map(_turn, self.messages):
            content = turn["content"]
            yield from [content] if isinstance(content, str) else [part["text"] for part in content if "text" in part]

    def render(self, **values: object) -> Rendered:
        """Put values into it, as the server does.

        :raises BadVariable: one is missing, unknown or of another type; `details["variable"]` names it.
        """
        filler = _Filler(_texts(self.declared(), values))
        model = self.model if isinstance(self.model, str) or self.model is None else self.model.get("name")
        if isinstance(self.messages, str):
            return Rendered([], filler.fill(self.messages), model, dict(self.settings))
        turns = [_turn(turn) for turn in self.messages]
        messages = [{"role": turn["role"], "content": filler.content(turn["content"])} for turn in turns]
        return Rendered(messages, None, model, dict(self.settings))


def _turn(turn: Turn) -> dict[str, Any]:
    return dict(turn) if isinstance(turn, Mapping) else {"role": turn[0], "content": turn[1]}


def _texts(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, object]) -> dict[str, str]:
    for name in given:
        if name not in declared:
            raise _wrong(name, f"The prompt has no variable {name!r}.")
    texts = {}
    for name, says in declared.items():
        value = given.get(name, says.get("default"))
        if name not in given and value is None:
            raise _wrong(name, f"The variable {name!r} is missing.")
        if not _fits(says["type"], value):
            raise _wrong(name, f"The variable {name!r} must be a {says['type']}.")
        texts[name] = _as_text(value)
    return texts


def _wrong(name: str, message: str) -> BadVariable:
    return BadVariable(message, details={"variable": name})


def _fits(type_: str, value: object) -> bool:
    match type_:
        case "string":
            return isinstance(value, str) and _storable(value)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and _storable(value)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            plain = isinstance(value, list) and all(isinstance(one, str | int | float) for one in value)
            return plain and _storable(value)
    return value is not None and _storable(value)


def _storable(value: object) -> bool:
    """Whether the server would take it: finite, whole numbers exact everywhere, no NUL or lone surrogate."""
    match value:
        case bool() | None:
            return True
        case int():
            return abs(value) <= _LARGEST
        case float():
            return abs(value) < float("inf")
        case str():
            return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
        case list():
            return all(map(_storable, value))
        case dict():
            return all(isinstance(key, str) and _storable(key) and _storable(one) for key, one in value.items())
    return False


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return "\n".join(map(_as_text, value))
    return json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class _Filler:
    texts: Mapping[str, str]
    written: int = 0

    def content(self, content: Any) -> Any:  # noqa: ANN401 - a text or a list of parts
        if isinstance(content, str):
            return self.fill(content)
        return [{**part, "text": self.fill(part["text"])} if "text" in part else dict(part) for part in content]

    def fill(self, template: str) -> str:
        return _PLACEHOLDER.sub(self._value, self._counted(template))

    def _value(self, match: re.Match[str]) -> str:
        if match[2] is None and not match[1]:
            raise Invalid("Two braces begin no '{{ name }}'; write '\\{{' for two braces as they are.")
        return match[0][1:] if match[1] else self._counted(self.texts[match[2]])

    def _counted(self, text: str) -> str:
        self.written += len(text)
        if self.written > RENDERED_MOST:
            raise TooLarge(f"A rendered prompt has at most {RENDERED_MOST} characters.")
        return text
