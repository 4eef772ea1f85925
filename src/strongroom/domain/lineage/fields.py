"""The forms and limits of what is said of nodes and edges, and the id of a data set that no system of ours holds."""

import hashlib
import json
import re
from collections.abc import Mapping

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.lineage.vocabulary import NODE_KINDS
from strongroom.domain.registry.fields import Scalar, clean_property, clean_tag_key
from strongroom.domain.registry.text import clean_line, clean_text
from strongroom.domain.tracking.source import without_user_info

LONGEST = 255
FOREIGN_LONGEST = 512
NODE_PROPERTIES_MOST = 200
NODE_PROPERTIES_LARGEST = 1 << 20
"""Characters in all properties of one node."""
URI_LARGEST = 2_000
"""Bytes (UTF-8): PostgreSQL's index on it takes rows up to 2,700."""
PROPERTIES_LARGEST = 16 * 1024
PROPERTIES_DEEPEST = 16
REASON_LONGEST = 1_000
_DIALECT = re.compile(r"[a-z][a-z0-9_-]{0,31}")


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
    if len(values) > NODE_PROPERTIES_MOST:
        raise Invalid(f"At most {NODE_PROPERTIES_MOST} properties at a time.", limit=NODE_PROPERTIES_MOST)
    if sum(len(value) for value in values.values() if isinstance(value, str)) > NODE_PROPERTIES_LARGEST:
        raise TooLarge(f"The properties of a node have at most {NODE_PROPERTIES_LARGEST} characters.")
    return {clean_tag_key(key): _clean_value(value) for key, value in values.items()}


def _clean_value(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return clean_text(value, what="property", longest=NODE_PROPERTIES_LARGEST)
    return clean_property(value)


def clean_dialect(text: str) -> str:
    """Whose ids a node's are: a lower-case word, at most 32 characters. :raises Invalid: another form."""
    if not _DIALECT.fullmatch(text):
        raise Invalid("A dialect is a lower-case word of at most 32 letters, digits, '-' and '_'.")
    return text


def clean_foreign_id(text: str) -> str:
    """The id that another system gave, one line, 1 to 512 characters. :raises Invalid: another form."""
    return clean_line(text, what="foreign id", longest=FOREIGN_LONGEST, error=Invalid)


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


def clean_reason(text: str) -> str:
    """Why an edge is taken back, a node deleted, an object flagged: 1 to 1,000 characters. :raises Invalid: else."""
    reason = clean_text(text, what="reason", longest=REASON_LONGEST).strip()
    if not reason:
        raise Invalid("Say why.")
    return reason


def clean_properties(properties: Mapping[str, object]) -> Mapping[str, object]:
    """Properties of an edge: plain JSON. :raises Invalid: above 16 KiB, nested too deeply, NaN or a lone surrogate."""
    if not properties:
        return properties
    if _depth(properties) > PROPERTIES_DEEPEST:
        raise Invalid(f"Properties are nested at most {PROPERTIES_DEEPEST} levels deep.", limit=PROPERTIES_DEEPEST)
    try:
        size = len(json.dumps(properties, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, TypeError) as error:
        raise Invalid("Properties are plain JSON.") from error
    if size > PROPERTIES_LARGEST:
        raise Invalid(f"Properties have at most {PROPERTIES_LARGEST} bytes.", limit=PROPERTIES_LARGEST)
    return properties


def _depth(value: object) -> int:
    """Levels of maps and lists, counted no further than one too many."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, Mapping | list)]:
        depth += 1
        if depth > PROPERTIES_DEEPEST:
            break
        level = [inner for one in level for inner in (one.values() if isinstance(one, Mapping) else one)]
    return depth


def dataset_id(name: str, digest: str | None, uri: str | None) -> str:
    """The id under which a data set is one node: name and digest; without a digest, name and address.

    :returns: at most 511 characters.
    """
    if digest is not None:
        return f"{name}@{digest}"
    return f"{name}@uri:{hashlib.sha256(uri.encode()).hexdigest()}" if uri else f"{name}@"
