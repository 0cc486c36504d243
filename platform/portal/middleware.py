"""What every request of a person passes through: headers, and whose request it is.

`ActingAs` wraps the request in one transaction in which PostgreSQL shows the acting person's organisation and
teams and nothing else. Templates are rendered inside it. A view that raises undoes all it wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from kit import logs, scoping
from kit.errors import ChanceryError
from kit.ids import new_id
from portal import api_auth, api_errors, refusals, sign_in
from portal.capacities import Capacity, capacities_of, chosen
from portal.client_address import client_address
from tenants.models import User

GetResponse = Callable[[HttpRequest], HttpResponse]

_STRICT = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# Exceptions, each for somebody else's pages: Unfold evaluates Alpine expressions and styles inline,
# Swagger UI styles inline.
_POLICIES = [
    ("/admin/", f"{_STRICT}; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"),
    ("/api/docs/", f"{_STRICT}; style-src 'self' 'unsafe-inline'"),
]
# Open before a one-time password is given, and to people without a membership.
_BEFORE_OTP = ("/sign-in/", "/sign-out/")


class RequestIds:
    """An id for each request: in its answer, in the lines of the log, and with every change that it makes.

    One of the inference path has its id already.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if logs.request_id.get() is not None:
            return self.get_response(request)
        request_id = new_id()
        token = logs.request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response.headers["X-Request-Id"] = str(request_id)
        return response


class SecurityHeaders:
    """A strict Content-Security-Policy, and no copies of signed-in pages in caches."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = next((policy for prefix, policy in _POLICIES if request.path.startswith(prefix)), _STRICT)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class _Undone(Exception):
    """Carries the answer out of a transaction that is to be rolled back."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


class ActingAs:
    """Identifies the person, picks the capacity, sets `request.actor` and enters its scope for the view."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = api_auth.presented(request) if request.path.startswith("/api/") else None
        if token is None and SESSION_KEY not in request.session:
            return self.get_response(request)
        otp = self._one_time_password(request, token)
        if otp is False:
            return _problem("otp_required", "The one-time password is wrong or used up, or its device has to wait.")
        try:
            with transaction.atomic():
                response = self._answer(request, token, otp_given=otp is True)
                if getattr(request, "failed", False) or response.status_code >= 500:
                    raise _Undone(response)
        except _Undone as undone:
            return undone.response
        finally:
            refusals.settle(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A view raised: whatever answer that becomes, nothing it wrote stays. Refusals become a page that says why."""
        request.failed = True  # type: ignore[attr-defined]
        refusals.note_in(request, exception)
        if isinstance(exception, ChanceryError):
            return render(request, "portal/refused.html", {"refusal": exception}, status=exception.status)
        return None

    def _answer(self, request: HttpRequest, token: str | None, *, otp_given: bool) -> HttpResponse:
        user, organization_id = _identify(request, token)
        if user is None:
            return self.get_response(request)
        capacities = [
            capacity
            for capacity in capacities_of(user.id)
            if organization_id is None or capacity.organization.id == organization_id
        ]
        capacity = chosen(capacities, request.session.get(sign_in.CAPACITY_KEY))
        early = request.path.startswith(_BEFORE_OTP)
        if capacity is None:
            return self.get_response(request) if early else _no_membership(request)
        by_device = token is None and getattr(user, "otp_device", None) is not None
        if capacity.needs_otp and token is None and not (by_device or otp_given or early):
            return _ask_for_code(request, user)
        verified = otp_given or (by_device and sign_in.is_fresh(request))
        return self._as(request, user, capacities, capacity, verified)

    def _as(
        self, request: HttpRequest, user: User, capacities: list[Capacity], capacity: Capacity, verified: bool
    ) -> HttpResponse:
        actor = capacity.actor(user.id, otp_verified=verified, address=client_address(request))
        user.actor = actor  # type: ignore[attr-defined]
        request.actor = actor  # type: ignore[attr-defined]
        request.capacity, request.capacities = capacity, capacities  # type: ignore[attr-defined]
        scoping.announce_origin(actor.address, logs.request_id.get())
        with scoping.within(actor.scope), timezone.override(ZoneInfo(capacity.organization.time_zone)):
            response = self.get_response(request)
            if getattr(request, "failed", False):
                transaction.set_rollback(True)
            return response

    def _one_time_password(self, request: HttpRequest, token: str | None) -> bool | None:
        """Uses up the code of an `X-OTP` header, in a transaction of its own: a failed call does not give it back.

        None where no code was sent or nobody is known to have sent it.
        """
        code = request.headers.get("X-OTP", "")
        if not code or not request.path.startswith("/api/"):
            return None
        with transaction.atomic():
            user, _ = _identify(request, token)
            return None if user is None else sign_in.one_time(user, code)


def _identify(request: HttpRequest, token: str | None) -> tuple[User | None, UUID | None]:
    """The person, and the organisation a token is for; inside the running transaction."""
    if token is not None:
        holder = api_auth.holder_of(token)
        if holder is None:
            return None, None
        scoping.identify(holder.user_id)
        user = sign_in.EmailBackend().get_user(holder.user_id)
        request.token_user = user  # type: ignore[attr-defined]
        if user is None:
            refusals.note_inactive(request, holder.user_id, [holder.organization_id])
        return user, holder.organization_id
    user_id = UUID(request.session[SESSION_KEY])
    scoping.identify(user_id)
    if request.user.is_authenticated:
        return request.user, None
    if User.objects.filter(id=user_id, is_active=False).exists():
        refusals.note_inactive(request, user_id, {held.organization.id for held in capacities_of(user_id)})
    return None, None


def _ask_for_code(request: HttpRequest, user: User) -> HttpResponse:
    if request.path.startswith("/api/"):
        return _problem("otp_required", "This role signs in with a one-time password.")
    page = reverse("sign-in-code" if sign_in.devices_of(user) else "sign-in-enrol")
    target = request.get_full_path() if request.method == "GET" else "/"
    return redirect(f"{page}?{urlencode({'next': target})}")


def _no_membership(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return _problem("permission_denied", "This person has no role in the organisation.")
    return render(request, "portal/no_membership.html", status=403)


def _problem(code: str, detail: str) -> JsonResponse:
    body = api_errors.document(403, code, detail)
    return JsonResponse(body, status=403, content_type=api_errors.CONTENT_TYPE)
