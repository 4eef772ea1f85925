"""The demonstration, as `make demo` runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import free_port

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo.py"
SAID = (
    "the same numbers in both",
    "input from",
    "version clinic/breast-cancer:1",
    "champion is version 2 again; a second process pulls version 2",
    "as a key that you trust signed them",
    "are damaged",
    "was edited: its text does not have the hash",
    "put right, the log verifies again",
)


@pytest.mark.timeout(240)
def test_the_main_job_runs_end_to_end_on_real_data(tmp_path: Path) -> None:
    """ "it starts the server …, trains three …, registers versions 1-3 …, pulls `champion` in a second process and
    predicts the same numbers, prints the lineage …, answers "what was champion at time T", rolls the alias back,
    verifies the audit log offline, and shows that a flipped bit … and an edited audit row are both caught and named";
    "progress is visible, warnings are not"."""
    command = [sys.executable, str(DEMO), "--stop", "--port", str(free_port()), "--place", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in SAID if line not in done.stdout] == []
    assert "warning" not in (done.stdout + done.stderr).lower()
