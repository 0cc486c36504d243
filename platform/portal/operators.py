"""A person who works from the command line: shown by their personal access token, as under `/api`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from kit import errors, refusals, scoping
from kit.context import Actor
from portal import api_auth, sign_in
from portal.capacities import capacities_of, chosen
from tenants.models import User


@contextmanager
def acting(token: str, code: str = "") -> Iterator[Actor]:
    """Enters the scope of the token's holder, who may do what their role allows and no more.

    `code` is a one-time password, for acts that ask for one; it is used up. Raises `errors.Unauthenticated` for a token
    that is not good, `errors.Forbidden` for a wrong code or somebody without a role.
    """
    verified = _verified(token, code)
    try:
        with transaction.atomic():
            actor = _actor(token, verified)
            with scoping.within(actor.scope):
                yield actor
    finally:
        refusals.settle()


def _actor(token: str, verified: bool) -> Actor:
    user, holder = _holder(token)
    held = [one for one in capacities_of(user.id) if one.organization.id == holder.organization_id]
    capacity = chosen(held, None)
    if capacity is None:
        raise errors.Forbidden("The token's holder has no role in the organisation.")
    return capacity.actor(user.id, otp_verified=verified, address=None)


def _verified(token: str, code: str) -> bool:
    """In a transaction of its own: what fails afterwards does not give the code back."""
    if not code:
        return False
    with transaction.atomic():
        user, _ = _holder(token)
        is_good = sign_in.one_time(user, code)
    if not is_good:
        raise errors.Forbidden("The one-time password is wrong or used up.", code="otp_required")
    return True


def _holder(token: str) -> tuple[User, api_auth.TokenHolder]:
    holder = api_auth.holder_of(token)
    if holder is None:
        raise errors.Unauthenticated("The access token is not known, has expired or was revoked.")
    scoping.identify(holder.user_id)
    user = sign_in.EmailBackend().get_user(holder.user_id)
    if user is None:
        raise errors.Unauthenticated("The access token's holder is not active.")
    return user, holder
