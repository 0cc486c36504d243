from django.apps import AppConfig


class CommandsOnly(AppConfig):
    """The portal's management commands without its models, screens and checks."""

    name = "portal"

    def import_models(self) -> None:
        self.models = {}
