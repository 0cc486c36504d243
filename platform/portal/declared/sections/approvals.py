"""What is allowed: how requests are reviewed, and the permissions that models are to have.

A permission is never made here. Where it is not in force as the document says it is asked for, and others decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models.functions import JSONObject

from governance import completeness, review, selectors
from governance.models import ApprovalRequest, Deployment, EvidenceKind, ReviewRule, RiskTier, UseCase
from governance.review import StageRule
from governance.services import approvals, review_rules
from kit import clock
from portal.declared import forms, names
from portal.declared.section import Doing, Section, Values
from tenants.models import Role, Team

# Of no order.
_LISTS = ("teams", "use_cases", "caller_regions", "regions")
_PLACE = JSONObject(provider="provider__name", upstream_model="upstream_model", region="region")


class ReviewRules(Section):
    """Every tier has one, if only the one that is shipped."""

    name, noun, form, key = "review_rules", "review rule of risk tier", forms.ReviewRuleForm, ("risk_tier",)
    view_act = "governance.register.view"
    changing = frozenset({"stages", "evidence", "recertify_days"})

    def rows(self) -> Iterable[RiskTier]:
        return list(RiskTier)

    def read(self, row: RiskTier) -> Values:
        rule = ReviewRule.objects.filter(risk_tier=row).order_by("-number").first()
        return {
            "risk_tier": row,
            "stages": [stage.as_json() for stage in review.rule_in_force(row)],
            "evidence": sorted(completeness.asked_in(row)),
            "recertify_days": rule.recertify_days if rule else None,
        }

    def differs(self, doing: Doing, row: RiskTier, entry: Values) -> list[str]:
        listed = {"evidence": sorted(entry["evidence"])} if "evidence" in entry else {}
        return super().differs(doing, row, {**entry, **listed})

    def make(self, doing: Doing, entry: Values) -> None:
        stages = [
            StageRule(tuple(Role(role) for role in stage["roles"]), stage["needed"], stage["due_days"])
            for stage in entry["stages"]
        ]
        kinds = [EvidenceKind(kind) for kind in entry["evidence"]] if "evidence" in entry else None
        review_rules.set_rule(
            actor=doing.actor,
            risk_tier=entry["risk_tier"],
            stages=stages,
            evidence=kinds,
            recertify_days=entry.get("recertify_days"),
            now=doing.now,
        )

    def change(self, doing: Doing, row: RiskTier, entry: Values) -> None:
        self.make(doing, entry)


class Approvals(Section):
    """The request that waits, if one does, stands for what will be in force: asking twice changes nothing."""

    name, noun, form, key = "approvals", "approval of", forms.ApprovalForm, ("model",)
    view_act = "governance.register.view"
    changing = frozenset(forms.ApprovalForm().fields) - {"model"}
    verb = "asked for"

    def rows(self) -> Iterable[ApprovalRequest]:
        now = clock.now()
        newest: dict[object, ApprovalRequest] = {}
        in_force = ApprovalRequest.objects.filter(approval__in=selectors.live_approvals(now)).select_related("model")
        slugs = {
            "team_slugs": selectors.named_in(Team.objects.all(), "teams", "slug"),
            "use_case_slugs": selectors.named_in(UseCase.objects.all(), "use_cases", "slug"),
            "places": selectors.named_in(Deployment.objects.annotate(place_named=_PLACE), "deployments", "place_named"),
        }
        for request in [*in_force.annotate(**slugs), *selectors.open_requests().annotate(**slugs)]:
            newest[request.model_id] = request
        return sorted(newest.values(), key=lambda request: request.model.slug)

    def read(self, row: ApprovalRequest) -> Values:
        return {
            "model": row.model.slug,
            "justification": row.justification,
            "teams": sorted(row.team_slugs),  # type: ignore[attr-defined]
            "use_cases": sorted(row.use_case_slugs),  # type: ignore[attr-defined]
            "caller_regions": sorted(row.caller_regions),
            "regions": sorted(row.regions),
            "deployments": _in_order(row.places),  # type: ignore[attr-defined]
            "max_data_class": row.max_data_class,
            "expires_at": row.expires_at,
            "risk_tier": row.risk_tier,
            "answers": row.answers,
        }

    def differs(self, doing: Doing, row: ApprovalRequest, entry: Values) -> list[str]:
        listed: dict[str, Any] = {name: sorted(entry[name]) for name in _LISTS if name in entry}
        if "deployments" in entry:
            listed["deployments"] = _in_order(entry["deployments"])
        return super().differs(doing, row, {**entry, **listed})

    def make(self, doing: Doing, entry: Values) -> None:
        terms = approvals.Terms(
            teams=[names.team(slug).id for slug in entry["teams"]],
            use_cases=[names.use_case(slug).id for slug in entry["use_cases"]],
            caller_regions=entry["caller_regions"],
            regions=entry["regions"],
            deployments=[names.deployment({**place, "model": entry["model"]}).id for place in entry["deployments"]],
            max_data_class=entry["max_data_class"],
            expires_at=entry["expires_at"],
            risk_tier=entry["risk_tier"],
            answers=entry.get("answers"),
        )
        approvals.submit(
            actor=doing.actor,
            model=names.model(entry["model"]),
            justification=entry["justification"],
            terms=terms,
            now=doing.now,
        )

    def change(self, doing: Doing, row: ApprovalRequest, entry: Values) -> None:
        self.make(doing, entry)


def _in_order(places: Iterable[Values]) -> list[Values]:
    return sorted(places, key=lambda place: (place["provider"], place["upstream_model"], place["region"]))
