"""Whether a live approval covers a candidate, and if none does, which condition failed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from gateway.routing.break_glass import GlassesOf, opened
from gateway.routing.candidates import Candidate
from governance.snapshot.section import ApprovalEntry, UseCaseEntry
from kit import errors
from kit.data_class import DataClass
from tenants.snapshot import CredentialEntry

# From the least to the most that was fulfilled: where several approvals fail, the nearest miss is named.
_ORDER = (
    "model_not_approved",
    "model_retired",
    "model_suspended",
    "condition_organization",
    "approval_expired",
    "recertification_overdue",
    "condition_team",
    "condition_use_case",
    "condition_caller_region",
    "condition_region",
    "condition_version",
    "condition_data_class",
)
_WORDS = {
    "model_suspended": "The model, its provider or its deployment is suspended.",
    "model_not_approved": "No approval lets you call this model.",
    "condition_organization": "The approval does not include your organisation.",
    "approval_expired": "The approval of this model has expired.",
    "recertification_overdue": "The approval of this model was not recertified in time.",
    "model_retired": "The model is retired.",
    "condition_team": "The approval of this model does not include your team.",
    "condition_use_case": "The approval of this model does not include what the call is made for.",
    "condition_caller_region": "The approval of this model does not include the region your application runs in.",
    "condition_region": "The approval of this model does not include the region it is deployed in.",
    "condition_version": "The model is deployed in another version than was approved.",
    "condition_data_class": "The data is more sensitive than the approval of this model allows.",
}


@dataclass(slots=True)
class Call:
    """What conditions are about: who calls from where, when, and what for. `region` is where the application runs."""

    credential: CredentialEntry
    region: str
    use_case: UseCaseEntry | None
    at: datetime


def failed_condition(approval: ApprovalEntry, call: Call, candidate: Candidate) -> str | None:
    """The code of the first static condition that does not hold, or none."""
    credential = call.credential
    if approval.organization_id != credential.organization_id:
        return "condition_organization"
    if approval.is_suspended:
        return "model_suspended"
    if approval.expires_at is not None and call.at >= approval.expires_at:
        return "approval_expired"
    if call.at >= approval.recertify_by:
        return "recertification_overdue"
    if approval.teams and credential.team_id not in approval.teams:
        return "condition_team"
    if approval.use_cases and (call.use_case is None or call.use_case.id not in approval.use_cases):
        return "condition_use_case"
    if approval.caller_regions and call.region not in approval.caller_regions:
        return "condition_caller_region"
    if approval.regions and candidate.deployment.region not in approval.regions:
        return "condition_region"
    voided_at = candidate.deployment.voided_at
    if voided_at is not None and voided_at > approval.granted_at:
        return "condition_version"
    return None


def authorized(
    candidates: Sequence[Candidate],
    approvals_of: Callable[[UUID], tuple[ApprovalEntry, ...]],
    glasses_of: GlassesOf,
    call: Call,
) -> tuple[Candidate, ...]:
    """The candidates a live approval covers, each with it; where there is none, those that break glass has opened.

    Raises `errors.Forbidden` naming the nearest miss.
    """
    allowed: list[Candidate] = []
    misses: list[str] = []
    retired: Candidate | None = None
    for candidate in candidates:
        if candidate.model.is_over(call.at):
            retired = retired or candidate
            misses.append("model_retired")
            continue
        failed = "model_suspended" if candidate.is_suspended else "model_not_approved"
        for approval in () if candidate.is_suspended else approvals_of(candidate.model.id):
            found = failed_condition(approval, call, candidate)
            if found is None:
                allowed.append(replace(candidate, approval=approval))
                break
            failed = max(failed, found, key=_ORDER.index)
        else:
            misses.append(failed)
    found_open = () if allowed else opened(candidates, glasses_of, call.credential, call.at)
    if not allowed and not found_open:
        nearest = max(misses, key=_ORDER.index, default="model_not_approved")
        raise retirement(retired) if retired and nearest == "model_retired" else _refused(nearest, call)
    return tuple(allowed) or found_open


def cleared(candidates: Iterable[Candidate], data_class: DataClass) -> tuple[Candidate, ...]:
    """The candidates whose approval admits data of this class. Raises `errors.Forbidden`."""
    allowed = tuple(
        candidate
        for candidate in candidates
        if candidate.approval is not None and data_class <= candidate.approval.max_data_class
    )
    if not allowed:
        raise refusal("condition_data_class", data_class=data_class.label)
    return allowed


def retirement(candidate: Candidate) -> errors.Forbidden:
    """Names what takes the model's place, where there is something."""
    deprecation = candidate.model.deprecation
    if deprecation is None or deprecation.successor is None:
        return refusal("model_retired")
    words = f"{_WORDS['model_retired']} Its successor is {deprecation.successor}."
    return errors.Forbidden(words, code="model_retired", details={"successor": deprecation.successor})


def _refused(code: str, call: Call) -> errors.Forbidden:
    """Names what the call said of itself, never what the approval names: that may be others' business."""
    match code:
        case "condition_use_case":
            return refusal(code, use_case=call.use_case.slug if call.use_case else "none")
        case "condition_caller_region":
            return refusal(code, caller_region=call.region)
        case _:
            return refusal(code)


def refusal(code: str, **details: str) -> errors.Forbidden:
    return errors.Forbidden(_WORDS[code], code=code, details=details)
