"""What holds for every request, whatever it asks for."""

import httpx
import pytest

from strongroom.bootstrap.server import Server
from strongroom.domain.errors import StorageFull
from strongroom.http.guards import host_name
from tests.http.conftest import connect

pytestmark = pytest.mark.anyio


async def test_errors_of_the_router_are_problems(client: httpx.AsyncClient) -> None:
    for method, address, status in [("GET", "/nope", 404), ("PUT", "/", 405), ("GET", "/api/v1/nope", 404)]:
        answer = await client.request(method, address)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_sane_request_id_is_kept_and_any_other_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/healthz", headers={"X-Request-Id": "trace-0123.ABC"})
    assert kept.headers["x-request-id"] == "trace-0123.ABC"
    for bad in ("short", "x" * 65, "a b c d e f g h", "ümläut-ümläut"):
        other = await client.get("/healthz", headers=[(b"X-Request-Id", bad.encode("latin-1"))])
        assert other.headers["x-request-id"] != bad
        assert len(other.headers["x-request-id"]) == 32


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for address in ("/", "/nope", "/healthz", "/api/v1/assets"):
        headers = (await client.get(address)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]"])
async def test_a_host_that_nobody_allowed_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "--allowed-host" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["registry.example", "REGISTRY.example:8600", "127.0.0.1:1", "[::1]:80", "localhost"])
async def test_a_host_that_is_allowed_is_answered(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/", headers={"Host": host})).status_code == 200


async def test_probes_are_answered_whatever_the_host(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz", headers={"Host": "10.0.0.3"})).status_code == 200
    assert (await client.get("/readyz", headers={"Host": "10.0.0.3"})).status_code == 200


def test_the_name_in_a_host_header() -> None:
    assert [host_name(text) for text in ("A.b:80", "[::1]:80", "[::1]", "a")] == ["a.b", "::1", "::1", "a"]


async def test_endless_addresses_and_floods_of_headers_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz", params={"q": "x" * 9000})).status_code == 414
    assert (await client.get("/healthz", headers={f"x-{n}": "1" for n in range(101)})).status_code == 431
    assert (await client.get("/healthz", headers={"x-long": "1" * 33_000})).status_code == 431


async def test_a_workspace_in_the_address_is_the_one_that_answers(server: Server, token: str) -> None:
    async with connect(server, token) as client:
        assert (await client.get("/w/default/api/v1/assets")).status_code == 200
        for unknown in ("nope", "Default", "%2e%2e", "default%20"):
            answer = await client.get(f"/w/{unknown}/api/v1/assets")
            assert answer.status_code == 404, unknown
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/w/default/healthz")).status_code == 404


async def test_an_unexpected_error_is_a_problem_without_internals(
    server: Server, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("secret internals")

    monkeypatch.setattr(type(server.services.gateway.executor), "read", explode)
    answer = await client.get("/api/v1/assets")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_head_answers_like_a_get_without_the_body(client: httpx.AsyncClient) -> None:
    whole, head = await client.get("/healthz"), await client.head("/healthz")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]


async def test_the_document_and_its_page_are_served(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("http://localhost", "")
    assert (await client.get("/docs.css")).headers["content-type"].startswith("text/css")


async def test_metrics_name_operations_and_never_paths(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/assets/a-very-particular-path")
    text = (await client.get("/metrics")).text
    assert 'operation="asset.get"' in text
    assert "particular" not in text


async def test_readiness_ends_when_the_store_does_not_answer(
    server: Server, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/readyz")).json() == {"ready": True}

    async def broken(_: object) -> None:
        raise StorageFull("The disk takes no more bytes.")

    monkeypatch.setattr(type(server.services.gateway.store), "check", broken)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["code"] == "storage_full"
    assert (await client.get("/healthz")).status_code == 200
