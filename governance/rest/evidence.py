"""Evidence over the management API. A file comes as `multipart/form-data`, a result alone as JSON, too."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance import attachments
from governance.models import Evidence, EvidenceKind, Model, Provider
from governance.rest.serializers import ReasonTaken
from governance.services import evidence
from governance.services.evidence import Offered, Result
from kit import clock, errors
from tenants.rest.base import Scoped, ScopedViewSet
from tenants.rest.parser import BoundedJSONParser


class EvidenceShown(serializers.ModelSerializer[Evidence]):
    """`sha256` is of the file, or of the result where there is none."""

    model = serializers.UUIDField(source="model_id", read_only=True, allow_null=True)
    provider = serializers.UUIDField(source="provider_id", read_only=True, allow_null=True)
    added_by = serializers.UUIDField(source="added_by_id", read_only=True)
    withdrawn_by = serializers.UUIDField(source="withdrawn_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Evidence
        fields = [
            *("id", "model", "provider", "kind", "title", "metric", "value", "threshold", "passed", "sha256"),
            *("size_bytes", "media_type", "expires_at", "added_by", "added_at"),
            *("withdrawn_at", "withdrawn_by", "withdrawal_reason"),
        ]
        read_only_fields = fields


class EvidenceTaken(serializers.Serializer[Any]):
    """About a model or a provider. A file, or a result: its metric, and whether it passed."""

    model = Scoped(Model, required=False, allow_null=True)
    provider = Scoped(Provider, required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=EvidenceKind.choices)
    title = serializers.CharField(max_length=200)
    file = serializers.FileField(required=False, allow_null=True, help_text="Up to 10 MiB; in multipart bodies.")
    metric = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    value = serializers.DecimalField(max_digits=20, decimal_places=6, required=False, allow_null=True, default=None)
    threshold = serializers.DecimalField(max_digits=20, decimal_places=6, required=False, allow_null=True, default=None)
    passed = serializers.BooleanField(required=False, allow_null=True, default=None)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class EvidenceViewSet(ScopedViewSet[Evidence]):
    """What requests for approval rest on. It is added and withdrawn, never changed."""

    model = Evidence
    serializer_class = EvidenceShown
    parser_classes = [BoundedJSONParser, MultiPartParser]
    view_act = "governance.register.view"
    search_fields = ["title"]
    filters_by = {"model": "model_id", "provider": "provider_id", "kind": "kind"}

    @extend_schema(
        request={"application/json": EvidenceTaken, "multipart/form-data": EvidenceTaken},
        responses={201: EvidenceShown},
    )
    def create(self, request: Request) -> Response:
        """Adds a file, a result, or both."""
        entered = self.taken(EvidenceTaken)
        subjects = [found for found in (entered.get("model"), entered.get("provider")) if found is not None]
        if len(subjects) != 1:
            raise errors.InvalidRequest("Evidence is about one model or one provider.", param="model")
        made = evidence.add(actor=self.actor, subject=subjects[0], offered=_offered(entered), now=clock.now())
        return Response(self.shown(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=ReasonTaken, responses=EvidenceShown)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """It counts no more. For whoever added it, and for officers."""
        found, entered = self.get_object(), self.taken(ReasonTaken)
        evidence.withdraw(actor=self.actor, evidence=found, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(responses={200: OpenApiResponse(OpenApiTypes.BINARY, "The file, as it was added.")})
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def file(self, request: Request, pk: str) -> HttpResponse:
        """Downloads the file; 409 where it is not what was added any more."""
        return attachments.of(self.get_object())


def _offered(entered: dict[str, Any]) -> Offered:
    result = None
    if entered["metric"] or entered["passed"] is not None:
        if not entered["metric"] or entered["passed"] is None:
            raise errors.InvalidRequest("A result names its metric and whether it passed.", param="passed")
        result = Result(entered["metric"], entered["passed"], entered["value"], entered["threshold"])
    return Offered(
        kind=EvidenceKind(entered["kind"]),
        title=entered["title"],
        expires_at=entered["expires_at"],
        result=result,
        content=attachments.read(entered.get("file")),
    )
