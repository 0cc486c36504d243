from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """WHAT IS ALLOWED: the register of models, approvals, prices, routes."""

    name = "governance"
    verbose_name = "Register"
    default_auto_field = "django.db.models.UUIDField"
