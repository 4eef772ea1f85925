"""The forms and limits of what is said of a lineage node, and the id of a data set that no system of ours holds."""

import hashlib
from collections.abc import Mapping

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.fields import Scalar, clean_property, clean_tag_key
from strongroom.domain.registry.text import clean_line, clean_text
from strongroom.domain.tracking.source import without_user_info

NODE_KINDS = frozenset({"artifact", "action", "context", "dataset", "code", "image", "job"})
LONGEST = 255
PROPERTIES_MOST = 200
PROPERTIES_LARGEST = 1 << 20
"""Characters in all properties of one node."""
URI_LARGEST = 2_000
"""Bytes (UTF-8): PostgreSQL's index on it takes rows up to 2,700."""


def clean_node_kind(text: str) -> str:
    """One of `NODE_KINDS`. :raises Invalid: another."""
    if text not in NODE_KINDS:
        raise Invalid(f"A node's kind is one of {', '.join(sorted(NODE_KINDS))}.")
    return text


def clean_node_name(text: str) -> str:
    """Name of a node in NFC, 1 to 255 characters; slashes and colons may occur. :raises Invalid: another form."""
    return clean_line(text, what="name", longest=LONGEST, error=Invalid)


def clean_node_properties(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What is said of a node, texts of any length among it: the schema of a wide table is long.

    :raises Invalid: above 200 properties; a key or value breaks its rule. :raises TooLarge: above 1 MiB in all.
    """
    if len(values) > PROPERTIES_MOST:
        raise Invalid(f"At most {PROPERTIES_MOST} properties at a time.", limit=PROPERTIES_MOST)
    if sum(len(value) for value in values.values() if isinstance(value, str)) > PROPERTIES_LARGEST:
        raise TooLarge(f"The properties of a node have at most {PROPERTIES_LARGEST} characters.")
    return {clean_tag_key(key): _clean_value(value) for key, value in values.items()}


def _clean_value(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return clean_text(value, what="property", longest=PROPERTIES_LARGEST)
    return clean_property(value)


def clean_uri(text: str | None) -> str | None:
    """Address of a node; user name and password in it are dropped.

    :raises Invalid: above 2,000 bytes, NUL or a lone surrogate.
    """
    if text is None:
        return None
    clean = without_user_info(clean_text(text, what="URI", longest=URI_LARGEST))
    if len(clean.encode()) > URI_LARGEST:
        raise Invalid(f"A URI has at most {URI_LARGEST} bytes.", limit=URI_LARGEST)
    return clean


def clean_word(text: str | None, what: str) -> str | None:
    """A digest, type or context: one line, at most 255 characters; empty is None. :raises Invalid: another form."""
    return clean_line(text, what=what, longest=LONGEST, error=Invalid) if text else None


def dataset_id(name: str, digest: str | None, uri: str | None) -> str:
    """The id under which a data set is one node: name and digest; without a digest, name and address.

    :returns: at most 511 characters.
    """
    if digest is not None:
        return f"{name}@{digest}"
    return f"{name}@uri:{hashlib.sha256(uri.encode()).hexdigest()}" if uri else f"{name}@"
