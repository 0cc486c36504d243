"""The part of a plot that is about money asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kit import clock, money
from tenants import models as tenants

if TYPE_CHECKING:
    from tests.isolation.plots import Plot


def _increase(plot: Plot) -> Any:
    asked = clock.now()
    return plot.add(
        tenants.BudgetIncrease,
        **plot.in_team,
        budget=plot.row(tenants.Budget),
        amount_nano_usd=money.NANO,
        ends_at=asked + timedelta(days=30),
        reason="for tests",
        asked_by=plot.lead.user,
        asked_at=asked,
    )


MONEY: dict[type[Any], Callable[[Plot], Any]] = {tenants.BudgetIncrease: _increase}
