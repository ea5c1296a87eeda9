"""A browser window that remembers what its console complained of."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

TRY_A_COOKIE = """() => {
  try { document.cookie = 'probe=1; SameSite=None; Secure'; return document.cookie } catch (refused) { return '' }
}"""
"""Run in a frame: empty where the browser keeps no cookie of it."""


class Window:
    """One rep's browser, with a context of its own. `complaints` are errors, warnings and policy violations."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def block_third_party_cookies(self) -> None:
        """As a browser does whose owner said so, for every frame of the window."""
        self.context.new_cdp_session(self.page).send(
            "Network.setCookieControls",
            {
                "enableThirdPartyCookieRestriction": True,
                "disableThirdPartyCookieMetadata": True,
                "disableThirdPartyCookieHeuristics": True,
            },
        )

    def forgive(self, pattern: str) -> None:
        """Forget the complaints that were meant to come. Fails when there were none."""
        expected = [each for each in self.complaints if re.search(pattern, each)]
        assert expected, f"nothing like {pattern!r} among {self.complaints}"
        self.complaints = [each for each in self.complaints if each not in expected]

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
