"""Chromium against a real portal and gateway: what people do, as they do it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from governance.models import Model
from tests.support import cast
from tests.support.cast import Cast, Person
from tests.support.chromium import launched
from tests.support.gateway import RunningGateway

PATIENCE_MS = 30_000  # of a machine that does much else; what goes on takes no longer for it

Visit = Callable[..., Page]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Closed before tests elsewhere go on, since Playwright keeps an event loop running in this thread."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=PATIENCE_MS)
    try:
        with sync_playwright() as playwright:
            yield launched(playwright)
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visit(chromium: Browser, gateway: RunningGateway) -> Iterator[Visit]:
    """Opens an address as somebody: signed in with a one-time password, or without it, or as nobody yet.

    A page on which a script fails or the Content-Security-Policy blocks something fails the test.
    """
    contexts, faults = [], []

    def open_page(address: str, person: Person | None = None, *, otp: bool = True) -> Page:
        gateway.catch_up()
        context = chromium.new_context(base_url=gateway.url, viewport={"width": 1400, "height": 900})
        contexts.append(context)
        if person is not None:
            session = cast.browser(person, otp=otp).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": gateway.url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.extend(_blocked(message)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def _blocked(message: ConsoleMessage) -> list[str]:
    return [message.text] if "Content Security Policy" in message.text else []


@pytest.fixture
def helper(acme: Cast, upstream: str) -> Model:
    """A model that is deployed and priced, and not approved."""
    model = acme.world.model("helper", approved=False)
    acme.world.deploy(model, acme.world.provider(upstream))
    return model
