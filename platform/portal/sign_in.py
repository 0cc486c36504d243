"""Who a person is: e-mail and password first, then a one-time password where the role asks for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import django_otp
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth import login as start_session
from django.contrib.auth.backends import BaseBackend
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.ledger.append import append_act
from kit import clock, scoping
from kit.context import Actor
from portal import known_browser, lockout
from portal.capacities import capacities_of, chosen
from portal.client_address import client_address
from tenants.models import User

CAPACITY_KEY = "capacity"
_CODE_GIVEN_AT_KEY = "code_given_at"
# How long a one-time password stands for the acts that ask for one; a role that needs it to sign in keeps the session.
FRESH = timedelta(hours=1)
BACKEND = "portal.sign_in.EmailBackend"


class EmailBackend(BaseBackend):
    """Finds people by e-mail address. Permissions come from memberships, not from here."""

    def authenticate(
        self, request: HttpRequest | None, email: str | None = None, password: str | None = None, **_: object
    ) -> User | None:
        """The person, or none. Takes as long for an unknown address as for a wrong password."""
        if email is None or password is None:
            return None
        with transaction.atomic():
            scoping.look_up_address(email)
            user = User.objects.filter(email=email).first()
            if user is None:
                User().set_password(password)
                return None
            scoping.identify(user.id)  # a stored hash of an older strength is written anew
            return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> User | None:
        """The signed-in person; runs where `kit.scoping.identify` has been told the same id."""
        return User.objects.filter(id=user_id, is_active=True).first()


def with_password(request: HttpRequest, email: str, password: str) -> bool:
    """Starts a session under a new key if the address and password fit and are not locked out."""
    address, email = client_address(request), email.strip().lower()
    browser = known_browser.presented(request, lockout.subject_of(email))
    if not lockout.admit(email, address, now=clock.now(), browser=browser):
        return False
    user = EmailBackend().authenticate(request, email=email, password=password)
    if user is None:
        return False
    lockout.forget(email, address, browser)
    with transaction.atomic():
        scoping.identify(user.id)
        start_session(request, user, backend=BACKEND)
        capacity = chosen(capacities_of(user.id), None)
        if capacity:
            actor = capacity.actor(user.id, otp_verified=False, address=address)
            _record(actor, "portal.session.started")
    return True


def devices_of(user: User) -> list[TOTPDevice]:
    """The person's confirmed one-time-password devices."""
    return list(TOTPDevice.objects.filter(user=user, confirmed=True))


def device_to_enrol(user: User) -> TOTPDevice:
    """The device being set up: made at the first look at its QR code and kept until it is confirmed."""
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "authenticator"})
    return device


def with_code(request: HttpRequest, user: User, device: TOTPDevice, code: str) -> bool:
    """Raises the session to one with a one-time password, under a new key; confirms a device being set up.

    A code is good once. Wrong codes make the device wait, longer each time.
    """
    accepted = django_otp.verify_token(user, device.persistent_id, code)
    if accepted is None:
        return False
    if not accepted.confirmed:
        TOTPDevice.objects.filter(user=user).exclude(id=accepted.id).delete()
        TOTPDevice.objects.filter(id=accepted.id).update(confirmed=True)
        _record(getattr(request, "actor", None), "portal.one_time_password.enrolled")
    django_otp.login(request, accepted)
    request.session[_CODE_GIVEN_AT_KEY] = clock.now().timestamp()
    request.session.cycle_key()
    return True


def is_fresh(request: HttpRequest) -> bool:
    """Whether a code was given in this session lately enough for an act that asks for one."""
    given_at = request.session.get(_CODE_GIVEN_AT_KEY, 0.0)
    return bool(clock.now().timestamp() - given_at < FRESH.total_seconds())


def one_time(user: User, code: str) -> bool:
    """Whether a code sent along with a single call is good; it is used up by that."""
    return any(django_otp.verify_token(user, device.persistent_id, code) for device in devices_of(user))


def actor_of_session(session: SessionBase) -> Actor | None:
    """Who acts in a session outside a request, for sockets; none where pages would ask for more first."""
    if SESSION_KEY not in session:
        return None
    request = HttpRequest()
    request.session = session
    with transaction.atomic():
        scoping.identify(UUID(session[SESSION_KEY]))
        user = get_user(request)
        if not isinstance(user, User):
            return None
        capacity = chosen(capacities_of(user.id), session.get(CAPACITY_KEY))
        device = TOTPDevice.from_persistent_id(session.get(django_otp.DEVICE_ID_SESSION_KEY) or "")
    verified = device is not None and device.user_id == user.id and device.confirmed
    if capacity is None or (capacity.needs_otp and not verified):
        return None
    return capacity.actor(user.id, otp_verified=False, address=None)


def _record(actor: Actor | None, action: str) -> None:
    """Writes the act to the ledger of the organisation the person acts in; without one there is no ledger."""
    if actor is not None:
        with scoping.within(actor.scope):
            append_act(actor=actor, action=action, object_kind="user", object_id=actor.id, details={})
