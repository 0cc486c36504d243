"""More for a budget as people use it: the pages from asking to the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from kit import clock
from kit.scoping import within
from tenants.models import Budget, BudgetIncrease
from tenants.services import allotments
from tenants.services.allotments import Level
from tests.portal.test_exceptions import page
from tests.support.cast import Cast, browser


def budget_of_the_team(acme: Cast) -> Budget:
    with within(acme.world.system.scope):
        return allotments.add_budget(
            actor=acme.world.system,
            name="letters",
            limit_nano_usd=10**9,
            level=Level.of(acme.world.team),
            now=acme.world.now,
        )


def form(**changed: Any) -> dict[str, Any]:
    until = timezone.localtime(clock.now() + timedelta(days=3))
    return {"amount": "2.50", "ends_at": f"{until:%Y-%m-%dT%H:%M}", "reason": "A busy week.", **changed}


def test_it_goes_from_asking_to_the_end_on_pages(acme: Cast) -> None:
    budget = budget_of_the_team(acme)
    asking = f"/budgets/{budget.id}/more/"
    assert asking in page(acme, "bob", "/budgets/")
    for wrong in (
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "much"},
        {"reason": " "},
        {"ends_at": "2001-01-01T00:00"},
    ):
        assert browser(acme.dev).post(asking, form(**wrong)).status_code == 400
    asked = browser(acme.dev).post(asking, form())
    address = asked.headers["Location"]
    decided = {"verdict": "grant", "reason": "As agreed."}
    assert "waits for you" in page(acme, "bob", "/budget-increases/")
    assert "waits for you" not in page(acme, "dev", "/budget-increases/")
    assert "Whoever may set the budget decides" in page(acme, "dev", address)
    assert "$2.50" in page(acme, "ann", address)

    assert browser(acme.dev).post(f"{address}decide/", decided).status_code == 403
    assert browser(acme.bob).post(f"{address}decide/", {**decided, "reason": ""}).status_code == 400
    assert browser(acme.bob).post(f"{address}decide/", decided).status_code == 302
    assert browser(acme.ada).post(f"{address}decide/", {"verdict": "refuse", "reason": "No."}).status_code == 409
    assert "in force" in page(acme, "dev", address)
    assert browser(acme.rob).post(f"{address}end/", {"reason": "Over."}).status_code == 403
    assert browser(acme.dev).post(f"{address}end/", {"reason": "Over."}).status_code == 302
    assert "ended early" in page(acme, "ann", "/budget-increases/")
    with within(acme.world.system.scope):
        assert BudgetIncrease.objects.get().ended_by_id == acme.dev.user.id


def test_nobody_asks_for_a_budget_that_is_not_their_teams(acme: Cast) -> None:
    with within(acme.world.system.scope):
        whole = allotments.add_budget(actor=acme.world.system, name="all", limit_nano_usd=1, now=acme.world.now)
    assert browser(acme.dev).post(f"/budgets/{whole.id}/more/", form()).status_code == 403
    assert "Ask for more" not in page(acme, "bob", "/budgets/")
    assert "Ask for more" in page(acme, "ada", "/budgets/")
