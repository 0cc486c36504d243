from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.costs import began_at
from gateway.spending import period_of
from kit.ids import new_id
from tenants.snapshot import BudgetEntry

ZONES = ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.sampled_from(ZONES), st.sampled_from(["day", "week", "month", "quarter"]))
def test_a_period_begins_where_the_one_before_ends(moment: datetime, zone: str, period: str) -> None:
    budget = BudgetEntry(new_id(), new_id(), "team", new_id(), "budget", 1, period)
    name, resets_at = period_of(budget, zone, moment)
    assert resets_at is not None
    began = began_at(name, zone)
    assert began <= moment < resets_at
    assert period_of(budget, zone, began)[0] == name
    assert period_of(budget, zone, began.astimezone(UTC) - timedelta(seconds=1))[0] != name


@pytest.mark.parametrize("zone", ZONES)
def test_one_without_an_end_began_before_everything(zone: str) -> None:
    assert began_at("total", zone) < datetime(2000, 1, 1, tzinfo=UTC)
