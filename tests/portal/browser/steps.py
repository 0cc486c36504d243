"""What people do on pages, in the words of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import httpx
from playwright.sync_api import APIResponse, Page

from tests.support.answers import entered
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway

NONE: Mapping[str, str] = MappingProxyType({})
HELLO = {"model": "helper", "messages": [{"role": "user", "content": "Hello"}]}


def ask_for_helper(page: Page, *, last_day: str = "", checked: Mapping[str, str] = NONE) -> str:
    """From the list of models to the request that waits; gives its address."""
    page.get_by_role("link", name="Ask for helper").click()
    return send_request(page, last_day=last_day, checked=checked)


def send_request(page: Page, *, last_day: str = "", checked: Mapping[str, str] = NONE) -> str:
    """On the form, with one box checked in each of these groups; gives the address of the request."""
    page.get_by_label("What is it needed for?").fill("Letters to customers; a clerk reads them first.")
    for group, label in checked.items():
        page.get_by_role("group", name=group).get_by_label(label).check()
    for name, answer in entered().items():
        if name == "answer-calls_a_day":
            page.locator(f"[name={name}]").fill(str(answer))
        else:
            page.locator(f"[name={name}][value={answer}]").check()
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


def call(gateway: RunningGateway, acme: Cast, said: Mapping[str, str] = NONE) -> httpx.Response:
    """`said` are headers."""
    return gateway.post("/v1/chat/completions", headers={**acme.world.headers, **said}, json=HELLO)


def refusal(gateway: RunningGateway, acme: Cast, said: Mapping[str, str] = NONE) -> str:
    """The code that a call is refused with."""
    answer = call(gateway, acme, said)
    assert answer.status_code == 403
    return str(answer.json()["error"]["code"])
