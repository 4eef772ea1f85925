"""The log is JSON, and nothing in it looks like a secret."""

import json
import subprocess
import sys

import pytest

from strongroom.adapters.telemetry.logs import redact
from strongroom.domain.identity.tokens import RANDOM_BYTES, basic, basic_pair, bearer, comet, mint, neptune
from tests.http.processes import environment

TOKEN = mint(bytes(range(RANDOM_BYTES)))


@pytest.mark.parametrize(
    "spelling",
    [TOKEN.text, bearer(TOKEN), basic(TOKEN), basic_pair(TOKEN), f"x {TOKEN.text}, y", comet(TOKEN, "http://h")],
)
def test_no_spelling_of_a_token_is_logged(spelling: str) -> None:
    hidden = str(redact(spelling))
    assert TOKEN.secret not in hidden
    assert "[hidden]" in hidden


def test_what_stands_under_a_secrets_name_is_hidden() -> None:
    event = {
        "password": "p",
        "Authorization": "a",
        "nested": [{"api_key": "k"}],
        "token_id": "SR1",
        "neptune_token": neptune(TOKEN, "u"),
    }
    hidden = redact(event)
    assert hidden == {
        "password": "[hidden]",
        "Authorization": "[hidden]",
        "nested": [{"api_key": "[hidden]"}],
        "token_id": "SR1",
        "neptune_token": "[hidden]",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:pw@h/d", "postgresql://u:[hidden]@h/d"),
        ("s3://b/p?secret_access_key=abc&region=eu", "s3://b/p?secret_access_key=[hidden]&region=eu"),
        ("/setup?code=abcdef", "/setup?code=[hidden]"),
        ("nothing to hide here", "nothing to hide here"),
    ],
)
def test_secrets_in_addresses_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_every_line_is_json_also_from_other_libraries_and_with_a_traceback() -> None:
    code = f"""
import logging, structlog
from strongroom.adapters.telemetry import logs
logs.configure()
logging.getLogger("library").warning("login with %s", {TOKEN.text!r})
try:
    secret = {TOKEN.text!r}
    raise ValueError("bad: " + secret)
except ValueError as error:
    structlog.get_logger("ours").error("failed", exc_info=error)
    logging.getLogger("library").exception("failed too")
"""
    done = subprocess.run(  # noqa: S603 - our own program, no shell
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["warning", "error", "error"]
    assert all("Traceback" in line["exception"] for line in lines[1:])
    assert TOKEN.secret not in done.stderr
    assert done.stdout == ""


def test_the_line_of_a_request_is_like_all_others_and_redacts_its_path() -> None:
    """It is made without the way of the others, so nothing else would hold it to their form."""
    code = f"""
import logging, structlog
from strongroom.adapters.telemetry import logs
fields = dict(request_id="r", method="GET", path="/x/{TOKEN.text}", status=200, complete=True, bytes=3, ms=1.5)
logs.request(fields)
logs.configure()
structlog.get_logger("strongroom.access").info("request", **fields)
logs.request(fields)
logging.getLogger("strongroom.access").setLevel(logging.WARNING)
logs.request(fields)
"""
    done = subprocess.run(  # noqa: S603 - our own program, no shell
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    slow, fast = (json.loads(line) for line in done.stderr.splitlines())
    assert len(slow.pop("timestamp")) == len(fast.pop("timestamp"))
    assert slow == fast
    assert TOKEN.secret not in done.stderr
