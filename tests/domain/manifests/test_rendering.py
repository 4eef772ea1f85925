"""Prompts: "typed variables, model settings; rendering fails on a missing one"."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import BadVariable, TooLarge
from strongroom.domain.manifests.prompt import TYPES, Prompt
from strongroom.domain.manifests.rendering import RENDERED_MOST, Rendered, render
from strongroom.sdk import errors
from strongroom.sdk import prompts as sdk
from tests.domain.manifests.examples import document, read
from tests.domain.manifests.test_document import PLAIN, TEXTS
from tests.support.cpu import bounded


def prompt(template: str, **variables: Any) -> Prompt:
    content = read({"manifest": 1, "kind": "prompt", "template": template, "variables": variables}).content
    assert isinstance(content, Prompt)
    return content


def text(template: str, values: dict[str, object], **variables: Any) -> str:
    rendered = render(prompt(template, **variables), values)
    assert rendered.text is not None
    return rendered.text


def test_messages_keep_roles_and_parts() -> None:
    content = read(document("prompt")).content
    assert isinstance(content, Prompt)
    rendered = render(content, {"question": "why?"})
    system, user = rendered.messages
    assert system.parts[0].text == 'You are kind.\nAnswer in JSON such as {"a": 1}.'
    assert [(part.type, part.text, part.path) for part in user.parts] == [
        ("text", "why?", None),
        ("image", None, "a.png"),
    ]
    assert (rendered.model, rendered.settings["temperature"]) == ("some-model", 0.2)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(BadVariable) as caught:
        text("{{ a }} {{ b }}", {"a": "x"}, a={"type": "string"}, b={"type": "string"})
    assert caught.value.details == {"variable": "b"}


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(BadVariable) as caught:
        text("{{ a }}", {"a": "x", "aa": "y"}, a={"type": "string"})
    assert caught.value.details == {"variable": "aa"}


@pytest.mark.parametrize(
    ("type_", "wrong"),
    [
        ("string", 1),
        ("string", None),
        ("string", "\0"),
        ("string", "\ud800"),
        ("number", "1"),
        ("number", True),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 2**53),
        ("number", 10**400),
        ("boolean", 1),
        ("list", "x"),
        ("list", [None]),
        ("list", [[1]]),
        ("json", None),
        ("json", {"a": float("inf")}),
        ("json", object()),
    ],
)
def test_a_value_of_another_type_is_refused(type_: str, wrong: object) -> None:
    with pytest.raises(BadVariable) as caught:
        text("{{ x }}", {"x": wrong}, x={"type": type_})
    assert caught.value.details == {"variable": "x"}


def test_how_each_type_is_written() -> None:
    types = {"s": "string", "n": "number", "b": "boolean", "l": "list", "j": "json"}
    written = text(
        "{{s}}|{{ n }}|{{b}}|{{l}}|{{j}}",
        {"s": "ä", "n": 0.5, "b": False, "l": ["a", 1, True], "j": {"k": ["ö", None]}},
        **{name: {"type": type_} for name, type_ in types.items()},
    )
    assert written == 'ä|0.5|false|a\n1\ntrue|{"k": ["ö", null]}'


def test_values_are_not_templates() -> None:
    """Nothing that a value holds is filled or executed."""
    assert (
        text("{{ a }}{{ b }}", {"a": "{{ b }}", "b": "\\{{"}, a={"type": "string"}, b={"type": "string"})
        == "{{ b }}\\{{"
    )


def test_escaped_braces_are_braces() -> None:
    assert text("\\{{ a }} \\{{ {{ a }} }} {a}", {"a": "x"}, a={"type": "string"}) == "{{ a }} {{ x }} {a}"


def test_a_prompt_that_grows_without_bound_is_refused_at_its_limit() -> None:
    with bounded(), pytest.raises(TooLarge) as caught:
        text("{{ a }}" * 100_000, {"a": "x" * 1_000_000}, a={"type": "string"})
    assert caught.value.details == {"limit": RENDERED_MOST}


def test_a_million_open_braces_are_read_in_no_time() -> None:
    with bounded():
        assert text("\\{{ " * 200_000, {}) == "{{ " * 200_000


def plain(rendered: Rendered | sdk.Rendered) -> tuple[Any, ...]:
    if isinstance(rendered, sdk.Rendered):
        return rendered.messages, rendered.text, rendered.model, dict(rendered.settings)
    messages = [{"role": one.role, "content": one.parts[0].text} for one in rendered.messages]
    return messages, rendered.text, rendered.model, dict(rendered.settings)


NAMES = st.sampled_from(["a", "b", "Name_1"])
PIECES = st.lists(
    st.text(string.ascii_letters + " }\n\\ä", max_size=8)
    | NAMES.map(lambda name: "{{ " + name + " }}")
    | st.just("\\{{"),
    max_size=8,
)


@given(
    st.lists(PIECES.map("".join), min_size=1, max_size=3),
    st.booleans(),
    st.dictionaries(NAMES, st.sampled_from(TYPES), max_size=3),
    st.dictionaries(st.sampled_from(["a", "b", "Name_1", "c"]), PLAIN | TEXTS | st.integers(), max_size=4),
)
def test_the_sdk_renders_as_the_server_does(
    templates: list[str], chat: bool, types: dict[str, str], values: dict[str, Any]
) -> None:
    """Property: the same text, or a refusal by both."""
    messages: Any = [("user", template) for template in templates] if chat else templates[0]
    mine = sdk.Prompt(messages, types, model="m", settings={"seed": 1})
    content = read(json.loads(json.dumps(mine.manifest()))).content
    assert isinstance(content, Prompt)
    try:
        expected = plain(render(content, values))
    except BadVariable:
        with pytest.raises(errors.BadVariable):
            mine.render(**values)
        return
    assert plain(mine.render(**values)) == expected
