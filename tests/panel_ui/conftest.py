"""A gallery server per test, a page that remembers what went wrong, and a host page on another origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.panel_ui.gallery import Gallery, create_gallery, serving
from tests.panel_ui.host import create_host

OpenPanel = Callable[..., Page]


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    """The server that draws the panel. Runs move on only as `gallery.gate` lets them."""
    gallery = Gallery()
    with serving(create_gallery(gallery)) as server:
        gallery.url = f"http://127.0.0.1:{server.port}"
        yield gallery
        gallery.gate.set()


@pytest.fixture
def host_url() -> Iterator[str]:
    """A page of another origin that frames the panel and keeps the messages it gets."""
    with serving(create_host()) as server:
        yield f"http://localhost:{server.port}"


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained of: errors, warnings and policy violations."""
    return []


@pytest.fixture
def window(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A browser window as narrow as a sidebar, with its own context."""
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def open_panel(window: Page, gallery: Gallery) -> OpenPanel:
    """Opens a state of the panel, by name, as a page of its own."""

    def open_state(name: str, crm: str = "salesforce", **asked: str) -> Page:
        window.goto(f"{gallery.url}/state/{crm}/{name}?{urlencode(asked)}")
        return window

    return open_state
