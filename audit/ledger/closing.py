"""Ends a request in the stead of a caller that will not: it was given up, its process died, its record was refused."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from audit.choices import Outcome
from audit.ledger.envelope import closing
from audit.ledger.rows import Hold, OutcomeRow, RequestedRow, Settled
from kit.ids import later_id, new_id


def given_up(row: RequestedRow, *, after_seconds: float) -> OutcomeRow:
    """For a `requested` whose caller was told that it could not be recorded: no call was made, nothing is owed."""
    return ended(
        row.id,
        row.organization_id,
        row.team_id,
        row.hold,
        row.envelope,
        outcome="failed",
        is_owed=False,
        error="ledger_unavailable",
        record_id=later_id(row.id, after_seconds),
    )


def orphaned(
    request_id: UUID, organization_id: UUID, team_id: UUID | None, hold: Hold, requested: bytes, *, at: datetime
) -> OutcomeRow:
    """For a `requested` whose process died: the call may have been made, so all that was held is owed. `at` is the
    database's time, by which it judges ids."""
    return ended(
        request_id,
        organization_id,
        team_id,
        hold,
        requested,
        outcome="outcome_unknown",
        is_owed=True,
        error="writer_lost",
        record_id=new_id(at),
    )


def unrecordable(row: OutcomeRow, hold: Hold) -> OutcomeRow:
    """For a call that was made and whose outcome the ledger refuses as it was written: all that was held is owed."""
    return ended(
        row.request_id,
        row.organization_id,
        row.team_id,
        hold,
        row.envelope,
        outcome="failed",
        is_owed=True,
        error="record_refused",
        record_id=new_id(),
    )


def ended(
    request_id: UUID,
    organization_id: UUID,
    team_id: UUID | None,
    hold: Hold,
    envelope: bytes,
    *,
    outcome: Outcome,
    is_owed: bool,
    error: str,
    record_id: UUID,
) -> OutcomeRow:
    """The outcome of a request as far as a record of it tells. What is owed is all that was held, as an estimate."""
    owed = hold.cost_nano_usd if is_owed else 0
    return OutcomeRow(
        id=record_id,
        request_id=request_id,
        organization_id=organization_id,
        team_id=team_id,
        kind=outcome,
        actor_kind="system",
        actor_id=organization_id,
        envelope=closing(envelope, outcome=outcome, error=error, cost_nano_usd=owed, estimated=is_owed),
        settlement=Settled(hold=hold, model=hold.model, cost_nano_usd=owed, estimated=is_owed, error=error),
    )
