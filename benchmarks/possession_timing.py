"""Does the time of an answer tell whether somebody else has the bytes? (domain.md N16)

A contributor sends, names and asks for bytes that only another principal has, and bytes that nobody has, in turn and
in random order, over HTTP to a real server. Reported for each way: the medians, and the area under the ROC curve, which
is the chance that one answer's time puts the two in the right order: 0.5 tells nothing.

    PYTHONPATH=src:. python benchmarks/possession_timing.py [--rounds 400]
"""

import argparse
import random
import statistics
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from pathlib import Path

from tests.support.api import real
from tests.support.api_world import Asked, World, digest, frame


def area(first: list[float], second: list[float]) -> float:
    ordered = sorted(first)
    below = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in second)
    return below / (2 * len(first) * len(second))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, real(Path(folder)) as server:
        world = World(server)
        theirs = {"kind": "run", "uid": world.run["uid"]}
        mine = {"kind": "run", "uid": world.do("run.create", {}, uid=world.experiment["uid"])["uid"]}

        def pair(size: int) -> list[tuple[str, bytes]]:
            known = random.randbytes(size)
            world.do("blob.send", body=frame(known), **theirs)
            return [("of somebody", known), ("of nobody", random.randbytes(size))]

        def ask(id_: str, make: Callable[[bytes], Asked]) -> None:
            times: dict[str, list[float]] = {"of somebody": [], "of nobody": []}
            for _ in range(rounds):
                both = pair(2_000)
                random.shuffle(both)
                for whose, body in both:
                    asked = make(body)
                    begun = time.perf_counter()
                    world.ask("contributor", id_, asked)
                    times[whose].append(time.perf_counter() - begun)
            somebody, nobody = times["of somebody"], times["of nobody"]
            medians = (f"{statistics.median(taken) * 1e3:.2f} ms" for taken in (somebody, nobody))
            print(f"{id_:13} somebody's {next(medians)}, nobody's {next(medians)}, area {area(somebody, nobody):.3f}")

        def naming(body: bytes) -> Asked:
            return Asked(mine, {}, {"entries": [{"path": "x", "sha256": digest(body)}]})

        ask("blob.missing", lambda body: Asked(mine, {}, {"digests": [digest(body)]}))
        ask("folder.put", naming)
        ask("upload.begin", lambda body: Asked(mine, {}, {"sha256": digest(body), "size": len(body)}))
        ask("blob.send", lambda body: Asked(mine, {}, body=frame(body)))
        ask("folder.upload", lambda body: Asked({**mine, "path": "x"}, {}, body=body))


if __name__ == "__main__":
    main()
