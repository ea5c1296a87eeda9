"""One demo for all of these tests, windows that must stay quiet, an admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.admin_area import AdminArea
from tests.browser.demo import Demo
from tests.browser.hubspot_page import HubSpotPage
from tests.browser.record_page import RecordPage
from tests.browser.window import Window

OpenWindow = Callable[[], Window]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here drives a browser, and may have to wait for the demo to start."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A whole demo: each test works on records of its own and leaves switches as they were."""
    demo = Demo(tmp_path_factory.mktemp("demo"))
    try:
        demo.wait_until_ready()
        yield demo
    finally:
        demo.stop()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[OpenWindow]:
    """Opens another browser window. Whatever its console complains of fails the test."""
    windows: list[Window] = []

    def open_window() -> Window:
        windows.append(Window(browser.new_context(viewport={"width": 1398, "height": 1000})))
        return windows[-1]

    yield open_window
    for window in windows:
        window.context.close()
    assert [each for window in windows for each in window.complaints] == []


@pytest.fixture
def window(open_window: OpenWindow) -> Window:
    return open_window()


@pytest.fixture
def record_page(window: Window, demo: Demo) -> RecordPage:
    """A rep's window on the record pages."""
    return RecordPage(window, demo)


@pytest.fixture
def hubspot_page(window: Window, demo: Demo) -> HubSpotPage:
    """A rep's window on the portal's record pages."""
    return HubSpotPage(window, demo.portal)


@pytest.fixture
def admin(open_window: OpenWindow, demo: Demo) -> AdminArea:
    """An admin, signed in, in a window of their own."""
    return AdminArea(open_window().page, demo).sign_in()
