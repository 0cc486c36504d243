"""Whether what a decision takes is there: the evidence attached to a request against what its review asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from governance.models import ApprovalRequest, Evidence, EvidenceKind, ReviewRule, RiskTier

Lack = Literal["", "missing", "withdrawn", "expired", "failed"]

# For organisations that have set no rule of their own. The database has the same, since it freezes what is asked for.
DEFAULTS: dict[RiskTier, tuple[EvidenceKind, ...]] = {
    RiskTier.LOW: (),
    RiskTier.MEDIUM: (EvidenceKind.EVALUATION,),
    RiskTier.HIGH: (EvidenceKind.EVALUATION, EvidenceKind.RED_TEAM, EvidenceKind.DPIA),
}


@dataclass(frozen=True, slots=True)
class Required:
    """A kind of evidence that is asked for, and what it lacks; nothing where it is there and good."""

    kind: EvidenceKind
    lack: Lack


@dataclass(frozen=True, slots=True)
class Completeness:
    """Everything that is asked for of a request."""

    required: tuple[Required, ...]

    @property
    def lacking(self) -> list[Required]:
        return [each for each in self.required if each.lack]

    @property
    def there(self) -> int:
        return len(self.required) - len(self.lacking)


def asked_in(tier: RiskTier) -> tuple[EvidenceKind, ...]:
    """What a request of that tier takes if it is submitted now."""
    rule = ReviewRule.objects.filter(risk_tier=tier).order_by("-number").first()
    return DEFAULTS[tier] if rule is None else tuple(EvidenceKind(kind) for kind in rule.evidence)


def attached(request: ApprovalRequest) -> list[Evidence]:
    """To the present revision. Reads what may have been prefetched."""
    return [row.evidence for row in request.attached.all() if row.revision == request.revision]


def of(request: ApprovalRequest, at: datetime) -> Completeness:
    """Against what was frozen when it was submitted; a draft, against what would be asked for now."""
    frozen = next((stage.evidence for stage in request.stages.all() if stage.revision == request.revision), None)
    kinds = asked_in(RiskTier(request.risk_tier)) if frozen is None else [EvidenceKind(kind) for kind in frozen]
    found = attached(request)
    return Completeness(tuple(Required(kind, _lack([row for row in found if row.kind == kind], at)) for kind in kinds))


def _lack(found: Sequence[Evidence], at: datetime) -> Lack:
    """One piece that has failed is not outweighed by another of its kind."""
    standing = [row for row in found if row.withdrawn_at is None]
    if any(row.passed is False for row in standing):
        return "failed"
    if any(row.counts(at) for row in standing):
        return ""
    if not found:
        return "missing"
    return "expired" if standing else "withdrawn"
