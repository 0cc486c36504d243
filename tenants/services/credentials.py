"""What keys and identity providers have in common: what they may be used for, and from where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

from kit import errors
from kit.context import Actor
from kit.data_class import DataClass
from tenants import permissions
from tenants.models import Scope
from tenants.models.keys import default_scopes


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a credential may be used for, and from where."""

    scopes: Sequence[str] = field(default_factory=default_scopes)
    networks: Sequence[str] = ()
    max_data_class: DataClass = DataClass.CONFIDENTIAL


def check(actor: Actor, bounds: Bounds) -> None:
    """Raises `errors.InvalidRequest` for a network that is none, `errors.Forbidden` for what would see more than
    the actor does.
    """
    for network in bounds.networks:
        try:
            ip_network(network)
        except ValueError as wrong:
            raise errors.InvalidRequest(f"{network!r} is not a network in CIDR form.", param="networks") from wrong
    if Scope.COSTS_ORGANIZATION in bounds.scopes:
        permissions.require(actor, "audit.spend.view")
        permissions.require_reach(actor, None)
