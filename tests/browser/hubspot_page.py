"""A record page of the stand-in portal with the app's card on it, as a rep sees it."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from tests.browser.portal import Portal
from tests.browser.record_page import PATIENCE_MS, PICTURES, pictures_folder
from tests.browser.window import Window

Scheme = Literal["light", "dark"]


class HubSpotPage:
    """The page, the card, and the window that the card's Details open in."""

    def __init__(self, window: Window, portal: Portal) -> None:
        self.page: Page = window.page
        self._portal = portal

    def open(self, contact_id: str, *, place: str = "sidebar") -> HubSpotPage:
        self.page.goto(f"{self._portal.page_of(contact_id)}?placement={place}")
        expect(self.button).to_be_enabled(timeout=PATIENCE_MS)
        return self

    @property
    def card(self) -> Locator:
        return self.page.get_by_role("region", name="CRM Sync")

    @property
    def button(self) -> Locator:
        return self.card.get_by_role("button", name="Sync this record")

    def sync(self, *words: str) -> None:
        """Click, follow to the end, find these words on the card."""
        self.button.click()
        for each in words:
            expect(self.card).to_contain_text(each, timeout=PATIENCE_MS)
        expect(self.button).to_be_enabled(timeout=PATIENCE_MS)

    def shows(self, value: str) -> None:
        """The page's own properties come to hold this, drawn by HubSpot."""
        expect(self.page.locator("#properties")).to_contain_text(value, timeout=PATIENCE_MS)

    @property
    def modal(self) -> Locator:
        return self.page.get_by_role("dialog", name="CRM Sync")

    def open_details(self) -> FrameLocator:
        """The whole panel, in HubSpot's window."""
        self.card.get_by_role("button", name="Details").click()
        panel = self.modal.frame_locator("iframe")
        expect(panel.get_by_role("button", name="Sync this record")).to_be_visible(timeout=PATIENCE_MS)
        return panel

    @property
    def details_frame(self) -> Frame:
        """The frame of the panel, to look into."""
        frame = self.modal.locator("iframe").element_handle().content_frame()
        assert frame is not None
        return frame

    def close_details(self) -> None:
        self.modal.get_by_role("button", name="Close").click()
        expect(self.modal).to_be_hidden()
        expect(self.button).to_be_enabled(timeout=PATIENCE_MS)

    def edit(self, label: str, value: str) -> None:
        """The pencil beside a property, a new value, Save."""
        self.page.get_by_role("link", name=f"Edit {label}", exact=True).click()
        self.page.get_by_label(label, exact=True).fill(value)
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.locator("#toast")).to_contain_text(f"{label} was saved", timeout=PATIENCE_MS)

    def picture(self, name: str, *, schemes: tuple[Scheme, ...] = ("light",), width: int = 1240) -> None:
        """With SCREENSHOTS=folder: the window as it stands. The page itself is light; a panel on it may be dark."""
        if not PICTURES:
            return
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.mouse.move(4, 4)
        for scheme in schemes:
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=pictures_folder() / f"{name}-{scheme}.png")
        self.page.emulate_media(color_scheme="light")
        if before:
            self.page.set_viewport_size(before)
