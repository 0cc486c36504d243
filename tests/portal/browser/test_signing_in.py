"""Getting in, with a browser."""

from __future__ import annotations

import time
from base64 import b32decode

from django.contrib.sessions.models import Session
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from tenants.models import Role
from tests.portal.browser.conftest import Visit
from tests.support.cast import Cast, Person, join
from tests.support.world import PASSWORD


def _give_password(page: Page, person: Person) -> None:
    page.get_by_label("E-mail").fill(person.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _code_for(key: str) -> str:
    totp = TOTP(b32decode(key.replace(" ", "")))
    totp.time = time.time()
    return f"{totp.token():06d}"


def test_an_officer_sets_up_a_device_and_signs_in_with_it_again(acme: Cast, visit: Visit) -> None:
    nora = join(acme.world, "Nora", Role.COMPLIANCE_OFFICER, device=False)
    page = visit("/approvals/")

    _give_password(page, nora)
    expect(page.get_by_role("heading", name="Set up one-time passwords")).to_be_visible()
    page.get_by_label("One-time password").fill(_code_for(page.locator("code").inner_text()))
    page.get_by_role("button", name="Confirm with the first code").click()
    expect(page.get_by_role("heading", name="Approvals")).to_be_visible()

    page.get_by_text("Nora").click()
    page.get_by_role("button", name="Sign out").click()
    _give_password(page, nora)
    nora.device = TOTPDevice.objects.get(user=nora.user)
    page.get_by_label("One-time password").fill(nora.code())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Approvals")).to_be_visible()


def test_whoever_was_away_too_long_signs_in_and_is_back_on_the_page(acme: Cast, visit: Visit) -> None:
    page = visit("/requests/?model=helper", acme.dev)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    Session.objects.filter(session_key=cookies["sessionid"]).delete()

    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    _give_password(page, acme.dev)

    expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    assert page.url.endswith("/requests/?model=helper")
