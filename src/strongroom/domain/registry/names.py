"""Names as users write them, and the slugs that stand for them in narrow grammars (domain.md N2, N7, N8).

A *name* is kept as written (NFC, case-sensitive). A *slug* is its stored address for clients whose grammar is narrower
(Hugging Face, Unity Catalog, SageMaker) and is unique in its namespace after case folding; ties take a suffix.
Names may hold the selector signs ``@ ^ ~``; `references` says how they still parse without doubt.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from itertools import count

from strongroom.domain.errors import BadName
from strongroom.domain.registry.text import clean_line

NAME_LONGEST = 255
SLUG_LONGEST = 96
WORKSPACE_LONGEST = 63
NAMESPACE_DEEPEST = 16
NUMBER_LARGEST = 2**53 - 1
"""Largest version number: every JSON reader holds it exactly, audit records included; time stamps fit as numbers."""

FILLER = "default"
"""Stands for a level that is missing (Unity Catalog schema, W&B project), so no namespace may be called that."""

RESERVED_TOP = frozenset(
    (
        *("api", "ajax-api", "graphql", "v0", "v1", "v2", "v3", "w", "n", "auth", "oauth", "login", "logout", "setup"),
        *("healthz", "readyz", "livez", "health", "ping", "metrics", "static", "docs", "openapi.json", "settings"),
        *("favicon.ico", "robots.txt", "well-known", "whoami", "models", "datasets", "spaces", "get-artifact"),
        *("mlflow", "mlflow-artifacts", "model-versions", "wandb", "clearml", "sagemaker", "vertex", "azureml"),
        *("comet", "neptune", "xet", "s3"),
    )
)
"""First path segments that addresses of the server use or may come to use; compared after case folding."""

_NOT_SLUG = re.compile(r"[^A-Za-z0-9._-]+")
_SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_WORKSPACE = re.compile(r"[a-z0-9](?:-?[a-z0-9])*")
_VERSION_LIKE = re.compile(r"v\d+", re.IGNORECASE)
_ALIAS_REFUSED = re.compile(r"[\s/:@^~]")
_REF_REFUSED = re.compile(r"[\s:^~?*\[\\]|\.\.|@\{|//")


def clean_name(text: str) -> str:
    """Name of an asset or of one namespace level, in NFC.

    :raises BadName: not 1 to 255 characters; ``/`` or ``:``; control, invisible, unassigned or surrogate characters;
        outer whitespace; ``.`` or ``..``.
    """
    name = clean_line(text, what="name", longest=NAME_LONGEST)
    if "/" in name or ":" in name:
        raise BadName("A name may not contain '/' or ':'.")
    if name in {".", ".."}:
        raise BadName("A name may not be '.' or '..'.")
    return name


def name_key(name: str) -> str:
    """What makes two names the same: the NFC form. Case counts: `Model` and `model` may coexist."""
    return unicodedata.normalize("NFC", name)


def clean_namespace_path(text: str) -> tuple[str, ...]:
    """``"vision/resnet"`` as its levels, outermost first; ``""`` is the root and gives ``()``.

    :raises BadName: a level is no name or is the filler ``default``, more than 16 levels, or a first level that the
        server's own addresses use. The workspace's own name is refused as a first level too, by `slug_candidates`.
    """
    if not text:
        return ()
    levels = tuple(clean_name(level) for level in text.split("/"))
    if len(levels) > NAMESPACE_DEEPEST:
        raise BadName(f"A namespace has at most {NAMESPACE_DEEPEST} levels.", limit=NAMESPACE_DEEPEST)
    if any(slug_key(level) == FILLER for level in levels):
        raise BadName(f"A namespace may not be called {FILLER!r}: it stands for a missing level.")
    if slug_key(levels[0]) in RESERVED_TOP:
        raise BadName(f"The name {levels[0]!r} is reserved at the top of a workspace.")
    return levels


def clean_workspace_slug(text: str) -> str:
    """Workspace slug: lower-case letters, digits and single inner dashes, 1 to 63 (fits a DNS label).

    ``default`` is allowed, the server's own first segments are not (the root namespace answers to this name).

    :raises BadName: anything else.
    """
    if len(text) > WORKSPACE_LONGEST or not _WORKSPACE.fullmatch(text):
        raise BadName(f"A workspace is 1 to {WORKSPACE_LONGEST} of a-z, 0-9 and single inner dashes.")
    if text in RESERVED_TOP:
        raise BadName(f"The workspace name {text!r} is reserved.")
    return text


def slug_for(name: str, *, namespace: bool = False) -> str:
    """The slug a name asks for: accents dropped, other characters to ``-``; the same for the same name, always.

    Holds no ``--`` or ``..``, ends in a letter, digit or ``_`` and not in ``.git`` (Hugging Face repo ids).

    :param namespace: True for a namespace level, whose slug has no dot.
    :returns: 1 to 96 characters ``[A-Za-z0-9][A-Za-z0-9._-]*``; ``x-`` and 12 hex digits where nothing is left.
    """
    text = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    text = _NOT_SLUG.sub("-", text.replace(".", "-") if namespace else text)
    text = re.sub(r"\.{2,}", ".", re.sub(r"-{2,}", "-", text))
    text = _trim(text[:SLUG_LONGEST])
    return text or "x-" + hashlib.sha256(name.encode()).hexdigest()[:12]


def _trim(text: str) -> str:
    """Drop what a slug may not begin or end with."""
    text = text.lstrip("._-").rstrip(".-")
    return text[:-4] + "-git" if text.lower().endswith(".git") else text


def is_slug(text: str, *, namespace: bool = False) -> bool:
    """Whether a text from outside has the form of a slug (so that looking it up can find anything)."""
    fits = len(text) <= SLUG_LONGEST and _SLUG.fullmatch(text) is not None
    return fits and not any(bad in text for bad in ("--", "..", "." if namespace else ".."))


def slug_key(slug: str) -> str:
    """What makes two slugs the same: case folding."""
    return slug.casefold()


def with_suffix(slug: str, n: int) -> str:
    """The n-th choice for a slug that is taken: ``slug-n``, shortened so that it still fits 96 characters."""
    tail = f"-{n}"
    return slug[: SLUG_LONGEST - len(tail)].rstrip("-.") + tail


def slug_candidates(
    name: str, *, namespace: bool = False, top: bool = False, workspace: str | None = None
) -> Iterator[str]:
    """Slugs for a name in order of preference, without end; take the first whose `slug_key` is free.

    :param top: True for a first namespace level; skips the server's own segments and `workspace`, the slug of the
        workspace itself. Every namespace level skips ``default``.
    """
    reserved = (RESERVED_TOP | ({slug_key(workspace)} if workspace else frozenset())) if top else frozenset()
    first = slug_for(name, namespace=namespace)
    if slug_key(first) not in reserved and not (namespace and slug_key(first) == FILLER):
        yield first
    yield from (with_suffix(first, n) for n in count(2))


def clean_alias(text: str) -> str:
    """Alias in NFC, 1 to 255 characters, case-sensitive.

    :raises BadName: whitespace or one of ``/ : @ ^ ~``; ``.`` or ``..``; only digits; ``latest``; ``v`` and digits
        (those are versions).
    """
    alias = clean_line(text, what="alias", longest=NAME_LONGEST)
    if _ALIAS_REFUSED.search(alias):
        raise BadName("An alias may not contain whitespace or any of '/ : @ ^ ~'.")
    if alias in {".", ".."}:
        raise BadName("An alias may not be '.' or '..'.")
    if alias.isdecimal() or alias.lower() == "latest" or _VERSION_LIKE.fullmatch(alias):
        raise BadName(f"The alias {alias!r} is reserved: numbers, 'latest' and 'v1' mean versions.")
    return alias


def clean_label(text: str) -> int | str:
    """Label of a version as a caller wrote it: a number if it is all digits (N7), else free text in NFC, up to 255.

    :raises BadName: zero, leading zeros or above 2**53 - 1 (no version number, and no label may look like one);
        ``latest``; control or invisible characters; outer whitespace; empty or too long.
    """
    label = clean_line(text, what="label", longest=NAME_LONGEST)
    if label.isdecimal():
        if not label.isascii() or label[0] == "0" or int(label) > NUMBER_LARGEST:
            raise BadName("A label of digits only is a version number: 1 to 2**53 - 1, without leading zeros.")
        return int(label)
    if label.lower() == "latest":
        raise BadName("'latest' cannot be a label: it means the version published last.")
    return label


def clean_ref_name(text: str) -> str:
    r"""Name of a branch or pin, in NFC: git's rules (git-check-ref-format) as far as clients can tell, up to 255.

    :raises BadName: whitespace, ``: ^ ~ ? * [ \``, ``..``, ``@{``, an empty segment, a segment that begins with a dot
        or ends in ``.lock``, a first ``-``, a last dot, or ``@`` alone.
    """
    ref = clean_line(text, what="branch or pin", longest=NAME_LONGEST)
    segments = ref.split("/")
    bad_segment = any(not s or s.startswith(".") or s.endswith(".lock") for s in segments)
    if bad_segment or _REF_REFUSED.search(ref) or ref == "@" or ref.startswith("-") or ref.endswith("."):
        raise BadName("A branch or pin must be a name that git accepts.")
    return ref


def paths_above(path: str) -> list[str]:
    """A path of a namespace and those of all that hold it, from the root's empty one."""
    parts = path.split("/") if path else []
    return ["/".join(parts[:count]) for count in range(len(parts) + 1)]
