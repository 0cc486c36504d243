"""What a suspension does to calls: it refuses those that come, and where it says so ends those that run."""

from __future__ import annotations

from uuid import UUID

from gateway.caller import Caller
from gateway.exchange.exchange import Exchange
from gateway.routing import conditions
from gateway.routing.candidates import Candidate
from gateway.services import Services
from gateway.snapshot.index import Snapshot
from governance.snapshot.section import EVERYTHING, BreakGlassEntry
from kit import errors
from tenants.snapshot import ApiKeyEntry

_OF_CALLERS = {
    "key": ("key_suspended", "The API key is suspended."),
    "team": ("team_suspended", "The team is suspended."),
    "organization": ("organization_suspended", "The organisation is suspended."),
}
_WHO_HELPS = "An administrator or a compliance officer of the organisation can resume it."


def require_in_service(snapshot: Snapshot, caller: Caller) -> None:
    """Raises `errors.Forbidden` where the caller's key, team or organisation is suspended, or everything is."""
    credential = caller.credential
    team = snapshot.teams.get(credential.team_id)
    if snapshot.suspensions.one(EVERYTHING):
        raise refusal(EVERYTHING)
    if caller.organization.is_suspended:
        raise refusal("organization")
    if team is None or team.is_suspended:
        raise refusal("team")
    if isinstance(credential, ApiKeyEntry) and credential.is_suspended:
        raise refusal("key")


def refusal(subject_kind: str) -> errors.Forbidden:
    """What a caller is told."""
    if subject_kind == EVERYTHING:
        return errors.Forbidden(
            "All calls are stopped. The operator of this installation can let them go on.", code="everything_suspended"
        )
    if subject_kind in _OF_CALLERS:
        code, words = _OF_CALLERS[subject_kind]
        return errors.Forbidden(f"{words} {_WHO_HELPS}", code=code)
    return conditions.refusal("model_suspended")


def cut_calls(services: Services) -> int:
    """Ends the calls that run and that a suspension in force says to end; gives how many."""
    suspensions = services.snapshot.suspensions
    if not suspensions:
        return 0
    cut = 0
    for exchange in list(services.open_exchanges):
        found = (entry for subject in subjects(exchange) for entry in suspensions.all(subject) if entry.cuts_calls)
        if (reason := next(found, None)) is not None:
            cut += exchange.cut(refusal(reason.subject_kind))
    return cut


def subjects(exchange: Exchange) -> list[UUID | str]:
    """Whose suspension the call is subject to: everybody's who calls, and of what it goes to now.

    One that could still go elsewhere is left alone.
    """
    caller = exchange.caller
    found: list[UUID | str] = [EVERYTHING, caller.credential.id, caller.credential.team_id, caller.organization.id]
    candidate = exchange.answered_by or exchange.trying
    if candidate is not None:
        found += [candidate.deployment.id, candidate.provider.id]
        found += [] if _was_opened(exchange, candidate) else [candidate.model.id]
        found += [candidate.approval.id] if candidate.approval else []
    return found


def _was_opened(exchange: Exchange, candidate: Candidate) -> bool:
    """Whether the call runs by break glass that is in force: it was opened in spite of the model's suspension."""
    permission = candidate.approval
    if not isinstance(permission, BreakGlassEntry):
        return False
    return exchange.services.snapshot.break_glasses.get(permission.id) is not None
