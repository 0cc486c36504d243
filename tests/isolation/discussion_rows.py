"""Rows of what people do around a review."""

from __future__ import annotations

from typing import Any

from governance import models as governance


def _claim(plot: Any) -> Any:
    return plot.add(
        governance.Claim,
        request=plot.row(governance.Decision).request,
        claimed_by=plot.lead.user,
        claimed_at=plot.world.now,
    )


def _comment(plot: Any) -> Any:
    return plot.add(
        governance.Comment,
        request=plot.row(governance.Decision).request,
        written_by=plot.lead.user,
        text="for tests",
        written_at=plot.world.now,
    )


def _escalation(plot: Any) -> Any:
    stage = plot.row(governance.RequestStage)
    return plot.add(governance.Escalation, request_id=stage.request_id, stage_id=stage.id, escalated_at=plot.world.now)


DISCUSSION: dict[Any, Any] = {
    governance.Claim: _claim,
    governance.Comment: _comment,
    governance.Escalation: _escalation,
}
