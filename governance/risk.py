"""The risk of what is asked: the questions in force, what a request answered, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from governance.models import AiActClass, ApprovalRequest, Questionnaire, RiskTier, UseCase
from governance.models.approval import Asked
from governance.questionnaire import SHIPPED, Assessment, Definition, assess


@dataclass(frozen=True, slots=True)
class InForce:
    """What is asked now. `row` is None for the shipped questionnaire."""

    row: Questionnaire | None
    definition: Definition

    @property
    def number(self) -> int:
        """0 for the shipped one."""
        return self.row.number if self.row else 0


def definition_of(row: Questionnaire | None) -> Definition:
    if row is None:
        return SHIPPED
    return Definition(row.schema, row.points, row.medium_from, row.high_from, row.alone_high)


def in_force() -> InForce:
    row = Questionnaire.objects.order_by("-number").first()
    return InForce(row, definition_of(row))


def assessment(asked: Asked) -> Assessment:
    """Of a request, or a revision, that has answers; never lower than what its use cases are."""
    found = assess(definition_of(asked.questionnaire), asked.answers or {})
    if found.tier == RiskTier.HIGH or not (named := named_high(asked)):
        return found
    because = f"High risk under the EU AI Act: {', '.join(named)}"
    return replace(found, tier=RiskTier.HIGH, because=because)


def named_high(asked: Asked) -> list[str]:
    """The use cases it names that are of high risk under the EU AI Act now."""
    rows = UseCase.objects.filter(id__in=asked.use_cases, ai_act_class=AiActClass.HIGH)
    return list(rows.order_by("slug").values_list("slug", flat=True)) if asked.use_cases else []


def taken_lightly(request: ApprovalRequest) -> list[str]:
    """Those of high risk where the request is in a lower tier and no officer has lowered it: a use case may be given a
    class of more care after somebody has asked."""
    if request.risk_tier == RiskTier.HIGH or not (named := named_high(request)):
        return []
    lowered = request.overrides.filter(revision=request.revision, from_tier=RiskTier.HIGH)
    return [] if lowered.exists() else named


def raised_to(request: ApprovalRequest) -> RiskTier:
    """The tier that an officer wants at least, if the last who overrode it raised it; the lowest otherwise."""
    last = request.overrides.order_by("-revision").first()
    return RiskTier(last.risk_tier) if last and last.risk_tier > last.from_tier else RiskTier.LOW
