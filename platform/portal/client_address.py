"""Where a person's request comes from."""

from __future__ import annotations

from ipaddress import ip_network

from django.conf import settings
from django.http import HttpRequest

from kit.client_address import nearest


def client_address(request: HttpRequest) -> str | None:
    """The address that connected, or whom the proxies of `TRUSTED_PROXIES` say they were called by."""
    proxies = [ip_network(network) for network in settings.TRUSTED_PROXIES]
    found = nearest(request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", ""), proxies)
    return str(found) if found else None
