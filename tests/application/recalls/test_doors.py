"""No way to bytes past the question whether they are recalled: every place that opens some is known here."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import strongroom

SOURCES: Final = Path(strongroom.__file__).parent
ASKS: Final = {"refuse_recalled", "refuse_file", "refuse_source", "is_recalled"}

#: module -> functions that ask, in the transaction that finds the bytes.
ASKING: Final = {
    "application/artifacts/reading.py": {"open_version_file", "open_revision_file", "open_folder_file"},
    "application/artifacts/sharing.py": {"share"},
    "application/events/facts.py": {"_files"},
    "application/evaluations/finding.py": {"open_rows"},
    "application/manifests/memories.py": {"_old"},
    "application/manifests/showing.py": {"load"},
    "application/manifests/statistics.py": {"show", "compare"},
    "application/recalls/chunked.py": {"refuse_source", "refuse_file"},
    "application/registry/comparing.py": {"_version", "_revision", "_card"},
    "application/registry/copying.py": {"_source", "_publish"},
    "application/registry/edits.py": {"_copy"},
    "application/registry/history.py": {"refuse_recalled_file"},
    "application/registry/sources.py": {"register_copy"},
    "application/xet/reconstructing.py": {"plan", "body_of"},
    "application/xet/tokens.py": {"grant"},
    "dialects/mlflow/operations/versions.py": {"download_uri"},
}
#: Places that read the store, and why what they read needs no question there.
READING: Final = {
    "application/artifacts/reading.py": "what `open_version_file` opened",
    "application/events/delivery.py": "what `facts.py` let through",
    "application/integrity/repairing.py": "the server itself",
    "application/manifests/packaging_files.py": "for what is being published",
    "application/manifests/sealing.py": "for what is being published",
    "application/registry/cards.py": "for what is being published, and the card of `main`",
    "application/registry/comparing.py": "cards that `_card` let through",
    "application/xet/rebuilding.py": "the store",
    "application/xet/store.py": "the store",
    "application/manifests/statistics.py": "the server itself; `show` and `compare` ask",
    "dialects/shared/files.py": "what a use case opened",
}


def trees(*areas: str) -> Iterator[tuple[str, ast.Module]]:
    for area in areas:
        for path in sorted((SOURCES / area).rglob("*.py")):
            yield path.relative_to(SOURCES).as_posix(), ast.parse(path.read_text())


def called(tree: ast.AST) -> Iterator[str]:
    """What is called, as `store.read`, `refuse_recalled`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_all_that_reads_the_store_is_known() -> None:
    """ "every pull": another way to the bytes fails here until somebody says why it asks, or need not."""
    found = {
        name
        for name, tree in trees("application", "dialects", "http", "web")
        if any(one.endswith(("store.read", ".examine")) for one in called(tree))
    }
    assert found == set(READING)


def test_all_that_opens_files_asks() -> None:
    asking: dict[str, set[str]] = {}
    for name, tree in trees("application", "dialects"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own = {one.rpartition(".")[2] for one in called(node)}
                if own & ASKS and name != "application/recalls/standing.py":
                    asking.setdefault(name, set()).add(node.name)
    for name, functions in ASKING.items():
        assert functions <= asking.get(name, set()), name
    opening = {name for name, tree in trees("application", "dialects") if "opening" in set(called(tree))}
    assert opening <= set(ASKING)
