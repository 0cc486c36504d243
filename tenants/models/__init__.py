from tenants.models.choices import AtStop, Each, Period, Role, Scope
from tenants.models.increases import BudgetIncrease
from tenants.models.keys import ApiKey, ApiKeySecret, IdentityProvider
from tenants.models.money import Budget, RateLimit
from tenants.models.organization import Organization, Project, Team
from tenants.models.people import Membership, PersonalAccessToken, User

__all__ = [
    "ApiKey",
    "ApiKeySecret",
    "AtStop",
    "Budget",
    "BudgetIncrease",
    "Each",
    "IdentityProvider",
    "Membership",
    "Organization",
    "Period",
    "PersonalAccessToken",
    "Project",
    "RateLimit",
    "Role",
    "Scope",
    "Team",
    "User",
]
