"""Which Chromium the browser tests drive, and how it is started."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

SYSTEM_NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
MAC_BUNDLES = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)


class NoChromium(RuntimeError):
    """No Chromium or Chrome on this machine. The message says how to get one."""


def find_chromium(playwright: Playwright) -> Path:
    """$BROWSER when it names a Chromium, else Playwright's own, else the system's. Raises NoChromium."""
    chosen = shutil.which(os.environ.get("BROWSER", ""))
    # Desktops set BROWSER to whatever opens links.
    if chosen and "chrom" in Path(chosen).name:
        return Path(chosen)
    managed = Path(playwright.chromium.executable_path)
    if managed.exists():
        return managed
    for name in SYSTEM_NAMES:
        if found := shutil.which(name):
            return Path(found)
    for bundle in MAC_BUNDLES:
        if bundle.exists():
            return bundle
    raise NoChromium("Chromium: run `.venv/bin/playwright install chromium`, or install Chromium or Chrome.")


def launch_chromium(playwright: Playwright, path: Path) -> Browser:
    """A headless browser. Chromium's sandbox does not work for root."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=arguments)


def _main() -> None:
    """Print the path that the browser tests will use; status 1 and a remedy when there is none."""
    with sync_playwright() as playwright:
        try:
            print(find_chromium(playwright))
        except NoChromium as error:
            sys.exit(str(error))


if __name__ == "__main__":
    _main()
