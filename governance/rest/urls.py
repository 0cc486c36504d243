"""Addresses of the register and of approvals, under `/api/`."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from governance.rest import (
    alert_channels,
    alerts,
    approvals,
    break_glass,
    discussion,
    evaluations,
    evidence,
    increases,
    inventory,
    notices,
    onboarding,
    questionnaires,
    register,
    reviews,
    suspensions,
    systems,
    third_parties,
    use_cases,
    waivers,
)

router = SimpleRouter()
router.register("providers", register.ProviderViewSet, "api-provider")
router.register("models", register.ModelViewSet, "api-model")
router.register("deployments", register.DeploymentViewSet, "api-deployment")
router.register("prices", register.PriceViewSet, "api-price")
router.register("routes", register.RouteViewSet, "api-route")
router.register("use-cases", use_cases.UseCaseViewSet, "api-use-case")
router.register("third-party-files", third_parties.ThirdPartyFileViewSet, "api-third-party-file")
router.register("agreements", third_parties.AgreementViewSet, "api-agreement")
router.register("model-cards", systems.ModelCardViewSet, "api-model-card")
router.register("other-systems", systems.OtherSystemViewSet, "api-other-system")
router.register("budget-increases", increases.BudgetIncreaseViewSet, "api-budget-increase")
router.register("approval-requests", approvals.ApprovalRequestViewSet, "api-approval-request")
router.register("review-rules", reviews.ReviewRuleViewSet, "api-review-rule")
router.register("evaluation-plans", evaluations.EvaluationPlanViewSet, "api-evaluation-plan")
router.register("evaluation-cases", evaluations.EvaluationCaseViewSet, "api-evaluation-case")
router.register("evaluation-runs", evaluations.EvaluationRunViewSet, "api-evaluation-run")
router.register("questionnaires", questionnaires.QuestionnaireViewSet, "api-questionnaire")
router.register("evidence", evidence.EvidenceViewSet, "api-evidence")
router.register("delegations", reviews.DelegationViewSet, "api-delegation")
router.register("approvals", approvals.ApprovalViewSet, "api-approval")
router.register("claims", discussion.ClaimViewSet, "api-claim")
router.register("comments", discussion.CommentViewSet, "api-comment")
router.register("notices", notices.NoticeViewSet, "api-notice")
router.register("break-glass", break_glass.BreakGlassViewSet, "api-break-glass")
router.register("waivers", waivers.WaiverViewSet, "api-waiver")
router.register("alerts", alerts.AlertViewSet, "api-alert")
router.register("alert-channels", alert_channels.AlertChannelViewSet, "api-alert-channel")
router.register("alert-rules", alerts.AlertRuleViewSet, "api-alert-rule")
router.register("suspensions", suspensions.SuspensionViewSet, "api-suspension")

urlpatterns = [
    path("inventory/", inventory.InventoryViewSet.as_view({"post": "create"}), name="api-inventory"),
    path("teams/onboard/", onboarding.OnboardingViewSet.as_view({"post": "create"}), name="api-team-onboard"),
    *router.urls,
]
