"""The set-up link: works once, only from our own page, and gives a token that administers the server."""

import html
import re

import httpx
import pytest

from strongroom.application.identity import setup
from strongroom.bootstrap.server import Server, setup_code
from tests.http.conftest import connect

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.anyio


@pytest.fixture
async def code(server: Server) -> str:
    made = await setup_code(server)
    assert made is not None
    return made


async def send(client: httpx.AsyncClient, code: str, **more: str) -> httpx.Response:
    headers = {"Origin": more.pop("origin", "http://localhost")}
    return await client.post(
        "/setup", data={"code": code, "name": "ann", "password": PASSWORD, **more}, headers=headers
    )


async def test_the_form_makes_the_first_admin_and_shows_its_token_once(
    server: Server, client: httpx.AsyncClient, code: str
) -> None:
    form = await client.get("/setup", params={"code": code})
    assert form.status_code == 200
    assert code in form.text
    done = await send(client, code)
    assert done.status_code == 200
    assert done.headers["cache-control"] == "no-store"
    found = re.search(r"sr_\w+", done.text)
    assert found
    async with connect(server, found[0]) as admin:
        made = await admin.post("/api/v1/workspaces", json={"slug": "other"})
        assert made.status_code == 201, made.text
    again = await send(client, code)
    assert again.status_code == 401
    assert "sr_" not in again.text


async def test_a_wrong_code_opens_nothing(client: httpx.AsyncClient, code: str) -> None:
    for wrong in ("", "x", code[:-1], code[:-1] + ("A" if code[-1] != "A" else "B"), "é" * 30, "x" * 5000):
        answer = await client.get("/setup", params={"code": wrong})
        assert answer.status_code == 401
        assert (await send(client, wrong)).status_code == 401
    assert (await client.get("/setup", params={"code": code})).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost.evil.example", ""])
async def test_a_form_from_another_site_is_refused(client: httpx.AsyncClient, code: str, origin: str) -> None:
    assert (await send(client, code, origin=origin)).status_code == 403
    assert (await client.get("/setup", params={"code": code})).status_code == 200


async def test_a_form_that_a_browser_calls_cross_site_is_refused(client: httpx.AsyncClient, code: str) -> None:
    fields = {"code": code, "name": "ann", "password": PASSWORD}
    answer = await client.post("/setup", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


async def test_a_bad_name_or_password_is_explained_and_the_code_stays_good(
    client: httpx.AsyncClient, code: str
) -> None:
    short = await send(client, code, password="short")
    assert short.status_code == 400
    assert "at least 12 characters" in short.text
    hostile = await send(client, code, name='"><script>alert(1)</script>')
    assert hostile.status_code in {200, 400}
    assert "<script" not in hostile.text
    if hostile.status_code == 400:
        assert html.escape('"><script>') in hostile.text
        assert (await send(client, code)).status_code == 200


async def test_what_is_no_form_is_refused(client: httpx.AsyncClient, code: str) -> None:
    for body in (b"\xff\xfe", b"x" * 20_000, b"&".join(b"a=%d" % n for n in range(50))):
        answer = await client.post("/setup", content=body, headers={"Origin": "http://localhost"})
        assert 400 <= answer.status_code < 500
    assert (await client.get("/setup", params={"code": code})).status_code == 200


async def test_the_first_page_says_whether_the_server_is_set_up(
    server: Server, client: httpx.AsyncClient, code: str
) -> None:
    assert "no user yet" in (await client.get("/")).text
    assert (await send(client, code)).status_code == 200
    assert "is set up" in (await client.get("/")).text
    assert await setup_code(server) is None


async def test_a_new_link_voids_the_one_before(server: Server, client: httpx.AsyncClient, code: str) -> None:
    newer = await server.services.gateway.executor.command(setup.prepare)
    assert newer is not None
    assert (await client.get("/setup", params={"code": code})).status_code == 401
    assert (await client.get("/setup", params={"code": newer})).status_code == 200
