"""The browser of the tests and of the pictures: Debian's, without a window."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

# The headless shell first: on a busy machine it paints in half the time, and a whole Chromium there has been seen
# to give a page no animation frame for ten seconds, which Playwright waits for before each click.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def launched(playwright: Playwright) -> Browser:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    assert found, "this needs Chromium: apt-get install chromium-headless-shell"
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
