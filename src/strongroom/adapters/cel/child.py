"""Evaluates expressions that nobody trusts: a program of its own under hard limits, asked over its standard input.

A question is a frame (four bytes of length, then JSON): expressions and the data that they are about. Each expression
is answered by a frame of its own as soon as it is done, so that who asks knows at which one it stopped.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from functools import cache, lru_cache
from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, Final

MEMORY: Final = 512 << 20
ERROR_LONGEST: Final = 300
COMPILED_MOST: Final = 256
RULE_CPU_S: Final = 1
PR_SET_PDEATHSIG: Final = 1


@cache
def cel() -> ModuleType:
    """The library's own extension alone: its package would load a command line and what that is made of."""
    package = find_spec("cel")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("cel")
    (path,) = Path(package.submodule_search_locations[0]).glob("cel.*.so")
    loader = ExtensionFileLoader("cel.cel", str(path))
    spec = spec_from_file_location("cel.cel", path, loader=loader)
    assert spec is not None  # noqa: S101 - a loader was given
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


class Evaluator:
    """Compiles each expression once."""

    def __init__(self) -> None:
        self._compiled = lru_cache(COMPILED_MOST)(cel().compile)

    def about(self, view: dict[str, Any]) -> object:
        """The data in the library's own form: making it takes seven times as long as a rule does."""
        return cel().Context(variables=view)

    def answer(self, expression: str, view: object) -> bool | str:
        """A truth value, or why there is none. :param view: what `about` gave."""
        try:
            found = self._compiled(expression).execute(view)
        except Exception as error:  # noqa: BLE001 - the library raises what it likes; all of it is an answer
            said = str(error) or type(error).__name__
            return (f"nothing is called {said}" if isinstance(error, KeyError) else said)[:ERROR_LONGEST]
        return found if isinstance(found, bool) else "it gives no truth value"


def receive(stream: BinaryIO) -> Any:  # noqa: ANN401 - JSON
    """One frame; None at the end."""
    head = stream.read(4)
    return json.loads(stream.read(int.from_bytes(head, "big"))) if len(head) == 4 else None  # noqa: PLR2004


def framed(value: object) -> bytes:
    """A frame."""
    body = json.dumps(value, allow_nan=False).encode()
    return len(body).to_bytes(4, "big") + body


def main() -> None:
    """Answer until nobody asks any more, or whoever began us is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    evaluator = Evaluator()
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    while (asked := receive(sys.stdin.buffer)) is not None:
        spent = resource.getrusage(resource.RUSAGE_SELF)
        most = int(spent.ru_utime + spent.ru_stime + len(asked["expressions"]) * RULE_CPU_S) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        view = evaluator.about(asked["view"])
        for expression in asked["expressions"]:
            sys.stdout.buffer.write(framed(evaluator.answer(expression, view)))
            sys.stdout.buffer.flush()
    os._exit(0)
