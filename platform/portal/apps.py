from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The composition root: settings, URLs, sign-in, screens that span the apps, the start of everything."""

    name = "portal"
