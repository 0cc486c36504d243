"""Addresses of the tenants' resources, under `/api/`."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from tenants.rest import views
from tenants.rest.identity_providers import IdentityProviderViewSet

router = SimpleRouter()
router.register("organizations", views.OrganizationViewSet, "api-organization")
router.register("teams", views.TeamViewSet, "api-team")
router.register("projects", views.ProjectViewSet, "api-project")
router.register("memberships", views.MembershipViewSet, "api-membership")
router.register("api-keys", views.ApiKeyViewSet, "api-key")
router.register("identity-providers", IdentityProviderViewSet, "api-identity-provider")
router.register("budgets", views.BudgetViewSet, "api-budget")
router.register("rate-limits", views.RateLimitViewSet, "api-rate-limit")

urlpatterns = router.urls
