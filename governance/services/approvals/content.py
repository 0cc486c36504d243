"""What a request asks for, and the hash that a decision signs of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from audit.ledger.envelope import canonical
from governance import completeness, risk, selectors
from governance.models import ApprovalRequest, Deployment, Evidence, Model, RequestEvidence, RiskTier
from governance.services.approvals.answering import enter_tier
from kit import clock, errors
from kit.data_class import DataClass
from tenants.models import Team


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions asked for, and how much care they take. Empty sequences mean any.

    Where there are answers the tier is computed from them, and `risk_tier` says nothing.
    """

    teams: Sequence[UUID] = ()
    use_cases: Sequence[UUID] = ()
    caller_regions: Sequence[str] = ()
    regions: Sequence[str] = ()
    deployments: Sequence[UUID] = ()
    max_data_class: DataClass = DataClass.INTERNAL
    expires_at: datetime | None = None
    risk_tier: RiskTier = RiskTier.LOW
    evidence: Sequence[UUID] = ()
    answers: Mapping[str, Any] | None = None


def enter(request: ApprovalRequest, justification: str, terms: Terms) -> None:
    """Writes what is asked into the request, with its hash. Raises `errors.InvalidRequest` for an unknown team, a use
    case that is not in service or that none of the teams may call for, a deployment of another model or
    outside of the regions, an end that is past, answers that are none, and Django's `ValidationError`."""
    _check_teams(terms.teams)
    if lack := lack_of(terms.use_cases, terms.teams):
        raise errors.InvalidRequest(lack, param="use_cases")
    _check_deployments(request.model, terms)
    request.justification = justification
    request.teams, request.regions = list(terms.teams), list(terms.regions)
    request.use_cases, request.caller_regions = list(dict.fromkeys(terms.use_cases)), list(terms.caller_regions)
    request.deployments = list(dict.fromkeys(terms.deployments))
    request.max_data_class, request.expires_at = terms.max_data_class, terms.expires_at
    if request.expires_at is not None and request.expires_at <= clock.now():
        raise errors.InvalidRequest("The end is past.", param="expires_at")
    enter_tier(request, terms.answers, terms.risk_tier)
    request.content_hash = content_hash(request, _evidence_of(request, terms.evidence))
    request.full_clean(exclude=["requested_at"], validate_constraints=False)


def content_hash(request: ApprovalRequest, attached: Iterable[Evidence] | None = None) -> str:
    """SHA-256, in hex, of the canonical form of what is asked; the same whichever zone its end is written in.

    The lowest tier, and what there is none of among renewal, use cases, caller's regions, deployments, answers and
    evidence, are left out: what was asked for before there were any keeps its hash. Evidence is what is attached to
    the revision, unless `attached` is given.
    """
    asked: dict[str, Any] = {
        "model_id": str(request.model_id),
        "version": request.model.version,
        "justification": request.justification,
        "teams": sorted(str(team) for team in request.teams),
        "regions": sorted(request.regions),
        "max_data_class": int(request.max_data_class),
        "expires_at": request.expires_at.astimezone(UTC).isoformat() if request.expires_at else None,
    }
    if request.risk_tier != RiskTier.LOW:
        asked["risk_tier"] = int(request.risk_tier)
    if request.renews_id is not None:
        asked["renews"] = str(request.renews_id)
    if request.use_cases:
        asked["use_cases"] = sorted(str(use_case) for use_case in request.use_cases)
    if request.caller_regions:
        asked["caller_regions"] = sorted(request.caller_regions)
    if request.deployments:
        asked["deployments"] = sorted(str(deployment) for deployment in request.deployments)
    if request.answers is not None:
        asked["answers"] = request.answers
        asked["questionnaire"] = risk.definition_of(request.questionnaire).digest()
        asked["computed_tier"] = int(request.computed_tier or 0)
    rests_on = completeness.attached(request) if attached is None else attached
    if evidence := sorted([str(row.id), row.sha256] for row in rests_on):
        asked["evidence"] = evidence
    return hashlib.sha256(canonical(asked)).hexdigest()


def attach(request: ApprovalRequest, evidence_ids: Iterable[UUID]) -> None:
    """To the revision that it has now."""
    for evidence_id in dict.fromkeys(evidence_ids):
        RequestEvidence.objects.create(
            organization_id=request.organization_id,
            request=request,
            revision=request.revision,
            evidence_id=evidence_id,
        )


def _evidence_of(request: ApprovalRequest, evidence_ids: Sequence[UUID]) -> list[Evidence]:
    """Raises `errors.InvalidRequest` for what is withdrawn, or about something else."""
    if not evidence_ids:
        return []
    found = list(selectors.evidence_about(request.model).filter(id__in=evidence_ids))
    if len(found) != len(set(evidence_ids)):
        raise errors.InvalidRequest("Evidence is about the model or one of its providers.", param="evidence")
    return found


def lack_of(use_case_ids: Sequence[UUID], team_ids: Sequence[UUID]) -> str:
    """Why calls of these teams could not be made for one of the use cases, as far as whoever looks may see them; empty
    where they could. No teams stand for all."""
    found = selectors.use_cases_in_service().filter(id__in=use_case_ids)
    if len(found) != len(set(use_case_ids)):
        return "A use case is not in service."
    others = sorted(row.slug for row in found if team_ids and row.team_id not in (None, *team_ids))
    return f"The use case {others[0]} is of a team that is not among those that may call." if others else ""


def _check_deployments(model: Model, terms: Terms) -> None:
    named = list(Deployment.objects.filter(model=model, id__in=terms.deployments)) if terms.deployments else []
    if len(named) != len(set(terms.deployments)):
        raise errors.InvalidRequest("A deployment is none of this model.", param="deployments")
    if terms.regions and any(deployment.region not in terms.regions for deployment in named):
        raise errors.InvalidRequest("A deployment is in none of the regions that are asked for.", param="deployments")


def _check_teams(team_ids: Sequence[UUID]) -> None:
    if Team.objects.filter(id__in=team_ids).count() != len(set(team_ids)):
        raise errors.InvalidRequest("A team is unknown.", param="teams")
