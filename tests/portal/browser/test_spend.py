"""A team lead finds why spend rose, looks at one of the calls, and caps the key that made them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from audit.usage import rollups
from governance.models import Model
from kit import clock, money
from kit.scoping import within
from tenants.models import Budget
from tests.portal.browser.axe import too_wide, violations
from tests.portal.browser.conftest import Visit
from tests.portal.browser.steps import call
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway
from tests.support.ledger import settlement_of
from tests.support.settled import new_call, settle_all


def _as_the_month_before_began(now: datetime) -> datetime:
    """Which is as far into it as any moment of this month."""
    last = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return last.replace(day=1)


def test_a_lead_finds_why_spend_rose_and_caps_it(
    acme: Cast, helper: Model, visit: Visit, gateway: RunningGateway
) -> None:
    world, now = acme.world, clock.now()
    world.approve(helper)
    assert call(gateway, acme).status_code == 200
    settlement_of(world, None)
    of_the_key: dict[str, Any] = {"team": world.team, "project": world.project, "key": world.key}
    settle_all(
        [
            new_call(world, "small", cost_nano_usd=10 * money.NANO, at=_as_the_month_before_began(now), **of_the_key),
            new_call(world, "small", cost_nano_usd=11 * money.NANO, **of_the_key),
            new_call(world, "helper", cost_nano_usd=50 * money.NANO, **of_the_key),
        ]
    )
    rollups.roll_up()
    page = visit("/", acme.bob)

    page.get_by_role("link", name="What it was spent on, and what changed").click()
    assert violations(page) + too_wide(page) == []
    page.locator("section", has_text="What explains the change").get_by_role("link", name="helper").click()
    page.locator("main table tbody tr").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Request")
    assert "/requests/" in page.url

    page.goto("/spend/")
    page.get_by_role("link", name=str(world.project), exact=True).first.click()
    page.get_by_role("link", name=str(world.key), exact=True).first.click()
    page.get_by_role("link", name="Set a budget for this").click()
    page.get_by_label("Limit, USD").fill("20")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("was added").first).to_be_visible()
    with within(world.system.scope):
        assert Budget.objects.get(api_key=world.key).limit_nano_usd == 20 * money.NANO
