from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """DOING IT: the inference API and everything behind it."""

    name = "gateway"
