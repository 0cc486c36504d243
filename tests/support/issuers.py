"""Issuers of signed tokens, and the key sets that verify them."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import IdentityProvider
from tenants.services import identity_providers
from tenants.services.credentials import Bounds
from tenants.services.identity_providers import Issuer
from tests.support.world import World


def new_jwks(kid: str = "ec") -> dict[str, Any]:
    """The public half of a new key."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {"keys": [{**ECAlgorithm.to_jwk(public, as_dict=True), "kid": kid, "use": "sig", "alg": "ES256"}]}


def new_issuer(**changed: Any) -> Issuer:
    address = f"https://{new_id().hex}.example.com"
    return Issuer(**{"issuer": address, "audience": "chancery", "jwks": new_jwks(), **changed})


def register(
    world: World, actor: Actor | None = None, bounds: Bounds | None = None, **changed: Any
) -> IdentityProvider:
    """An issuer of the world's project, registered by its administrator unless told otherwise."""
    actor = actor or world.admin
    with within(actor.scope):
        return identity_providers.register(
            actor=actor,
            project=world.project,
            name="issuer",
            issuer=new_issuer(**changed),
            bounds=bounds,
            now=world.now,
        )
