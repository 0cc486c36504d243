"""How the management API is described: what every resource takes and how it refuses, said once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

_PROBLEM = "application/problem+json"
# By status: what it means here, and whether only what changes something is answered so.
_REFUSALS = {
    400: ("The request is not understood, or a value is not allowed.", False),
    401: ("Nobody is signed in, or the access token is not good.", False),
    403: ("The role does not include this, or a one-time password is needed.", False),
    404: ("There is no such object, or it belongs to somebody else.", False),
    409: ("What is there already stands against it.", True),
    415: ("The body is not JSON.", True),
}
_OTP = OpenApiParameter(
    "X-OTP", str, OpenApiParameter.HEADER, description="A one-time password, for the acts that need one."
)


class WrongField(serializers.Serializer[Any]):
    param = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457. `code` is stable; `docs/reference/error-codes.md` lists them."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    param = serializers.CharField(required=False)
    errors = WrongField(many=True, required=False)  # type: ignore[assignment]


class Described(AutoSchema):
    """Adds the filters of a list, the one-time password and the refusals, which views have from their base."""

    def get_override_parameters(self) -> list[Any]:
        parameters: list[Any] = super().get_override_parameters()
        if self.method != "GET":
            return [*parameters, _OTP]
        is_list = "{" not in self.path and getattr(self.view, "action", "") == "list"
        filters = getattr(self.view, "filters_by", {}) if is_list else {}
        return [*parameters, *(_filter(name, lookup) for name, lookup in filters.items())]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status, (meaning, of_changes) in _REFUSALS.items():
            if of_changes and self.method == "GET":
                continue
            refusal = self._get_response_for_code(Problem, str(status), [_PROBLEM], direction)  # type: ignore[no-untyped-call]
            bodies.setdefault(str(status), {**refusal, "description": meaning})
        return bodies


def _filter(name: str, lookup: str) -> OpenApiParameter:
    is_id = lookup == "id" or lookup.endswith("_id")
    return OpenApiParameter(name, OpenApiTypes.UUID if is_id else str, description="Exactly this.")
