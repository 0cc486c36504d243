"""Whether a live approval covers a candidate, and if none does, which condition failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.routing import waivers
from gateway.routing.break_glass import opened
from gateway.routing.candidates import Candidate
from gateway.snapshot.index import Snapshot
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
    "condition_deployments",
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
    "condition_deployments": "The approval of this model does not include where it is deployed.",
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
    if approval.deployments and candidate.deployment.id not in approval.deployments:
        return "condition_deployments"
    voided_at = candidate.deployment.voided_at
    if voided_at is not None and voided_at > approval.granted_at:
        return "condition_version"
    return None


def authorized(snapshot: Snapshot, candidates: Sequence[Candidate], call: Call) -> tuple[Candidate, ...]:
    """The candidates a live approval covers, each with it; where there is none, those that one covers by a waiver; else
    those that break glass has opened.

    Raises `errors.Forbidden` naming the nearest miss.
    """
    approvals_of = snapshot.approvals.all
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
    if allowed:
        return tuple(allowed)
    excepted = _waived(snapshot, candidates, call) or opened(
        candidates, snapshot.break_glasses.all, call.credential, call.at
    )
    if not excepted:
        nearest = max(misses, key=_ORDER.index, default="model_not_approved")
        raise retirement(retired) if retired and nearest == "model_retired" else _refused(nearest, call)
    return excepted


def cleared(
    snapshot: Snapshot, candidates: Sequence[Candidate], data_class: DataClass, call: Call
) -> tuple[Candidate, ...]:
    """The candidates whose approval admits data of this class; where there is none, those where that is waived.

    Raises `errors.Forbidden`.
    """
    allowed = tuple(
        candidate
        for candidate in candidates
        if candidate.approval is not None and data_class <= candidate.approval.max_data_class
    )
    if not allowed:
        allowed = waivers.admitting(snapshot, candidates, data_class, call.use_case, call.at)
    if not allowed:
        raise refusal("condition_data_class", data_class=data_class.label)
    return allowed


def _waived(snapshot: Snapshot, candidates: Iterable[Candidate], call: Call) -> tuple[Candidate, ...]:
    """The candidates for which all conditions of an approval hold but one, which is waived."""
    callable_ones = (each for each in candidates if not (each.is_suspended or each.model.is_over(call.at)))
    found = (_by_a_waiver(snapshot, candidate, call) for candidate in callable_ones)
    return tuple(candidate for candidate in found if candidate is not None)


def _by_a_waiver(snapshot: Snapshot, candidate: Candidate, call: Call) -> Candidate | None:
    for approval in snapshot.approvals.all(candidate.model.id):
        for waiver in waivers.standing(snapshot, approval.id, call.use_case, call.at):
            if failed_condition(waivers.without(approval, waiver), call, candidate) is None:
                return replace(candidate, approval=approval, waiver=waiver)
    return None


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
