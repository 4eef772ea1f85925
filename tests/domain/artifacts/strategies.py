"""Generated entries and trees without clashes."""

from collections.abc import Sequence
from hashlib import sha256

from hypothesis import strategies as st

from strongroom.domain.artifacts.paths import clean_path, is_under
from strongroom.domain.artifacts.tree import Entry, FileEntry, MountEntry, ReferenceEntry
from strongroom.domain.errors import BadPath

DIGESTS = st.integers(0, 9).map(lambda n: sha256(str(n).encode()).hexdigest())
URIS = st.sampled_from(["s3://bucket/key with space", "strongroom:a/b", "hf://o/m?x=1#y", "gs://b/模"])
PINS = st.sampled_from([None, "sha256:" + "0" * 64, "etag:é"])
SIZES = st.one_of(st.integers(0, 300), st.integers(0, 2**63 - 1))
SEGMENTS = st.text(st.sampled_from("abc-.0é模 "), min_size=1, max_size=3)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)


def entries_at(path: str) -> st.SearchStrategy[Entry]:
    """Any entry at this path."""
    return st.one_of(
        st.builds(FileEntry, st.just(path), DIGESTS, SIZES),
        st.builds(ReferenceEntry, st.just(path), URIS, st.one_of(st.none(), SIZES), PINS),
        st.builds(MountEntry, st.just(path), URIS, PINS),
    )


def _is_clean(path: str) -> bool:
    try:
        return clean_path(path) == path
    except BadPath:
        return False


def _without_clashes(paths: Sequence[str]) -> list[str]:
    return sorted(p for p in paths if _is_clean(p) and not any(is_under(p, q) for q in paths))


TREES: st.SearchStrategy[list[Entry]] = (
    st.lists(PATHS, max_size=12, unique=True)
    .map(_without_clashes)
    .flatmap(lambda paths: st.tuples(*map(entries_at, paths)).map(list))
)


def file(path: str, content: object = "") -> FileEntry:
    """A file whose digest is that of `content` as text."""
    return FileEntry(path, sha256(str(content).encode()).hexdigest(), len(str(content)))


def large_tree(files: int = 100_000, directories: int = 100) -> list[Entry]:
    """Many small files, evenly over directories, ascending."""
    each = files // directories
    return [file(f"d{d:03}/model-{f:05}.bin", (d, f)) for d in range(directories) for f in range(each)]
