"""The legal steps of an approval request, as a table. The database holds the same rule in a trigger."""

from __future__ import annotations

from governance.models.choices import RequestStatus
from kit import errors

STEPS: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.SUBMITTED: frozenset({RequestStatus.APPROVED, RequestStatus.REJECTED, RequestStatus.WITHDRAWN}),
    RequestStatus.APPROVED: frozenset(),
    RequestStatus.REJECTED: frozenset(),
    RequestStatus.WITHDRAWN: frozenset(),
}


def require_step(before: str, after: RequestStatus) -> None:
    """Raises `errors.Conflict` unless the step is legal."""
    if after not in STEPS[RequestStatus(before)]:
        raise errors.Conflict(f"A request that is {before} cannot become {after}.")
