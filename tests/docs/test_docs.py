"""What the documents state of the code, compared with the code; and the script for recovery by hand, run."""

import dataclasses
import importlib
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest
from cyclopts import Parameter

from strongroom.adapters.sql.tables import metadata
from strongroom.adapters.telemetry import scrubbing
from strongroom.bootstrap.settings import Serving, Storage
from strongroom.cli import root
from strongroom.cli.exits import MEANINGS
from strongroom.cli.nouns import HELP
from strongroom.cli.serve import CONFIG_VARIABLE
from strongroom.dialects.native.errors import STATUS
from strongroom.domain.artifacts.pages import build, encode_root
from strongroom.domain.artifacts.tree import Entry, FileEntry, MountEntry, ReferenceEntry, listing, tree_digest
from strongroom.domain.audit import findings
from strongroom.domain.audit.findings import Finding
from strongroom.domain.audit.record import AuditRecord
from strongroom.domain.errors import DomainError
from strongroom.domain.identity.roles import RULES
from strongroom.domain.registry.kinds import Kind
from strongroom.http.access import REQUESTS, RUNNING, SECONDS, SENT

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CODE = re.compile(r"`([^`\n]+)`")
UNITS = {
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
    "seconds": 1,
    "minutes": 60,
    "hours": 3600,
    "days": 24 * 3600,
}


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def tables(text: str) -> Iterator[list[str]]:
    """The cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def rows_under(text: str, header: str) -> list[list[str]]:
    """The rows of the table that has this header line."""
    rows = text.split(header, 1)[1].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if not row.startswith("|---") and row]


def words_in_code(text: str) -> set[str]:
    return set(CODE.findall(text))


def every(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("strongroom."):
            yield below
            yield from every(below)


def test_every_error_code_is_described_with_its_status() -> None:
    described = {row[0].strip("`"): int(row[1]) for row in rows_under(text_of("api.md"), "| code | status | meaning |")}
    assert described == {error.code: STATUS[error] for error in every(DomainError)}


def test_the_table_of_permissions_is_the_one_in_the_code() -> None:
    header = "| permission | least role | lowest level of the grant |"
    described = [(row[0].strip("`"), row[1], row[2]) for row in rows_under(text_of("security.md"), header)]
    assert described == [(p.value, rule.role.name.lower(), rule.level.name.lower()) for p, rule in RULES.items()]


def settings() -> Iterator[tuple[str, str]]:
    """Flag and variable of everything that `serve` can be told."""
    for group in (Storage, Serving):
        hints = get_type_hints(group, include_extras=True)
        for field in dataclasses.fields(group):
            hint = hints[field.name]
            assert get_origin(hint) is Annotated
            (parameter,) = [one for one in get_args(hint) if isinstance(one, Parameter)]
            (variable,) = parameter.env_var or ()
            yield f"--{field.name.replace('_', '-')}", variable


def test_every_flag_and_variable_of_the_server_is_described() -> None:
    rows = rows_under(text_of("operations.md"), "| flag | variable | default | what |")
    described = {row[0].strip("`"): row[1].strip("`") for row in rows}
    assert described == {**dict(settings()), "": CONFIG_VARIABLE}


def test_every_variable_that_the_code_reads_is_described() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    read = set(re.findall(r"[\"'](STRONGROOM_[A-Z_]+)[\"']", sources))
    described = words_in_code(text_of("operations.md"))
    assert read <= described
    mentioned = {word for path in DOCS.glob("*.md") for word in re.findall(r"STRONGROOM_[A-Z_]+", text_of(path.name))}
    assert mentioned <= read


def test_every_variable_of_opentelemetry_that_the_code_asks_for_is_described() -> None:
    source = (ROOT / "src/strongroom/adapters/telemetry/tracing.py").read_text(encoding="utf-8")
    asked = set(re.findall(r"\"(OTEL_[A-Z_]+)\"", source))
    described = set(re.findall(r"OTEL_[A-Z_]+", text_of("operations.md")))
    assert asked == described


def limits() -> list[tuple[str, str]]:
    rows = rows_under(text_of("security.md"), "| what | limit | constant |")
    return [(row[2].strip("`"), row[1]) for row in rows]


@pytest.mark.parametrize(("constant", "stated"), limits())
def test_a_limit_is_the_constant(constant: str, stated: str) -> None:
    module, _, name = constant.partition(":")
    number, _, unit = stated.replace(",", "").partition(" ")
    factor = UNITS[unit] if unit else 1
    if name.endswith("_US"):
        factor *= 1_000_000
    assert getattr(importlib.import_module(f"strongroom.{module}"), name) == int(number) * factor


def test_every_exit_code_is_described() -> None:
    rows = rows_under(text_of("api.md"), "| exit code | meaning |")
    assert {int(code): meaning for code, meaning in rows} == MEANINGS


def test_every_metric_is_described() -> None:
    described = words_in_code(text_of("operations.md"))
    scrub = (scrubbing.BLOBS, scrubbing.BYTES, scrubbing.FOUND, scrubbing.DAMAGED)
    metrics = (REQUESTS, SECONDS, SENT, RUNNING, *scrub)
    for metric in metrics:
        (family,) = metric.describe()
        ending = "_total" if family.type == "counter" else ""
        assert f"{family.name}{ending}" in described


def test_every_table_of_the_database_is_described() -> None:
    section = text_of("storage-format.md").split("### Tables", 1)[1].split("\n### ", 1)[0]
    described = {word for row in tables(section) for word in CODE.findall(row[1])}
    assert described == set(metadata.tables)


def test_every_finding_of_the_verifier_is_described() -> None:
    found = {
        name
        for name, kind in vars(findings).items()
        if isinstance(kind, type) and issubclass(kind, Finding) and kind is not Finding and not name.startswith("_")
    }
    rows = rows_under(text_of("audit.md"), "| finding | what it means |")
    assert {word for row in rows for word in CODE.findall(row[0])} == found


def test_every_field_of_an_audit_record_is_described() -> None:
    rows = rows_under(text_of("audit.md"), "| field | what |")
    assert {row[0].strip("`") for row in rows} == {"v", *(field.name for field in dataclasses.fields(AuditRecord))}


def test_every_kind_of_asset_is_in_the_glossary() -> None:
    (row,) = [row for row in tables(text_of("glossary.md")) if row[0] == "kind"]
    assert row[1].partition(": ")[2].split(", ") == [kind.value for kind in Kind]


def test_every_command_in_the_documents_exists() -> None:
    known = {*root._WORK, *root.SERVER_COMMANDS, *(noun.replace("_", "-") for noun in HELP)}
    named = {
        word
        for path in [*DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md"]
        for word in re.findall(
            r"(?:^|`|[|;&] )strongroom ([a-z][a-z_-]*)\b", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert named <= known


def script(name: str) -> str:
    """A Python script out of the storage format, as somebody would paste it."""
    return text_of("storage-format.md").split(f"cat > {name} <<'PY'\n", 1)[1].split("\nPY\n", 1)[0] + "\n"


ENTRIES: dict[str, list[Entry]] = {
    "one file": [FileEntry("a", "00" * 32, 0)],
    "many files": [FileEntry(f"data/{n:05}.bin", f"{n:064x}", n * 1000) for n in range(5000)],
    "references and mounts": [
        FileEntry("a/b", "ab" * 32, 2**40),
        MountEntry("data", "s3://bucket/prefix/"),
        ReferenceEntry("r/ä", "https://example.com/x", 0, "sha256:1"),
        ReferenceEntry("r/ö", "https://example.com/y"),
    ],
}


@pytest.mark.parametrize("name", ENTRIES)
def test_the_script_for_recovery_reads_a_version_by_hand(name: str, tmp_path: Path) -> None:
    entries = ENTRIES[name]
    digest = tree_digest(entries)
    tree_root, pages = build(entries)
    database = tmp_path / "strongroom.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE tree (digest TEXT, root BLOB)")
        connection.execute("CREATE TABLE tree_page (digest TEXT, body BLOB)")
        connection.execute("INSERT INTO tree VALUES (?, ?)", [digest, encode_root(tree_root)])
        connection.executemany("INSERT INTO tree_page VALUES (?, ?)", pages.items())
        connection.commit()
    (tmp_path / "files.py").write_text(script("files.py"), encoding="utf-8")
    command = [sys.executable, "-I", "-X", "utf8", "files.py", str(database), digest]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)  # noqa: S603 - our own document
    assert ran.stdout.decode() == "".join(listing(entries))
