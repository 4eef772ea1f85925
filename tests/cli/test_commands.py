"""Every operation of the API has a command, and every command explains itself."""

import contextlib
import io
import subprocess
import sys

import pytest
from cyclopts import App

from strongroom.cli import exits, nouns
from strongroom.cli.__main__ import main
from strongroom.cli.root import app
from strongroom.dialects.native.routes import OPERATIONS
from tests.sdk.server import CLI, environment

IDS = sorted(operation.id for operation in OPERATIONS)


def found(words: tuple[str, ...]) -> App:
    here = app
    for word in words:
        here = here[word]
    return here


@pytest.mark.parametrize("operation", IDS)
def test_every_operation_has_a_command(operation: str) -> None:
    assert found(nouns.path_of(operation)).default_command is not None


@pytest.mark.parametrize("operation", IDS)
def test_every_command_explains_itself(operation: str) -> None:
    words = nouns.path_of(operation)
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main([*words, "--help"]) == 0
    assert text.getvalue().startswith(f"Usage: strongroom {' '.join(words)}")
    assert "--json" in text.getvalue()


def test_every_noun_is_told_of() -> None:
    at_root = {operation for operation in IDS if operation in nouns.AT_ROOT}
    own = {command.partition(".")[0] for command in nouns.HAND_MADE}
    assert {operation.partition(".")[0] for operation in set(IDS) - at_root} | own == set(nouns.HELP)


def test_the_server_is_mounted_and_not_imported() -> None:
    program = "import sys; from strongroom.cli.root import app; print([m for m in sys.modules if 'cli' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    for name in ("serve", "admin", "maintenance"):
        assert f"strongroom.cli.{name}" not in done.stdout
    for name in ("serve", "admin", "backup", "restore", "migrate"):
        help_ = subprocess.run(  # noqa: S603 - our own program
            [*CLI, name, "--help"], env=environment(), capture_output=True, text=True, check=True
        )
        assert name in help_.stdout


def test_every_upkeep_command_is_mounted() -> None:
    from strongroom.cli import maintenance

    assert {name for name in maintenance.app if not name.startswith("-")} <= set(app)


def test_help_tells_the_exit_codes() -> None:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main(["--help"]) == 0
    assert all(f"{code}: " in text.getvalue() for code in exits.MEANINGS)


def test_completion_scripts_are_made() -> None:
    for shell in ("bash", "zsh", "fish"):
        script = app.generate_completion(shell=shell)
        assert "strongroom" in script
        assert "rollback" in script


@pytest.mark.parametrize("words", [["nonsense"], ["pull"], ["alias", "set", "x"], ["ls", "--limit", "x"]])
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == exits.USAGE
    assert capsys.readouterr().out == ""
