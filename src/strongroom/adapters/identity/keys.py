"""The audit log's Ed25519 keys in a folder: ``log-key-0001.json`` and so on, one file a generation.

A file is ``{"strongroom_log_key":1,"generation":n,"origin":...,"valid_from":size,"public":...,"seed":...}``, for its
owner only. It is complete before it bears its name, is never written again, and no two processes make the same
generation. Old generations stay: what they signed must be verifiable for ever.
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from strongroom.adapters.identity.ed25519 import Signer
from strongroom.domain.audit.export import MAX_KEYS, LogKey
from strongroom.domain.audit.note import VerifierKey
from strongroom.domain.errors import Conflict, Corrupted, Invalid

_FORMAT = 1
_SEED = 32
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Generation:
    """One key of the log, and the log's size from which on it signs."""

    number: int
    valid_from: int
    signer: Signer


class LogKeys:
    """All keys of one log, oldest first."""

    def __init__(self, folder: Path, origin: str, generations: tuple[Generation, ...]) -> None:
        self._folder, self._origin, self._generations = folder, origin, generations

    @classmethod
    def open(cls, folder: Path, origin: str) -> Self:
        """Load the keys in the folder, making folder and first key if there are none.

        :param origin: the log's name; it names the keys.
        :raises Invalid: the origin cannot name a key, the folder's keys are another log's, or others may read them.
        :raises Corrupted: a file is damaged or a generation is missing.
        """
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(folder.parent)
        if not _files(folder):
            _create(folder, origin, number=1, valid_from=0)
        return cls(folder, origin, _load(folder, origin))

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._origin

    @property
    def current(self) -> Signer:
        """The key that signs now."""
        return self._generations[-1].signer

    @property
    def header(self) -> tuple[LogKey, ...]:
        """The public halves with the sizes they are valid from, as an export's header names them."""
        return tuple(LogKey(one.signer.key, one.valid_from) for one in self._generations)

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The public halves, oldest first."""
        return tuple(one.signer.key for one in self._generations)

    def signers(self, size: int) -> tuple[Signer, ...]:
        """Who must sign the checkpoint of that size: the key of that time, and its predecessor where it takes over."""
        started = [one for one in self._generations if one.valid_from <= size]
        takes_over = len(started) > 1 and started[-1].valid_from == size
        return tuple(one.signer for one in started[-2 if takes_over else -1 :])

    def rotate(self, size: int) -> Self:
        """Make a new generation that takes over at the log's present size; it is on disk when this returns.

        The checkpoint of that size must be signed again, by `signers`, old and new.

        :raises Invalid: the size lies before the present key's own, or there are `MAX_KEYS` generations.
        :raises Conflict: the size is the one at which the present key took over, or another process was faster.
        """
        last = self._generations[-1]
        if size < last.valid_from or last.number >= MAX_KEYS:
            raise Invalid("A log's key is replaced at the log's size, and at most 63 times.", size=size)
        if size == last.valid_from and last.number > 1:
            raise Conflict("The log's key was replaced at this very size; append a record first.", size=size)
        if not _create(self._folder, self._origin, number=last.number + 1, valid_from=size):
            raise Conflict("Another process has replaced the log's key just now.")
        return type(self)(self._folder, self._origin, _load(self._folder, self._origin))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("log-key-[0-9][0-9][0-9][0-9].json"))


def _create(folder: Path, origin: str, *, number: int, valid_from: int) -> bool:
    """Write a new generation durably; ``False`` if that generation exists."""
    seed = secrets.token_bytes(_SEED)
    signer = Signer(origin, seed)
    content = {
        "strongroom_log_key": _FORMAT,
        "generation": number,
        "origin": origin,
        "valid_from": valid_from,
        "public": str(signer.key),
        "seed": base64.b64encode(seed).decode("ascii"),
    }
    temporary = folder / f".log-key-{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(content).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, folder / f"log-key-{number:04}.json")
        except FileExistsError:
            return False
    finally:
        temporary.unlink()
    _sync(folder)
    return True


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load(folder: Path, origin: str) -> tuple[Generation, ...]:
    generations = tuple(_read(path, origin) for path in _files(folder))
    sizes = [one.valid_from for one in generations]
    if [one.number for one in generations] != list(range(1, len(generations) + 1)) or sizes != sorted(sizes):
        raise Corrupted("A generation of the log's keys is missing or out of order.", folder=str(folder))
    return generations


def _read(path: Path, origin: str) -> Generation:
    if path.stat().st_mode & _OTHERS:
        raise Invalid(f"The log's key {path.name} may be read by others; make it private with chmod 600.")
    try:
        content = json.loads(path.read_bytes())
        number, valid_from = int(content["generation"]), int(content["valid_from"])
        signer = Signer(content["origin"], base64.b64decode(content["seed"], validate=True))
        intact = content["strongroom_log_key"] == _FORMAT and str(signer.key) == content["public"]
    except (ValueError, KeyError, TypeError, Invalid) as error:
        raise Corrupted(f"The log's key file {path.name} cannot be read.") from error
    if not intact or path.name != f"log-key-{number:04}.json":
        raise Corrupted(f"The log's key file {path.name} does not hold what was written.")
    if signer.key.name != origin:
        raise Invalid(f"The keys in this folder are those of the log {signer.key.name}, not of {origin}.")
    return Generation(number, valid_from, signer)
