from django.apps import AppConfig


class AuditConfig(AppConfig):
    """WHAT HAPPENED: the ledger, the content vault, settlements. Everyone writes to it; it knows no one."""

    name = "audit"

    def ready(self) -> None:
        from audit import checks  # noqa: F401 - registers itself
