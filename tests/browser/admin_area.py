"""The admin area, used as an admin uses it: by its links, labels and buttons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import Demo
from tests.browser.record_page import PICTURES, pictures_folder
from tests.support.processes import eventually


class AdminArea:
    """A signed-in admin."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self._demo = demo

    def sign_in(self) -> AdminArea:
        self.page.goto(f"{self._demo.web_url}/admin/login")
        self.page.get_by_label("Email").fill(self._demo.admin["email"])
        self.page.get_by_label("Password").fill(self._demo.admin["password"])
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
        return self

    def go(self, path: str) -> None:
        self.page.goto(f"{self._demo.web_url}/admin/{path}")

    @contextmanager
    def object_off(self, label: str) -> Iterator[None]:
        """An object is switched off for as long as this lasts."""
        self._turn_object(label, "Turn off")
        try:
            yield
        finally:
            self._turn_object(label, "Turn on")

    @contextmanager
    def syncs_off(self) -> Iterator[None]:
        """Everything on the connection is switched off for as long as this lasts."""
        self._turn_syncs("off")
        try:
            yield
        finally:
            self._turn_syncs("on")

    def edit_here(self, name: str, label: str, value: str) -> None:
        """Change a value of our record of that name."""
        self.open_record(name)
        self.page.get_by_role("link", name="Edit", exact=True).click()
        self.page.get_by_label(label, exact=True).fill(value)
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_role("link", name="Edit", exact=True)).to_be_visible()

    def open_record(self, name: str) -> None:
        self.go(f"records/?q={name.replace(' ', '+')}")
        self.page.get_by_role("link", name=name, exact=True).first.click()
        expect(self.page.get_by_role("heading", name=name, level=1)).to_be_visible()

    def runs_of(self, record_id: str) -> Locator:
        self.go(f"runs/?q={record_id}")
        return self.page.locator("#results tbody tr")

    def wait_for_row(self, name: str) -> None:
        """The page comes to have this row, looked at again and again."""

        def is_there() -> bool:
            self.page.reload()
            return self.page.get_by_role("row", name=name).count() > 0

        assert eventually(is_there)

    def picture(self, name: str, of: Locator) -> None:
        """With SCREENSHOTS=folder: a part of the page, as tall as what is in it."""
        if PICTURES:
            self.page.set_viewport_size({"width": 1000, "height": 400})
            of.screenshot(path=pictures_folder() / f"{name}.png")

    def _turn_object(self, label: str, word: str) -> None:
        self.go("objects/")
        self.page.get_by_role("link", name=label, exact=True).click()
        self.page.locator(".switch").first.get_by_role("button", name=word).click()
        expect(self.page.get_by_role("status").first).to_contain_text(f"{label}: {word.removeprefix('Turn ')}")

    def _turn_syncs(self, way: str) -> None:
        self.go(f"connections/{self._demo.credentials['connection_id']}")
        self.page.get_by_role("button", name=f"Turn syncs {way}").click()
        expect(self.page.get_by_role("status").first).to_contain_text(f"are {way}")
