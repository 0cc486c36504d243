"""Addresses of the register and of approvals, under `/api/`."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from governance.rest import approvals, evidence, notices, register, reviews, suspensions, use_cases

router = SimpleRouter()
router.register("providers", register.ProviderViewSet, "api-provider")
router.register("models", register.ModelViewSet, "api-model")
router.register("deployments", register.DeploymentViewSet, "api-deployment")
router.register("prices", register.PriceViewSet, "api-price")
router.register("routes", register.RouteViewSet, "api-route")
router.register("use-cases", use_cases.UseCaseViewSet, "api-use-case")
router.register("approval-requests", approvals.ApprovalRequestViewSet, "api-approval-request")
router.register("review-rules", reviews.ReviewRuleViewSet, "api-review-rule")
router.register("evidence", evidence.EvidenceViewSet, "api-evidence")
router.register("delegations", reviews.DelegationViewSet, "api-delegation")
router.register("approvals", approvals.ApprovalViewSet, "api-approval")
router.register("notices", notices.NoticeViewSet, "api-notice")
router.register("suspensions", suspensions.SuspensionViewSet, "api-suspension")

urlpatterns = router.urls
