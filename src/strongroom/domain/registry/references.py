"""References to versions as text: ``[namespace/...]name[selector]`` (domain.md N8).

===============  ==============================================================================
``churn``        the latest version
``churn:3``      number 3; a label of digits only *is* the number
``churn:1.2-rc`` label, any text (further signs and slashes belong to it)
``churn@prod``   alias
``churn^dev/x``  branch or pin; ``@`` and ``%`` in it are written ``%40`` and ``%25``
``churn~1a2b3c4d`` first 8 to 64 hex digits of the version's tree digest
===============  ==============================================================================

Names never hold ``:``, so the first ``:`` always begins a number or label. Without one, the *last* of ``@ ^ ~`` begins
the selector, as no alias, digest or written ref holds any of them. A name that itself holds a sign is therefore always
written with a selector, ``@latest`` if with no other: ``a@b@latest`` is the latest version of ``a@b``. Nothing is
guessed: what does not fit the grammar is refused.
"""

import re
from dataclasses import dataclass, field

from strongroom.domain.errors import BadName
from strongroom.domain.registry.names import (
    NAMESPACE_DEEPEST,
    clean_alias,
    clean_label,
    clean_name,
    clean_ref_name,
)

REFERENCE_LONGEST = 8192
_SIGN = re.compile(r"[@^~]")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_ESCAPE = re.compile(r"%(?!25|40)")


@dataclass(frozen=True, slots=True)
class Latest:
    """The version published last."""


@dataclass(frozen=True, slots=True)
class Number:
    """A version by its number, from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Label:
    """A version by its label, which is never all digits."""

    label: str


@dataclass(frozen=True, slots=True)
class AliasName:
    """The version an alias points at."""

    alias: str


@dataclass(frozen=True, slots=True)
class RefName:
    """The revision a branch or pin points at."""

    ref: str


@dataclass(frozen=True, slots=True)
class DigestPrefix:
    """The version whose tree digest begins so: 8 to 64 lower-case hex digits."""

    prefix: str


Selector = Latest | Number | Label | AliasName | RefName | DigestPrefix


@dataclass(frozen=True, slots=True)
class Reference:
    """One asset by namespace and name, and one version of it. `str()` gives the text that parses to it again."""

    namespace: tuple[str, ...]
    name: str
    selector: Selector = field(default_factory=Latest)

    def __str__(self) -> str:
        """The canonical text."""
        path = "/".join((*self.namespace, self.name))
        if isinstance(self.selector, Latest):
            return f"{path}@latest" if _SIGN.search(path) else path
        return path + _selector_text(self.selector)


def _selector_text(selector: Selector) -> str:
    match selector:
        case Latest():
            return "@latest"
        case Number(number):
            return f":{number}"
        case Label(label):
            return f":{label}"
        case AliasName(alias):
            return f"@{alias}"
        case RefName(ref):
            return "^" + ref.replace("%", "%25").replace("@", "%40")
        case DigestPrefix(prefix):
            return f"~{prefix}"


def parse_reference(text: str) -> Reference:
    """Read a reference; see the module for the grammar.

    :raises BadName: a namespace level, name, alias, label, ref or digest prefix that breaks its own rule, or above
        8,192 characters.
    """
    if len(text) > REFERENCE_LONGEST:
        raise BadName(f"A reference has at most {REFERENCE_LONGEST} characters.", limit=REFERENCE_LONGEST)
    path, selector = _split(text)
    *namespace, name = path.split("/")
    if len(namespace) > NAMESPACE_DEEPEST:
        raise BadName(f"A namespace has at most {NAMESPACE_DEEPEST} levels.", limit=NAMESPACE_DEEPEST)
    return Reference(tuple(map(clean_name, namespace)), clean_name(name), selector)


def parse_selector(text: str) -> Selector:
    """Read a selector alone, with its sign; ``""`` is the latest version.

    :raises BadName: as `parse_reference`.
    """
    if not text:
        return Latest()
    sign, rest = text[0], text[1:]
    match sign:
        case ":" | "@" if rest.lower() == "latest":
            return Latest()
        case ":":
            label = clean_label(rest)
            return Number(label) if isinstance(label, int) else Label(label)
        case "@":
            return AliasName(clean_alias(rest))
        case "^":
            return RefName(_ref(rest))
        case "~":
            return DigestPrefix(_digest_prefix(rest))
    raise BadName("A selector begins with one of ':', '@', '^', '~'.")


def _split(text: str) -> tuple[str, Selector]:
    path, colon, label = text.partition(":")
    if colon:
        return path, parse_selector(colon + label)
    cut = max(text.rfind(sign) for sign in "@^~")
    return (text, Latest()) if cut < 0 else (text[:cut], parse_selector(text[cut:]))


def _ref(text: str) -> str:
    if _ESCAPE.search(text):
        raise BadName("In a branch or pin, '%' is written '%25' and '@' is written '%40'.")
    return clean_ref_name(text.replace("%40", "@").replace("%25", "%"))


def _digest_prefix(text: str) -> str:
    prefix = text.lower()
    if not _DIGEST.fullmatch(prefix):
        raise BadName("A digest prefix is 8 to 64 hex digits; write '@latest' after a name that holds '~'.")
    return prefix
