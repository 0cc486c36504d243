"""What is wrong with a page for people who do not see it, see little of it, use no mouse or hold a small screen."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Page, ViewportSize

from tests.support.gateway import REPOSITORY

_SCRIPT = REPOSITORY / "tests" / "e2e" / "node" / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.2 up to AA, and axe's own good practice.
_EVERYTHING = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# What changes with the colours.
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
_RUN = """
async (options) => (await axe.run(document, options))
  .violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`)
"""
_IS_TOO_WIDE = "() => document.scrollingElement.scrollWidth > innerWidth"
_PHONE: ViewportSize = {"width": 390, "height": 844}
_DESK: ViewportSize = {"width": 1400, "height": 900}


def violations(page: Page) -> list[str]:
    """What axe finds in the light colours and in the dark ones; nothing where it is as it should be."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.evaluate(_axe())
    light = page.evaluate(_RUN, _EVERYTHING)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = page.evaluate(_RUN, _COLOURS)
    return [f"{page.url} {what}" for what in [*light, *(f"in the dark: {each}" for each in dark)]]


def too_wide(page: Page) -> list[str]:
    """Whether the page scrolls sideways on a phone."""
    page.set_viewport_size(_PHONE)
    found = [f"{page.url} scrolls sideways"] if page.evaluate(_IS_TOO_WIDE) else []
    page.set_viewport_size(_DESK)
    return found


@cache
def _axe() -> str:
    assert _SCRIPT.exists(), "the browser tests need axe-core: make install-dev"
    return _SCRIPT.read_text()
