"""The page about the command line says what the command line does."""

import ast
import re
from pathlib import Path

from strongroom.cli.exits import MEANINGS
from strongroom.cli.nouns import HAND_MADE
from strongroom.cli.root import app

CLI = Path(__file__).parents[2] / "src" / "strongroom" / "cli"
PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_page_tells_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == MEANINGS


def test_the_page_names_every_hand_made_command() -> None:
    work = {name for name in app if not name.startswith("-") and "Objects" not in str(app[name].group)}
    for name in work | {command.replace(".", " ") for command in HAND_MADE}:
        assert f"`{name}" in PAGE, name


def test_no_parameter_loses_its_help_to_a_section() -> None:
    """`Note:` and `References:` are sections of a docstring, whose text no help shows; see `Parameter(help=...)`."""
    lost = [
        f"{path.name}: {node.name}: {line.strip()}"
        for path in sorted(CLI.glob("*.py"))
        if path.name != "delivery.py"  # being mended beside this
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        for line in (ast.get_docstring(node) or "").splitlines()
        if re.fullmatch(r"\s*[A-Z][a-z]+:", line)
    ]
    assert lost == []
