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
    high = UseCase.objects.filter(id__in=asked.use_cases, ai_act_class=AiActClass.HIGH)
    if found.tier == RiskTier.HIGH or not (named := high.values_list("slug", flat=True)):
        return found
    because = f"High risk under the EU AI Act: {', '.join(named)}"
    return replace(found, tier=RiskTier.HIGH, because=because)


def raised_to(request: ApprovalRequest) -> RiskTier:
    """The tier that an officer wants at least, if the last who overrode it raised it; the lowest otherwise."""
    last = request.overrides.order_by("-revision").first()
    return RiskTier(last.risk_tier) if last and last.risk_tier > last.from_tier else RiskTier.LOW
