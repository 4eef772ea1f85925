"""Files in chunks against the same bytes sent whole, on fresh servers with SQLite and a folder on this machine.

    .venv/bin/python -m benchmarks.xet                    all but the last: some minutes, 7 GB of disk
    .venv/bin/python -m benchmarks.xet --rivals           versions in DVC and MLflow too: 12 GB of disk
    .venv/bin/python -m benchmarks.xet --ten-gigabytes    only what metadata 10 GB take, and 1 TB would: 17 GB of disk
    .venv/bin/python -m benchmarks.xet --only transfers   one of: transfers, insertion, versions, memory

Needs hf_xet: make .venv-huggingface/.stamp; MLflow as rival: make .venv-mlflow/.stamp. DVC it installs itself, in
.cache/bench-dvc. Prints Markdown for benchmarks/RESULTS.md. All is bounded, and all files are removed at the end.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.xet import transfers, versions
from benchmarks.xet.bench import fresh
from benchmarks.xet.large import ten_gigabytes

PARTS = ("transfers", "insertion", "versions", "memory")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--mib", type=int, default=1024, help="of the file that is sent and fetched")
    parser.add_argument("--rounds", type=int, default=3, help="of transfers; the best counts")
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--version-mib", type=int, default=500)
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--ten-gigabytes", action="store_true")
    parser.add_argument("--large-mib", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strongroom-xet-") as name:
        if given.ten_gigabytes:
            ten_gigabytes(Path(name), given.large_mib)
        else:
            measure(Path(name), given)


def measure(folder: Path, given: argparse.Namespace) -> None:
    parts = (given.only,) if given.only else PARTS
    if "transfers" in parts:
        figures = transfers.Transfers(given.mib)
        for number in range(given.rounds):
            with fresh(folder / f"transfers{number}") as bench:
                figures.round(bench, number)
            shutil.rmtree(folder / f"transfers{number}")
        figures.print()
    if "insertion" in parts:
        with fresh(folder / "insertion") as bench:
            transfers.inserted(bench, given.mib)
    if "memory" in parts:
        with fresh(folder / "memory") as bench:
            transfers.memory(bench, given.mib)
    if "versions" in parts:
        versions.table(folder / "versions", given.versions, given.version_mib, rivals=given.rivals)


if __name__ == "__main__":
    main()
