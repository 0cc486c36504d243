"""The part of a plot that is about exceptions: break glass, and what is signed of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from governance import models as governance

if TYPE_CHECKING:
    from tests.isolation.plots import Plot


def _break_glass(plot: Plot) -> Any:
    return plot.row(governance.BreakGlassSignature).break_glass


def _break_glass_signature(plot: Plot) -> Any:
    """Of whoever asked, and takes it back: one that waits keeps others of its model out."""
    model = plot.add(
        governance.Model,
        slug=f"for-emergencies-{plot.team.id.hex[-12:]}",
        name="model",
        publisher="somebody",
        version="1",
        context_window=8_192,
        max_output_tokens=1_024,
    )
    glass = plot.add(
        governance.BreakGlass,
        **plot.in_team,
        model=model,
        hours=4,
        reason="for tests",
        content_hash="0" * 64,
        asked_by=plot.lead.user,
    )
    return plot.add(
        governance.BreakGlassSignature,
        break_glass=glass,
        kind="end",
        signed_by=plot.lead.user,
        reason="for tests",
        signed_hash="0" * 64,
    )


def _waiver(plot: Plot) -> Any:
    return plot.row(governance.WaiverSignature).waiver


def _waiver_signature(plot: Plot) -> Any:
    """Of whoever asked, and takes it back: one that waits keeps others of its condition out."""
    waiver = plot.add(
        governance.Waiver,
        approval=plot.row(governance.Approval),
        use_case=plot.row(governance.UseCase),
        condition="recertification",
        days=30,
        reason="for tests",
        compensating_control="for tests",
        content_hash="0" * 64,
        asked_by=plot.lead.user,
    )
    return plot.add(
        governance.WaiverSignature,
        waiver=waiver,
        kind="end",
        signed_by=plot.lead.user,
        reason="for tests",
        signed_hash="0" * 64,
    )


EXCEPTIONS: dict[type[Any], Callable[[Plot], Any]] = {
    governance.BreakGlass: _break_glass,
    governance.BreakGlassSignature: _break_glass_signature,
    governance.Waiver: _waiver,
    governance.WaiverSignature: _waiver_signature,
}
