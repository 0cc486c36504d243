"""Where a person's request comes from."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address that connected; behind the proxies of `TRUSTED_PROXIES`, the nearest one that is not one of them."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    for hop in [request.META.get("REMOTE_ADDR") or "", *reversed(hops)]:
        address = _normal(hop)
        if address is None or not _is_proxy(address):
            return address
    return None


def _normal(hop: str) -> str | None:
    try:
        return str(ip_address(hop))
    except ValueError:
        return None


def _is_proxy(address: str) -> bool:
    return any(ip_address(address) in ip_network(network) for network in settings.TRUSTED_PROXIES)
