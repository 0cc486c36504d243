"""The part of a plot that is about alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from governance import models as governance
from governance.delivery import destination
from kit import clock
from kit.ids import new_id

if TYPE_CHECKING:
    from tests.isolation.plots import Plot


def _rule(plot: Plot) -> Any:
    rules = governance.AlertRule.across_tenants.using("system").filter(team=plot.team)
    free = next(kind for kind in governance.AlertKind if not rules.filter(kind=kind).exists())
    return plot.add(
        governance.AlertRule, **plot.in_team, kind=free, severity=2, set_by=plot.lead.user, set_at=plot.world.now
    )


def _alert(plot: Plot) -> Any:
    now = clock.now()
    return plot.add(
        governance.Alert,
        **plot.in_team,
        kind="budget",
        subject_key=f"budget:{new_id()}",
        subject_name="monthly",
        severity=2,
        finding="80 %",
        unit="nano_usd",
        seen=80,
        bound=80,
        since=now,
        opened_at=now,
        seen_at=now,
    )


def _mute(plot: Plot) -> Any:
    now = clock.now()
    return plot.add(
        governance.AlertMute,
        **plot.in_team,
        kind="budget",
        subject_key=plot.row(governance.Alert).subject_key,
        reason="for tests",
        muted_by=plot.lead.user,
        muted_at=now,
        ends_at=now + timedelta(days=1),
    )


def _channel(plot: Plot) -> Any:
    identifier = new_id()
    told = destination.Destination("https://hooks.example.com/x", "s" * 32)
    return plot.add(
        governance.AlertChannel,
        **plot.in_team,
        id=identifier,
        kind="webhook",
        name=f"channel-{identifier.hex[-12:]}",
        host=told.host,
        sealed=destination.seal(identifier, told),
        set_by=plot.lead.user,
        created_at=plot.world.now,
    )


def _message(plot: Plot) -> Any:
    """One that was refused long ago: nobody sends it."""
    now = plot.world.now
    channel = plot.row(governance.AlertChannel)
    return plot.add(
        governance.AlertMessage, channel=channel, event="test", state="failed", created_at=now, due_at=now, ended_at=now
    )


ALERTS: dict[type[Any], Callable[[Plot], Any]] = {
    governance.AlertRule: _rule,
    governance.Alert: _alert,
    governance.AlertMute: _mute,
    governance.AlertChannel: _channel,
    governance.AlertMessage: _message,
}
