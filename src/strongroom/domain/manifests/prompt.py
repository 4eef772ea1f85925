"""Prompts: messages or one template, typed variables, the model and settings they were written for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests.cursor import WORDS_MOST, Cursor, Fields
from strongroom.domain.manifests.document import INTEGER_LARGEST, LARGEST, Plain
from strongroom.domain.manifests.member import Member

ROLES: Final = ("system", "developer", "user", "assistant", "tool")
TYPES: Final = ("string", "number", "boolean", "list", "json")
PARTS: Final = ("text", "image", "audio", "file")

PLACEHOLDER: Final = re.compile(r"(\\?)\{\{(?:[ \t]*([A-Za-z_][A-Za-z0-9_]{0,63})[ \t]*\}\})?")
r"""``{{ name }}``; ``\{{`` is two braces as they are. Two braces that begin neither are refused."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_LONGEST = LARGEST


@dataclass(frozen=True, slots=True)
class Variable:
    """What a template takes. One with a default need not be given; `default` is None when there is none."""

    name: str
    type: str
    default: Plain = None
    description: str = ""

    @property
    def required(self) -> bool:
        """Whether rendering fails without it."""
        return self.default is None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: text with placeholders, or a file of the version, or one at a URI."""

    type: str
    text: str | None = None
    path: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. `plain` when its content was written as one text."""

    role: str
    parts: tuple[Part, ...]
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Model:
    """The model that is meant: pinned by digest, or only by the name that its provider gives it."""

    pinned: Member | None
    name: str | None
    provider: str | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt: `messages`, or one `template`."""

    messages: tuple[Message, ...]
    template: str | None
    variables: Mapping[str, Variable]
    model: Model | None
    settings: Mapping[str, Plain]
    description: str = ""


def read(fields: Fields) -> Prompt:
    """A prompt. :raises BadManifest: naming the place."""
    messages, template = fields.get("messages"), fields.get("template")
    if (messages is None) == (template is None):
        fields.cursor.fail("has either messages or a template.")
    declared = fields.get("variables")
    variables = {name: _variable(name, one) for name, one in declared.named()} if declared else {}
    model = fields.get("model")
    return Prompt(
        messages=tuple(_message(one, variables) for one in messages.items()) if messages else (),
        template=_template(template, variables) if template else None,
        variables=variables,
        model=read_model(model) if model else None,
        settings=_settings(fields),
        description=fields.words(),
    )


FIELDS: Final = ("messages", "template", "variables", "model", "settings", "description")


def _variable(name: str, cursor: Cursor) -> Variable:
    if not _VARIABLE.fullmatch(name):
        cursor.fail("a variable has 1 to 64 letters, digits and underscores and does not begin with a digit.")
    fields = cursor.fields("type", optional=("default", "description"))
    type_ = fields["type"].word(TYPES)
    default = fields.get("default")
    if default is not None and (wrong := wrong_type(type_, default.value)):
        default.fail(wrong)
    return Variable(name, type_, default.value if default else None, fields.words())


def wrong_type(type_: str, value: object) -> str | None:
    """Why a value is none of that type, or None when it is."""
    match type_:
        case "string":
            return None if isinstance(value, str) else "must be a text."
        case "number":
            right = isinstance(value, int | float) and not isinstance(value, bool)
            return None if right and abs(value) <= _NUMBER_LARGEST else "must be a finite number."  # type: ignore[arg-type]
        case "boolean":
            return None if isinstance(value, bool) else "must be true or false."
        case "list":
            right = isinstance(value, list) and all(isinstance(one, str | int | float) for one in value)
            return None if right else "must be a list of texts, numbers and booleans."
    return None if value is not None else "must be a JSON value other than null."


_NUMBER_LARGEST = 1.7976931348623157e308


def _message(cursor: Cursor, variables: Mapping[str, Variable]) -> Message:
    fields = cursor.fields("role", "content")
    role, content = fields["role"].word(ROLES), fields["content"]
    if isinstance(content.value, str):
        return Message(role, (Part("text", _template(content, variables)),))
    parts = tuple(_part(one, variables) for one in content.items())
    if not parts:
        content.fail("has at least one part.")
    return Message(role, parts, plain=False)


def _part(cursor: Cursor, variables: Mapping[str, Variable]) -> Part:
    fields = cursor.fields("type", optional=("text", "path", "uri"))
    type_ = fields["type"].word(PARTS)
    text, path, uri = fields.get("text"), fields.get("path"), fields.get("uri")
    if type_ == "text":
        if text is None or path or uri:
            cursor.fail("a part of type text has a text and nothing else.")
        return Part(type_, _template(text, variables))
    if text is not None or (path is None) == (uri is None):
        cursor.fail(f"a part of type {type_} has a path of this version or a uri.")
    return Part(type_, None, path.file() if path else None, uri.text(2048) if uri else None)


def _template(cursor: Cursor, variables: Mapping[str, Variable]) -> str:
    text = cursor.text(_LONGEST, 0)
    for name in placeholders(text):
        if name is None:
            cursor.fail("two braces begin no '{{ name }}'; write '\\{{' for two braces as they are.")
        if name not in variables:
            cursor.fail(f"the variable {name!r} is not declared.")
    return text


def placeholders(text: str) -> Iterator[str | None]:
    """Names that a template asks for; None for braces that ask for nothing."""
    for match in PLACEHOLDER.finditer(text):
        if not match[1]:
            yield match[2]


def read_model(cursor: Cursor) -> Model:
    """A model: a member, or ``{"name": …, "provider": …}`` where nothing pins it."""
    if isinstance(cursor.value, Mapping) and "digest" in cursor.value:
        member = cursor.member("model")
        return Model(member, member.name, None)
    fields = cursor.fields("name", optional=("provider",))
    provider = fields.get("provider")
    return Model(None, fields["name"].name(), provider.name() if provider else None)


def _settings(fields: Fields) -> Mapping[str, Plain]:
    """Anything, with those settings checked that every provider means alike."""
    settings = fields.get("settings")
    if settings is None:
        return {}
    values = dict(settings.named())
    for name, (least, most) in _REALS.items():
        if found := values.get(name):
            found.real(least, most)
    if found := values.get("max_tokens"):
        found.integer(1)
    if found := values.get("seed"):
        found.integer(-INTEGER_LARGEST)
    if found := values.get("stop"):
        for one in found.items():
            one.text(WORDS_MOST)
    return {name: one.value for name, one in values.items()}


_REALS: Final = {"temperature": (0.0, 100.0), "top_p": (0.0, 1.0)}
