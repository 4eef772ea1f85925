"""`access review` as a table, JSON and CSV."""

import csv
import io
import json

import pytest

from strongroom.cli import exits
from strongroom.cli.__main__ import main
from strongroom.sdk import Client
from tests.sdk.server import Served


def test_a_review_says_who_may_do_what(
    served: Served, client: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_URL", served.url)
    monkeypatch.setenv("STRONGROOM_TOKEN", served.token)
    formula = client.principals.create("=cmd()", kind="service")
    client.grants.create(formula.uid, "maintainer")
    assert main(["access", "review", "--csv"]) == exits.OK
    found = {row["name"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert (found["'=cmd()"]["role"], found["'=cmd()"]["tokens"]) == ("maintainer", "0"), (
        "no spreadsheet reckons with it"
    )
    assert found["boss"]["role"] == "admin"
    assert int(found["boss"]["tokens"]) >= 1
    assert main(["access", "review", "--permission", "release:place", "--json"]) == exits.OK
    assert "=cmd()" in {one["principal"]["name"] for one in json.loads(capsys.readouterr().out)}
    assert main(["access", "review", "--permission", "policy:write"]) == exits.OK
    said = capsys.readouterr().out
    assert "boss" in said
    assert "=cmd()" not in said
    assert main(["access", "review", "--permission", "release:fly"]) == exits.FAILURE
