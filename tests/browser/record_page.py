"""A record page of the stand-in org with our panel in it, as a rep sees it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from tests.browser.demo import Demo, Record
from tests.browser.window import Window

Protocol = Literal["canvas", "lwc", "lwc-sandboxed"]
MODES: dict[Protocol, str] = {"canvas": "view", "lwc": "lwc", "lwc-sandboxed": "lwc-sandboxed"}
# Slow machines are shared: a panel that takes longer is still a panel.
PATIENCE_MS = 30_000
PICTURES = os.environ.get("SCREENSHOTS", "")
# Window widths at which the frame is as wide as a sidebar, and as a page's main column.
WIDTHS = {300: 318, 1000: 1398}


class RecordPage:
    """The page, and the panel framed in it."""

    def __init__(self, window: Window, demo: Demo) -> None:
        self.window = window
        self.page: Page = window.page
        self._demo = demo

    def open(self, record: Record, *, by: Protocol = "canvas", viewer: str = "", place: str = "main") -> RecordPage:
        query = f"?placement={place}" + (f"&as={viewer}" if viewer else "")
        self.page.goto(f"{self._demo.org_url}/lightning/r/{record.object}/{record.id}/{MODES[by]}{query}")
        expect(self.panel.locator("#panel")).to_be_visible(timeout=PATIENCE_MS)
        return self

    @property
    def panel(self) -> FrameLocator:
        return self.page.frame_locator(".embed iframe")

    @property
    def frame(self) -> Frame:
        handle = self.page.locator(".embed iframe").element_handle()
        frame = handle.content_frame()
        assert frame is not None
        return frame

    @property
    def status(self) -> Locator:
        """What the panel says, also to a screen reader."""
        return self.panel.get_by_role("status")

    @property
    def button(self) -> Locator:
        return self.panel.get_by_role("button", name="Sync this record")

    def place_of_button(self) -> tuple[float, float]:
        """Where the button is within the frame, whatever it says right now: left and top, in pixels."""
        button, frame = self.panel.locator("#sync").bounding_box(), self.page.locator(".embed iframe").bounding_box()
        assert button is not None
        assert frame is not None
        return button["x"] - frame["x"], button["y"] - frame["y"]

    def row(self, label: str) -> Locator:
        return self.panel.locator(".row", has=self.panel.locator("dt", has_text=re.compile(f"^{re.escape(label)}$")))

    @property
    def recent(self) -> Locator:
        return self.panel.locator("#recent .entry")

    def says(self, *words: str) -> None:
        """The panel comes to say all of this."""
        for each in words:
            expect(self.status).to_contain_text(each, timeout=PATIENCE_MS)

    def sync(self, *words: str) -> None:
        """Click, follow to the end, find these words."""
        self.reach(self.button).click()
        self.says(*words)
        expect(self.button).to_be_enabled(timeout=PATIENCE_MS)

    def reload_panel(self) -> None:
        """The button of a panel that needs a fresh start."""
        self.reach(self.panel.get_by_role("button", name="Reload this panel")).click()

    def salesforce_value(self, label: str) -> Locator:
        """The value in the page's own details, drawn by the CRM."""
        field = self.page.locator("#details .field", has=self.page.locator("dt", has_text=re.compile(f"^{label}$")))
        return field.locator("dd")

    def refresh(self) -> None:
        """The page's own button: reads the record anew, leaves the panel alone."""
        self.page.get_by_role("link", name="Refresh").click()

    def edit_in_salesforce(self, label: str, value: str) -> None:
        """The pencil beside a field, a new value, Save."""
        self.page.get_by_role("link", name=f"Edit {label}", exact=True).click()
        self.page.get_by_label(label, exact=True).fill(value)
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.locator("#toast")).to_contain_text("was saved", timeout=PATIENCE_MS)
        self.reach(self.button)

    def reach(self, target: Locator) -> Locator:
        """`target`, once the mouse reaches it.

        A browser routes the mouse into a frame by what it painted last: right after a scroll, or while the frame
        changes its height, it misses the frame.
        """
        target.scroll_into_view_if_needed()
        for _ in range(100):
            self.page.mouse.move(1, 1)
            target.hover()
            if target.evaluate("element => element.matches(':hover')"):
                return target
            self.page.wait_for_timeout(50)
        raise AssertionError("the mouse does not reach the panel")

    def fresh_proof(self) -> str:
        """A new signed request for the record of the page, as Canvas makes one."""
        where = self.page.locator("[data-embed=canvas]").get_attribute("data-renew")
        return str(self.page.evaluate("async url => (await (await fetch(url)).json()).signed_request", where))

    def post_into_frame(self, proof: str = "") -> None:
        """What Canvas does to open a panel. Without `proof` it is the one that opened the present panel."""
        self.page.evaluate(
            """proof => {
              const form = document.querySelector('[data-embed=canvas] form')
              form.elements.signed_request.value = proof || form.elements.signed_request.value
              form.submit()
            }""",
            proof,
        )

    def forgive_refusal(self, status: int) -> None:
        """The browser itself notes that the frame's page came with this status."""
        self.window.forgive(f"status of {status}")

    def picture_of_page(self, name: str) -> None:
        """With SCREENSHOTS=folder: the window as it stands."""
        if PICTURES:
            self._put_the_mouse_away()
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=pictures_folder() / f"{name}.png")

    def picture(self, name: str) -> None:
        """With SCREENSHOTS=folder: the panel in its page, narrow and wide, light and dark."""
        if not PICTURES:
            return
        folder = pictures_folder()
        before = self.page.viewport_size
        self._put_the_mouse_away()
        for width, window in WIDTHS.items():
            self.page.set_viewport_size({"width": window, "height": 1200})
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
                self.page.wait_for_timeout(400)  # the frame's height follows its width, smoothly
                self.page.locator(".embed").screenshot(path=folder / f"{name}-{width}-{scheme}.png")
        self.page.emulate_media(color_scheme="light")
        if before:
            self.page.set_viewport_size(before)

    def _put_the_mouse_away(self) -> None:
        # By way of the frame: it has to see the mouse leave.
        box = self.page.locator(".embed iframe").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 4, box["y"] + 4)
        self.page.mouse.move(4, 4)


def pictures_folder() -> Path:
    folder = Path(PICTURES)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
