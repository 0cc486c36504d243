"""Errors of the management API as RFC 9457 problem documents."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from kit.errors import CODES, ChanceryError
from portal import refusals

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_PREFIX = "/api/"
_CODES_BY_STATUS = {
    400: "invalid_request",
    401: "invalid_api_key",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "invalid_request",
    415: "invalid_request",
    429: "rate_limit_exceeded",
}


def document(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """`type` is a relative reference that names the code; `errors` lists fields where several are wrong."""
    return {
        "type": f"/docs/errors#{code}",
        "title": CODES[code].meaning,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


def problem(failure: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler. None, and so a 500, for what is no caller's error."""
    rendered = _rendered(failure)
    if rendered is None:
        return None
    body, headers = rendered
    set_rollback()
    request: HttpRequest = context["request"]._request
    request.failed = True  # type: ignore[attr-defined]
    refusals.note_in(request, failure)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of addresses that do not exist: below `/api/` they are refused like everything else there."""
    if request.path.startswith(_PREFIX):
        return _answer(document(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address."))
    return defaults.page_not_found(request, exception)


def fault(request: HttpRequest) -> HttpResponse:
    """Django's handler of what nobody foresaw."""
    if request.path.startswith(_PREFIX):
        return _answer(document(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong here."))
    return defaults.server_error(request)


def _answer(body: dict[str, Any]) -> HttpResponse:
    return JsonResponse(body, status=body["status"], content_type=CONTENT_TYPE)


def _rendered(failure: Exception) -> tuple[dict[str, Any], dict[str, str]] | None:
    if isinstance(failure, ChanceryError):
        more = {"param": failure.param} if failure.param else {}
        return document(failure.status, failure.code, failure.message, **more, **failure.details), failure.headers
    if isinstance(failure, DjangoValidationError):
        return _invalid(_fields_of(failure)), {}
    if isinstance(failure, Http404):
        return document(HTTPStatus.NOT_FOUND, "not_found", CODES["not_found"].meaning), {}
    if isinstance(failure, PermissionDenied):
        return document(HTTPStatus.FORBIDDEN, "permission_denied", CODES["permission_denied"].meaning), {}
    if isinstance(failure, exceptions.ValidationError):
        return _invalid(failure.detail), {}
    if isinstance(failure, exceptions.APIException):
        return _of_framework(failure)
    return None


def _of_framework(failure: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if isinstance(failure, exceptions.NotAuthenticated):
        code = "missing_api_key"
    elif isinstance(failure, exceptions.ParseError):
        code = "invalid_json"
    else:
        code = _CODES_BY_STATUS.get(failure.status_code, "invalid_request")
    challenge = getattr(failure, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    return document(failure.status_code, code, str(failure.detail)), headers


def said(detail: Any) -> str:
    """What is wrong, in a line, of something that may be wrong inside: in members, by their names or numbers."""
    if isinstance(detail, Mapping):
        return " ".join(f"{name}: {said(inner)}" for name, inner in detail.items())
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return " ".join(said(inner) for inner in detail)
    return str(detail)


def _invalid(fields: Any) -> dict[str, Any]:
    errors = [
        {"param": str(name), "detail": said(message)}
        for name, messages in (fields.items() if isinstance(fields, dict) else [("", fields)])
        for message in (messages if isinstance(messages, list) else [messages])
    ]
    detail = "; ".join(f"{error['param']}: {error['detail']}".removeprefix(": ") for error in errors)
    return document(HTTPStatus.BAD_REQUEST, "invalid_request", detail, errors=errors)


def _fields_of(failure: DjangoValidationError) -> dict[str, list[str]]:
    if hasattr(failure, "error_dict"):
        return dict(failure.message_dict)
    return {"": list(failure.messages)}
