"""Artifact addresses: from a path behind the proxy to what it means, and from objects to their addresses.

``{experiment}/{run}/artifacts/...`` is a run's folder, ``{experiment}/models/{model}/artifacts/...`` a logged model's,
``{experiment}/traces/{trace}/artifacts/...`` a trace's,
``versions/{version}/...`` the frozen tree of a version, which can only be read.
"""

from dataclasses import dataclass

from strongroom.dialects.mlflow.translate.ids import hex_of, uid_of_hex
from strongroom.domain.artifacts.paths import clean_directory
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.tracking.spans import TRACE_ID

SCHEME = "mlflow-artifacts:/"
_MODELS, _TRACES, _ARTIFACTS, _VERSIONS = "models", "traces", "artifacts", "versions"


@dataclass(frozen=True, slots=True)
class Place:
    """Something inside a folder or tree. `kind` is run, logged_model, trace or version; the empty path is its root."""

    kind: str
    uid: str
    path: str


def run_root(experiment_id: str, run_uid: str) -> str:
    """The address of a run's folder."""
    return f"{SCHEME}{experiment_id}/{hex_of(run_uid)}/{_ARTIFACTS}"


def model_root(experiment_id: str, model_uid: str) -> str:
    """The address of a logged model's folder."""
    return f"{SCHEME}{experiment_id}/{_MODELS}/m-{hex_of(model_uid)}/{_ARTIFACTS}"


def experiment_root(experiment_id: str) -> str:
    """The address below which an experiment's folders lie."""
    return f"{SCHEME}{experiment_id}"


def version_root(version_uid: str) -> str:
    """The address of a version's tree."""
    return f"{SCHEME}{_VERSIONS}/{hex_of(version_uid)}"


def place_of(path: str) -> Place:
    """What a path behind the proxy means.

    :raises BadPath: see `clean_path`. :raises NotFound: nothing of ours can lie there.
    """
    match clean_directory(path).split("/"):
        case [first, key, *rest] if first == _VERSIONS:
            kind, uid = "version", uid_of_hex(key)
        case [_, models, key, artifacts, *rest] if (models, artifacts) == (_MODELS, _ARTIFACTS):
            kind, uid = "logged_model", uid_of_hex(key.removeprefix("m-"))
        case [_, traces, key, artifacts, *rest] if (traces, artifacts) == (_TRACES, _ARTIFACTS):
            kind, uid = "trace", _trace_id(key)
        case [_, key, artifacts, *rest] if artifacts == _ARTIFACTS:
            kind, uid = "run", uid_of_hex(key)
        case _:
            kind, uid, rest = "", None, []
    if uid is None:
        raise NotFound("Nothing of this server lies at that address.")
    return Place(kind, uid, "/".join(rest))


def _trace_id(key: str) -> str | None:
    """OpenTelemetry's id of a trace, by which its folder is found too."""
    found = key.removeprefix("tr-")
    return found if key.startswith("tr-") and TRACE_ID.fullmatch(found) else None


def file_place(path: str) -> Place:
    """The same, for a file. :raises Invalid: a root, which is a directory."""
    place = place_of(path)
    if not place.path:
        raise Invalid(f"Artifact path refers to a directory, not a file: '{path[:100]}'")
    return place


def proxied(uri: str) -> str | None:
    """The path behind the proxy that an address names; None of another scheme or another server's."""
    if not uri.startswith(SCHEME) or uri.startswith(SCHEME + "/"):
        return None
    return uri.removeprefix(SCHEME).strip("/")
