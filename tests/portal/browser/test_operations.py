"""Operations in a browser: narrowed, kept as a view, and kept up to date by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections
from playwright.sync_api import expect

from governance.models import Deployment, Model
from kit.scoping import within
from portal.tasks import count_usage
from tests.portal.browser.axe import too_wide, violations
from tests.portal.browser.conftest import Visit
from tests.support.cast import Cast
from tests.support.settled import new_call


def _call(acme: Cast, **columns: Any) -> None:
    with within(acme.world.system.scope):
        deployment = Deployment.objects.get()
    where: dict[str, Any] = {"deployment_id": deployment.id, "provider_id": deployment.provider_id, "latency_ms": 900}
    call = new_call(acme.world, "helper", team=acme.world.team, key=acme.world.key, **where | columns)
    call.save(using="migrator", force_insert=True)
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright keeps an event loop running in this thread
        elsewhere.submit(_count).result()


def _count() -> None:
    count_usage()
    connections.close_all()


def test_a_view_of_operations_is_kept_and_follows_what_is_counted(acme: Cast, helper: Model, visit: Visit) -> None:
    _call(acme)
    page = visit("/operations/?by=model", acme.bob)
    expect(page.locator("html")).to_have_attribute("data-live", "live")
    page.get_by_role("link", name="helper", exact=True).click()
    expect(page.get_by_role("columnheader", name="Deployment")).to_be_visible()

    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("helper's deployments")
    page.get_by_label("Open it when I come").check()
    assert violations(page) + too_wide(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="kept as helper's deployments")).to_be_visible()

    page.goto("/operations/")
    expect(page.get_by_role("link", name="helper's deployments")).to_have_attribute("aria-current", "page")
    row = page.get_by_role("row").filter(has_text="helper at")
    expect(row.get_by_role("cell").nth(2)).to_have_text("1")
    expect(page.locator("html")).to_have_attribute("data-live", "live")
    _call(acme, outcome="failed", error="server_error")
    expect(row.get_by_role("cell").nth(2)).to_have_text("2")
    expect(row.get_by_role("cell").nth(4)).to_contain_text("50.0 %")
    assert violations(page) + too_wide(page) == []
