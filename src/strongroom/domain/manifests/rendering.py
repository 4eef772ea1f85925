"""Rendering a prompt: values put into its templates as text. Nothing is executed, nothing is rendered twice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.errors import BadManifest, BadVariable, TooLarge
from strongroom.domain.manifests.document import Plain, checked
from strongroom.domain.manifests.prompt import PLACEHOLDER, Message, Part, Prompt, Variable, wrong_type

RENDERED_MOST: Final = 4 << 20
"""Characters of a rendered prompt."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt with its values: `messages` (content is a text, or parts), or one `text`."""

    text: str | None
    messages: tuple[Message, ...]
    settings: Mapping[str, Plain]
    model: str | None


def render(prompt: Prompt, values: Mapping[str, object]) -> Rendered:
    """Put values into a prompt.

    :raises BadVariable: one is missing, unknown or of another type; `details["variable"]` names it.
    :raises TooLarge: the result is above 4 Mi characters.
    """
    texts = {name: as_text(value) for name, value in _values(prompt.variables, values).items()}
    writing = _Writing(texts)
    text = writing.fill(prompt.template) if prompt.template is not None else None
    messages = tuple(
        Message(message.role, tuple(map(writing.part, message.parts)), message.plain) for message in prompt.messages
    )
    return Rendered(text, messages, prompt.settings, prompt.model.name if prompt.model else None)


def _values(variables: Mapping[str, Variable], given: Mapping[str, object]) -> Mapping[str, Plain]:
    for name in given:
        if name not in variables:
            raise BadVariable(f"The prompt has no variable {name[:64]!r}.", variable=name[:64])
    return {name: _value(variable, given) for name, variable in variables.items()}


def _value(variable: Variable, given: Mapping[str, object]) -> Plain:
    name = variable.name
    if name not in given:
        if variable.required:
            raise BadVariable(f"The variable {name!r} is missing.", variable=name)
        return variable.default
    try:
        value = checked(given[name], name)
    except BadManifest as error:
        raise BadVariable(error.message, variable=name) from error
    if wrong := wrong_type(variable.type, value):
        raise BadVariable(f"The variable {name!r} {wrong}", variable=name)
    return value


def as_text(value: Plain) -> str:
    """A value as it stands in a prompt: a text as it is, a list of plain items a line each, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return "\n".join(map(as_text, value))
    return json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class _Writing:
    """Templates being filled, all of them together bounded."""

    texts: Mapping[str, str]
    written: int = 0

    def part(self, part: Part) -> Part:
        """A part with its text filled."""
        return part if part.text is None else Part(part.type, self.fill(part.text))

    def fill(self, template: str) -> str:
        """A template with its placeholders replaced, from left to right, once."""
        pieces: list[str] = []
        done = 0
        for match in PLACEHOLDER.finditer(template):
            self._add(pieces, template[done : match.start()])
            self._add(pieces, match[0][1:] if match[1] else self.texts[match[2]])
            done = match.end()
        self._add(pieces, template[done:])
        return "".join(pieces)

    def _add(self, pieces: list[str], piece: str) -> None:
        self.written += len(piece)
        if self.written > RENDERED_MOST:
            raise TooLarge(f"A rendered prompt has at most {RENDERED_MOST} characters.", limit=RENDERED_MOST)
        pieces.append(piece)
