"""The small pages in a real browser: they work without a script, and the browser has nothing to complain of."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.http.processes import ServerProcess

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason="make test-browser-setup installs Chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that allows no script and fails the test for anything the browser complains of."""
    complaints: list[str] = []
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("requestfailed", lambda request: complaints.append(request.url))
    yield opened
    context.close()
    assert not [text for text in complaints if "status of 400" not in text]  # an answer that a test asked for


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        yield started.wait()
    finally:
        started.close()


def test_from_the_printed_link_to_a_token_that_works(page: Page, server: ServerProcess) -> None:
    page.goto(server.url)
    assert "no user yet" in page.inner_text("main")
    page.goto(f"{server.url}/setup?code={server.setup_code()}")
    page.fill("#name", "ann")
    page.fill("#password", "correct horse battery")
    page.click("button")
    page.wait_for_selector("pre.token")
    found = re.search(r"sr_\w+", page.inner_text("pre.token"))
    assert found
    answer = httpx.get(f"{server.url}/api/v1/whoami", headers={"Authorization": f"Bearer {found[0]}"})
    assert answer.json()["principal"]["name"] == "ann"
    page.goto(server.url)
    assert "is set up" in page.inner_text("main")


def test_a_mistake_is_explained_in_the_form(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/setup?code={server.setup_code()}")
    page.fill("#name", "a/b")
    page.fill("#password", "correct horse battery")
    page.click("button")
    page.wait_for_selector(".bad")
    assert page.input_value("#name") == "a/b"
    assert page.input_value("#password") == ""


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(page: Page, server: ServerProcess, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/", f"/setup?code={server.setup_code()}"):
        page.goto(server.url + address)
        box = page.locator("body").bounding_box()
        assert box is not None
        assert box["width"] <= width
