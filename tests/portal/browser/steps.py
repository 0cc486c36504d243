"""What people do on pages, in the words of the pages."""

from __future__ import annotations

import httpx
from playwright.sync_api import APIResponse, Page

from tests.support.cast import Cast
from tests.support.gateway import RunningGateway

HELLO = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}]}


def ask_for_helper(page: Page, *, last_day: str = "") -> str:
    """From the list of models to the request that waits; gives its address."""
    page.get_by_role("link", name="Ask for helper").click()
    page.get_by_label("What is it needed for?").fill("Letters to customers; a clerk reads them first.")
    page.get_by_label("Last day").fill(last_day)
    page.get_by_role("button", name="Ask the compliance officers").click()
    page.get_by_role("heading", name="helper", exact=True).wait_for()
    return page.url


def decide(page: Page, verdict: str, reason: str) -> None:
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=f"{verdict}…").click()
    page.get_by_role("dialog").get_by_role("button", name=verdict, exact=True).click()
    page.get_by_role("status").get_by_text("helper is").wait_for()


def post(page: Page, address: str, **fields: str) -> APIResponse:
    """Sends a form past the page's own buttons, with the page's session and token."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    return page.request.post(address, form={"csrfmiddlewaretoken": token, **fields}, max_redirects=0)


def call(gateway: RunningGateway, acme: Cast) -> httpx.Response:
    return gateway.post("/v1/chat/completions", headers=acme.world.headers, json=HELLO)
