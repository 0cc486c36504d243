from django.apps import AppConfig


class AuditConfig(AppConfig):
    """WHAT HAPPENED: the ledger, the content vault, settlements."""

    name = "audit"
    default_auto_field = "django.db.models.UUIDField"
