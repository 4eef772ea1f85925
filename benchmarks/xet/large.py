"""What is kept of 10 GB of chunks beside their bytes, and from that the figure for 1 TB."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from benchmarks.xet.bench import GIB, MIB, fresh, noise

FILES = 10
#: Bytes on the disk that must be left over.
SPARE = 5 * GIB


def ten_gigabytes(folder: Path, mib: int) -> None:
    """Files of pseudo-random blocks, `mib` altogether, one after the other; each is removed when it was sent."""
    free = shutil.disk_usage(folder).free
    if free < mib * MIB * 1.2 + SPARE:
        sys.exit(
            f"{free / 1e9:.0f} GB are free: too few for {mib * MIB / 1e9:.0f} GB and {SPARE / 1e9:.0f} GB to spare"
        )
    with fresh(folder / "large") as bench:
        before, stored_before = _settled(bench.folder), bench.stored()
        for number in range(FILES):
            path = bench.folder / f"{number}.bin"
            digest = noise(path, mib // FILES, 300 + number)
            bench.upload(path, "hf")
            bench.register(**{path.name: digest})
            path.unlink()
            shutil.rmtree(bench.folder / "hf")
        data, stored = mib // FILES * FILES * MIB, bench.stored() - stored_before
    metadata = _settled(bench.folder) - before
    beside = stored - data
    share = metadata / data
    print(f"\n{data / 1e9:.2f} GB in {FILES} files, sent by hf_xet: the database grew by {metadata / 1e6:.2f} MB, "
          f"{100 * share:.3f} % of the data; packs hold {beside / 1e6:.2f} MB beside it, {100 * beside / data:.3f} %. "
          f"1 TB at that rate: {share * 1e3:.2f} GB in the database.")  # fmt: skip


def _settled(folder: Path) -> int:
    """Bytes of the database, its log folded in."""
    database = folder / "data" / "strongroom.db"
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size
