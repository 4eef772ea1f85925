"""How a model is packaged: what the file ``MLmodel`` in a version's tree says of it, as typed values.

The file is content that anybody may have written, so it is data: read by key and type, bounded, never followed. Fields
that are there and cannot be understood become notes; only a file that is no mapping with flavors is unreadable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.domain.manifests import signature as signatures
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.signature import Column, Signature

PATH: Final = "MLmodel"
"""Where the file is in a version's tree."""
REQUIREMENTS: Final = "requirements.txt"
FILES: Final = ("conda.yaml", "constraints.txt", "python_env.yaml", REQUIREMENTS)
"""Files beside it that say what the model needs."""
PYFUNC: Final = "python_function"
FLAVORS_MOST: Final = 50
REQUIREMENTS_MOST: Final = 1_000
REQUIREMENT_LONGEST: Final = 500
TEXT_LONGEST: Final = 255
NOTES_MOST: Final = 20
NOTE_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Flavor:
    """One way to load the model. :ivar version: of the library that wrote it, where it says so."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Packaging:
    """A model as its MLmodel file describes it.

    :ivar flavor: the flavor that tells most: the one that `python_function` loads, else the first.
    :ivar input_example: path of a file of the version. :ivar requirements: lines of requirements.txt.
    :ivar requirement_files: those of `FILES` that are there. :ivar size: bytes that the client counted.
    :ivar environment: of the flavor `python_function`: names of files, or of variables that it wants.
    :ivar claimed_at: when the client says that it was made, as it spells it.
    """

    flavor: str
    flavors: tuple[Flavor, ...]
    signature: Signature | None
    input_example: str | None
    requirements: tuple[str, ...]
    requirement_files: tuple[str, ...]
    python_version: str | None
    mlflow_version: str | None
    size: int | None
    model_id: str | None
    model_uuid: str | None
    run_id: str | None
    claimed_at: str | None
    environment: Mapping[str, Plain]
    resources: Mapping[str, Plain]
    notes: tuple[str, ...]

    @property
    def version(self) -> str | None:
        """The version of the flavor that tells most."""
        return next((one.version for one in self.flavors if one.name == self.flavor), None)


class UnreadablePackagingError(Exception):
    """The file says nothing that could be kept; the text says why, for people."""


def has_signature(stated: Mapping[str, object], packaging: Packaging | None) -> bool:
    """Whether anything says what goes into a version and comes out: its publisher, or its MLmodel file."""
    return bool(stated) or (packaging is not None and packaging.signature is not None)


def read(value: Plain, requirements: Sequence[str] = (), files: Sequence[str] = ()) -> Packaging:
    """The packaging that a document says.

    :param requirements: lines of requirements.txt. :param files: those of `FILES` that are in the tree.
    :raises UnreadablePackagingError: it is no mapping, or has no flavors.
    """
    if not isinstance(value, Mapping):
        raise UnreadablePackagingError("it is no mapping.")
    flavors = value.get("flavors")
    if not isinstance(flavors, Mapping) or not flavors:
        raise UnreadablePackagingError("it names no flavors.")
    notes: list[str] = []
    if len(flavors) > FLAVORS_MOST:
        notes.append(f"flavors: {len(flavors)} of them, of which {FLAVORS_MOST} are read.")
    pyfunc = _mapping(flavors.get(PYFUNC))
    example = _mapping(value.get("saved_input_example_info"))
    signature = signatures.read(value.get("signature"), notes)
    said = [name for name in FILES if name in files]
    return Packaging(
        flavor=_flavor(flavors, pyfunc),
        flavors=tuple(_flavors(flavors)),
        signature=signature,
        input_example=_text(example.get("artifact_path")),
        requirements=tuple(line[:REQUIREMENT_LONGEST] for line in requirements[:REQUIREMENTS_MOST]),
        requirement_files=tuple(said),
        python_version=_text(pyfunc.get("python_version")),
        mlflow_version=_text(value.get("mlflow_version")),
        size=_size(value.get("model_size_bytes")),
        model_id=_text(value.get("model_id")),
        model_uuid=_text(value.get("model_uuid")),
        run_id=_text(value.get("run_id")),
        claimed_at=_text(value.get("utc_time_created")),
        environment=_environment(pyfunc.get("env"), value.get("env_vars")),
        resources=_mapping(value.get("resources")),
        notes=tuple(note[:NOTE_LONGEST] for note in notes[:NOTES_MOST]),
    )


def requirement_lines(text: str) -> list[str]:
    """The lines of a requirements.txt that are no comment and not empty."""
    lines = (line.split(" #", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def comparable(packaging: Packaging | None) -> Mapping[str, Plain]:
    """What two packagings are compared by: not what every registration has of its own (ids, times, sizes).

    Columns are compared by their names where each has one of its own, else by their places.
    """
    if packaging is None:
        return {}
    found = packaging.signature
    sides: dict[str, Plain] = {}
    if found is not None:
        sides["inputs"], sides["outputs"] = _by_name(found.inputs), _by_name(found.outputs)
        sides["params"] = {one.name: {"type": one.type, "default": one.default} for one in found.params or ()}
    return {
        "flavors": {one.name: one.version for one in packaging.flavors},
        "signature": sides or None,
        "input_example": packaging.input_example,
        "requirements": _pinned(packaging.requirements),
        "python_version": packaging.python_version,
        "mlflow_version": packaging.mlflow_version,
    }


def _by_name(columns: Sequence[Column] | None) -> Plain:
    if columns is None:
        return None
    names = [one.name for one in columns if one.name is not None]
    told: list[Plain] = [
        {"type": one.type, "required": one.required, **({} if one.shape is None else {"shape": list(one.shape)})}
        for one in columns
    ]
    if len(set(names)) == len(columns):
        return dict(zip(names, told, strict=True))
    return told


def _pinned(lines: Sequence[str]) -> Plain:
    """Requirements by the name that they begin with."""
    found: dict[str, Plain] = {}
    for line in lines:
        name = "".join(sign if sign.isalnum() or sign in "-_." else " " for sign in line).split(" ", 1)[0]
        found[name or line] = line
    return found


def _flavors(flavors: Mapping[str, Plain]) -> list[Flavor]:
    return [Flavor(name[:TEXT_LONGEST], _version(name, _mapping(one))) for name, one in _first(flavors)]


def _first(flavors: Mapping[str, Plain]) -> list[tuple[str, Plain]]:
    return list(flavors.items())[:FLAVORS_MOST]


def _version(name: str, flavor: Mapping[str, Plain]) -> str | None:
    """``sklearn_version``, or whatever it calls it (``lgb_version``); that of Python is another thing."""
    keys = [f"{name}_version", *sorted(key for key in flavor if key.endswith("_version") and key != "python_version")]
    return next((found for key in keys if (found := _text(flavor.get(key))) is not None), None)


def _flavor(flavors: Mapping[str, Plain], pyfunc: Mapping[str, Plain]) -> str:
    module = _text(pyfunc.get("loader_module")) or ""
    names = [name for name, _ in _first(flavors)]
    loaded = module.removeprefix("mlflow.").split(".")[0]
    others = sorted(name for name in names if name != PYFUNC)
    chosen = loaded if loaded in names else (others or names)[0]
    return chosen[:TEXT_LONGEST]


def _environment(env: Plain, variables: Plain) -> Mapping[str, Plain]:
    found: dict[str, Plain] = {}
    if isinstance(env, Mapping):
        found.update(env)
    elif isinstance(env, str):  # as MLflow 1 wrote it
        found["conda"] = env
    if isinstance(variables, list):
        found["variables"] = [one for one in variables if isinstance(one, str)]
    return found


def _mapping(value: Plain) -> Mapping[str, Plain]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Plain) -> str | None:
    """A short text; a number that YAML made of a version is a text again."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)[:TEXT_LONGEST] or None


def _size(value: Plain) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
