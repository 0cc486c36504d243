from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class PortalConfig(AppConfig):
    """The composition root: settings, URLs, sign-in, screens that span the apps, the start of everything."""

    name = "portal"
    default = True

    def ready(self) -> None:
        from portal import checks, refusals  # noqa: F401 - the checks register themselves

        refusals.begin()


class AdminConfig(SimpleAdminConfig):
    """Django's admin on our site. Nothing is discovered: an app's classes are registered where the site is built."""

    default_site = "portal.admin_site.ChancerySite"
