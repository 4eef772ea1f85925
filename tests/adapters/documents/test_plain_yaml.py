"""YAML that nobody trusts: plain values or a reason, in bounded time."""

import pytest

from strongroom.adapters.documents import plain_yaml
from strongroom.adapters.documents.plain_yaml import PlainYaml
from strongroom.application.ports.documents import LARGEST, UnreadableDocumentError
from strongroom.domain.manifests import document


def test_what_yaml_and_json_share_is_read() -> None:
    text = b"a: 3.11\nb: '3.11'\nc: [1, -2, true, null, ~]\nd:\n  e: |\n    x\n    y\n\"f\": {}\n"
    assert PlainYaml().load(text) == {
        "a": 3.11, "b": "3.11", "c": [1, -2, True, None, None], "d": {"e": "x\ny\n"}, "f": {},
    }  # fmt: skip
    assert PlainYaml().load(b"") is None


def test_what_json_has_no_exact_form_for_stays_a_text() -> None:
    text = b"a: .inf\nb: 2026-01-02\nc: 0x1F\nd: 123456789012345678901\ne: 1_000\nf: 1e999\ng: .nan\nh: 3.11.7"
    found = PlainYaml().load(text)
    assert isinstance(found, dict)
    assert all(isinstance(value, str) for value in found.values())
    assert document.checked(found) == found


def test_norwegian_is_a_language() -> None:
    """YAML 1.2: `no`, `off` and `y` are texts; in 1.1 a card's `language: no` was false."""
    text = b"language: no\nlist: [no, yes, on, Off, y, true, False, NULL]\nno: 1"
    assert PlainYaml().load(text) == {
        "language": "no", "list": ["no", "yes", "on", "Off", "y", True, False, None], "no": 1,
    }  # fmt: skip


def test_an_alias_stands_for_what_it_names() -> None:
    """PyYAML writes one where a list stands twice, so real files have them."""
    assert PlainYaml().load(b"a: &id001 [1]\nb: *id001\n") == {"a": [1], "b": [1]}


BOMB = b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
)
LONG = b"a: &a " + b"x" * (LARGEST // 2) + b"\nb: [*a, *a, *a]\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"!!python/object/apply:os.system ['id']", "tags"),
        (b"a: !!str 1", "tags"),
        (b"a: !<tag:yaml.org,2002:python/name:os.system> ''", "tags"),
        (b"%TAG ! tag:x,2026:\n---\na: 1", "directives"),
        (BOMB, "values"),
        (LONG, "characters"),
        (b"a: &a [*a]", "names nothing"),
        (b"a: *b", "names nothing"),
        (b"a: 1\na: 2", "twice"),
        (b"? [1]\n: 2", "plain text"),
        (b"<<: &a {b: 1}\n&k c: 2", "plain text"),
        (b"--- 1\n--- 2", "more than one"),
        (b"[" * 100_000, "deep"),
        (b"- " * 100_000, "deep"),
        (b"[" + b"1," * 60_000 + b"]", "values"),
        (b"x" * (LARGEST + 1), "bytes"),
        (b"\xff\xfe", "UTF-8"),
        (b"a: [", "no YAML"),
        (b"a: \x00", "no YAML"),
        (b"a\n\tb: :", "no YAML"),
    ],
)
def test_what_is_not_read_is_a_reason(text: bytes, reason: str) -> None:
    """ "no aliases bombs, no tags"."""
    with pytest.raises(UnreadableDocumentError, match=reason):
        PlainYaml().load(text)


def test_the_parser_is_the_one_that_is_written_in_c() -> None:
    """A page of 1 MiB is read in a fifth of a second by it, and in many seconds by the other."""
    assert plain_yaml._LOADER.__name__ == "CSafeLoader"
