"""The legal steps of an approval request and of a model's life, as tables. The database holds the same in triggers.

    draft ──► submitted ──► in review ──► approved
                  ▲             ├───────► rejected
                  │             ▼
                  └──── changes requested            each of the four that are not decided ──► withdrawn

A review begins with the first decision. It ends with the last approval that the last stage needs, or with
whoever rejects first.

    registered ◄──► deprecated ──► retired

What is announced may be changed and taken back until the sunset; from then on a model can only be retired.
"""

from __future__ import annotations

from governance.models.choices import Life, RequestStatus, Verdict
from kit import errors

STEPS: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.DRAFT: frozenset({RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN}),
    RequestStatus.SUBMITTED: frozenset({RequestStatus.IN_REVIEW, RequestStatus.WITHDRAWN}),
    RequestStatus.IN_REVIEW: frozenset(
        {
            RequestStatus.APPROVED,
            RequestStatus.REJECTED,
            RequestStatus.CHANGES_REQUESTED,
            RequestStatus.WITHDRAWN,
        }
    ),
    RequestStatus.CHANGES_REQUESTED: frozenset({RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN}),
    RequestStatus.APPROVED: frozenset(),
    RequestStatus.REJECTED: frozenset(),
    RequestStatus.WITHDRAWN: frozenset(),
}
# Where a verdict leads; one that approves does so once it completes the last stage.
LEADS_TO = {
    Verdict.APPROVE: RequestStatus.APPROVED,
    Verdict.REJECT: RequestStatus.REJECTED,
    Verdict.REQUEST_CHANGES: RequestStatus.CHANGES_REQUESTED,
}


LIFE: dict[Life, frozenset[Life]] = {
    Life.REGISTERED: frozenset({Life.DEPRECATED}),
    Life.DEPRECATED: frozenset({Life.DEPRECATED, Life.REGISTERED, Life.RETIRED}),
    Life.RETIRED: frozenset(),
}


def require_step(before: str, after: RequestStatus) -> None:
    """Raises `errors.Conflict` unless the step is legal."""
    if after not in STEPS[RequestStatus(before)]:
        was, wanted = RequestStatus(before).label.lower(), after.label.lower()
        raise errors.Conflict(f"A request that is {was} cannot become {wanted}.")


def require_life(before: str, after: Life) -> None:
    """Raises `errors.Conflict` unless a model of that life may come to this one."""
    if after not in LIFE[Life(before)]:
        raise errors.Conflict(f"A model that is {Life(before).label.lower()} cannot become {after.label.lower()}.")
