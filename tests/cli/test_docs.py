"""The page about the command line says what the command line does."""

import re
from pathlib import Path

from strongroom.cli.exits import MEANINGS
from strongroom.cli.nouns import HAND_MADE
from strongroom.cli.root import app

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_page_tells_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == MEANINGS


def test_the_page_names_every_hand_made_command() -> None:
    work = {name for name in app if not name.startswith("-") and "Objects" not in str(app[name].group)}
    for name in work | {command.replace(".", " ") for command in HAND_MADE}:
        assert f"`{name}" in PAGE, name
