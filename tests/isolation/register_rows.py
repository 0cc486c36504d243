"""One row of what is known of providers, of models, of systems that run elsewhere, and of risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import models

from governance import models as governance
from kit.ids import new_id
from kit.scoping import within
from tests.support.answers import defined

if TYPE_CHECKING:
    from tests.isolation.plots import Plot


def _third_party_file(plot: Plot) -> Any:
    return plot.add(governance.ThirdPartyFile, provider=plot.row(governance.Provider), location="Ireland")


def _agreement(plot: Plot) -> Any:
    return plot.add(
        governance.Agreement,
        provider=plot.row(governance.Provider),
        kind="dpa",
        reference="contracts",
        signed_on=plot.world.now.date(),
    )


def _model_card(plot: Plot) -> Any:
    return plot.add(
        governance.ModelCard,
        model=plot.row(governance.Model),
        number=1,
        intended_use="letters",
        content_hash="0" * 64,
        written_by=plot.lead.user,
        written_at=plot.world.now,
    )


def _other_system(plot: Plot) -> Any:
    return plot.add(
        governance.OtherSystem,
        name=f"assistant-{new_id().hex[-12:]}",
        vendor="Somebody",
        purpose="letters",
        owner=plot.lead.user,
        ai_act_class="minimal",
    )


def _questionnaire(plot: Plot) -> Any:
    asked = defined(high_from=500).as_json()
    versions = governance.Questionnaire.across_tenants.using("system").filter(
        organization_id=plot.world.organization.id
    )
    return plot.add(
        governance.Questionnaire, number=versions.count() + 1, set_by=plot.lead.user, set_at=plot.world.now, **asked
    )


def _tier_override(plot: Plot) -> Any:
    """By an officer, whom alone the database takes it from."""
    officer = plot.world.officer
    request = plot.row(governance.ApprovalRequest)
    with within(officer.scope):
        return governance.TierOverride.objects.create(
            organization_id=plot.world.organization.id,
            request=request,
            revision=2,
            from_tier=governance.RiskTier.LOW,
            risk_tier=governance.RiskTier.HIGH,
            reason="for tests",
            overridden_by_id=officer.id,
            overridden_at=plot.world.now,
        )


REGISTER: dict[type[models.Model], Callable[[Plot], Any]] = {
    governance.ThirdPartyFile: _third_party_file,
    governance.Agreement: _agreement,
    governance.ModelCard: _model_card,
    governance.OtherSystem: _other_system,
    governance.Questionnaire: _questionnaire,
    governance.TierOverride: _tier_override,
}
