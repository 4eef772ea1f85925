"""What the source of a new version means: a folder of ours to freeze, a version to copy, or an address elsewhere."""

import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from strongroom.application.registry.versions import ORIGIN_LONGEST
from strongroom.dialects.mlflow.translate.ids import hex_of, uid_of_hex
from strongroom.dialects.mlflow.translate.places import Place, place_of, proxied
from strongroom.domain.errors import Invalid, NotFound

ELSEWHERE = frozenset(
    {"s3", "gs", "wasb", "wasbs", "abfs", "abfss", "adls", "dbfs", "hdfs", "viewfs", "oci", "r2", "b2"}
)
"""Schemes that name a place beyond this server which a client can read by itself."""
_MODELS = re.compile(r"models:/+(?P<name>[^/@]+)(?:/(?P<version>\d{1,16})|@(?P<alias>[^/@]+))")
_UNQUOTED_MOST = 8


@dataclass(frozen=True, slots=True)
class Copied:
    """A version of a registered model, named by number or alias."""

    name: str
    version: int | None
    alias: str | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Bytes that this server does not have."""

    uri: str


Source: TypeAlias = Place | Copied | Elsewhere


def source_of(text: str, run_uid: str | None, model_uid: str | None) -> Source:
    """What a source means, checked against the run or logged model that the request names.

    :raises Invalid: a path that climbs, however it is written; a local path, which the server would have to read; an
        address of another server; a run or model other than the one named.
    """
    if len(text) > ORIGIN_LONGEST:  # before any search through it, which takes time
        raise Invalid(f"A model version source has at most {ORIGIN_LONGEST} characters.", limit=ORIGIN_LONGEST)
    if _climbs(text):
        raise _bad(text, "It may not climb to a directory above.")
    scheme, host = _parts(text)
    if scheme == "runs":
        return _belongs(_of_run(text), text, run_uid, model_uid)
    if scheme == "models":
        return _of_models(text, run_uid, model_uid)
    if scheme == "mlflow-artifacts":
        return _belongs(_proxied(text), text, run_uid, model_uid)
    if scheme in ELSEWHERE and host:
        return Elsewhere(text)
    raise _bad(text, "Name artifacts of a run (runs:/...), a model (models:/...) or an address in an object store.")


def _parts(text: str) -> tuple[str, str]:
    """Scheme, in lower case, and host of an address. :raises Invalid: it cannot be read as one."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _bad(text, "It is no address.") from None
    return parts.scheme.lower(), parts.netloc


def _bad(text: str, why: str) -> Invalid:
    return Invalid(f"Invalid model version source: '{text[:200]}'. {why}")


def _climbs(text: str) -> bool:
    """Whether some reading of the text has a segment ``..``, a backslash or a control character."""
    for _ in range(_UNQUOTED_MOST):
        if re.search(r"(?:^|[/\\:;?#])\.\.(?:$|[/\\;?#])|\\|[\x00-\x1f]", text):
            return True
        plain = unquote(text)
        if plain == text:
            return False
        text = plain
    return True


def _of_run(text: str) -> Place:
    run, _, path = text.removeprefix("runs:").lstrip("/").partition("/")
    uid = uid_of_hex(run)
    if uid is None:
        raise NotFound(f"Run with id={run[:100]} not found")
    return Place("run", uid, path.strip("/"))


def _proxied(text: str) -> Place:
    path = proxied(text)
    if path is None:
        raise _bad(text, "It names another server.")
    place = place_of(path)
    return Place(place.kind, place.uid, place.path)


def _of_models(text: str, run_uid: str | None, model_uid: str | None) -> Source:
    bare = text.removeprefix("models:").lstrip("/")
    if bare.startswith("m-") and (uid := uid_of_hex(bare[2:34])) and bare[34:35] in {"", "/"}:
        return _belongs(Place("logged_model", uid, bare[35:].strip("/")), text, run_uid, model_uid)
    found = _MODELS.fullmatch(text)
    if found is None:
        raise _bad(text, "Name a logged model, or a version by its number or alias.")
    return Copied(found["name"], int(found["version"]) if found["version"] else None, found["alias"])


def _belongs(place: Place, text: str, run_uid: str | None, model_uid: str | None) -> Place:
    """:raises Invalid: the request names another run or model than its source."""
    named = {"run": run_uid, "logged_model": model_uid}.get(place.kind)
    if named is not None and named != place.uid:
        what = "run_id" if place.kind == "run" else "model_id"
        raise _bad(text, f"It does not belong to the {what} '{hex_of(named)}' that the request names.")
    return place
