from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """WHO: organisations, teams, projects, people, keys, budgets, limits."""

    name = "tenants"
    verbose_name = "Organisation"
    default_auto_field = "django.db.models.UUIDField"
