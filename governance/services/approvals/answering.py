"""How much care a request takes: computed from its answers, or stated where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance import risk
from governance.models import ApprovalRequest, RiskTier
from governance.questionnaire import validated
from kit import errors


def enter_tier(request: ApprovalRequest, answers: Mapping[str, Any] | None, stated: RiskTier) -> None:
    """Answers the questionnaire in force. The tier is never lower than what a reviewer raised the request to.

    Raises `errors.InvalidRequest` for answers that are none, and for none where there were some.
    """
    if answers is None:
        if request.answers is not None:
            raise errors.InvalidRequest("A request that has answers keeps some.", param="answers")
        least = RiskTier.HIGH if risk.named_high(request) else RiskTier.LOW
        request.risk_tier = max(stated, least, risk.raised_to(request))
        return
    asked = risk.in_force()
    request.questionnaire, request.answers = asked.row, validated(asked.definition, answers)
    request.computed_tier = risk.assessment(request).tier
    request.risk_tier = max(request.computed_tier, risk.raised_to(request))
