"""The questions that requests answer, over the management API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import risk
from governance.models import Questionnaire
from governance.questionnaire import Definition
from governance.services import questionnaires
from kit import clock
from tenants.rest.base import ScopedViewSet

_MOST = 32_767


class DefinitionForm(serializers.Serializer[Any]):
    """A questionnaire as it is written down."""

    schema = serializers.DictField(help_text="A JSON Schema of the answers; questions are asked in its order.")
    points = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField(min_value=0)),
        help_text="By question and answer. Of a number, from that one on.",
    )
    alone_high = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        default=dict,
        help_text="Answers that make a request high whatever else is answered.",
    )
    medium_from = serializers.IntegerField(min_value=1, max_value=_MOST, help_text="Points that medium begins at.")
    high_from = serializers.IntegerField(min_value=1, max_value=_MOST, help_text="Points that high begins at.")


class QuestionnaireShown(DefinitionForm):
    id = serializers.UUIDField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    set_by = serializers.UUIDField(source="set_by_id", read_only=True)
    set_at = serializers.DateTimeField(read_only=True)


class AskedNow(DefinitionForm):
    id = serializers.UUIDField(read_only=True, allow_null=True, help_text="Null for the shipped one.")
    number = serializers.IntegerField(read_only=True, help_text="0 for the shipped one.")


def definition_of(entered: dict[str, Any]) -> Definition:
    """The definition of a `DefinitionForm`."""
    return Definition(**entered)


class QuestionnaireViewSet(ScopedViewSet[Questionnaire]):
    """The versions that the organisation has set; the one with the highest number is asked. Setting one needs
    `X-OTP`."""

    model = Questionnaire
    serializer_class = QuestionnaireShown
    view_act = "governance.register.view"

    @extend_schema(request=DefinitionForm, responses={201: QuestionnaireShown})
    def create(self, request: Request) -> Response:
        """Asks these questions from then on. Requests keep the version that they answered."""
        definition = definition_of(self.taken(DefinitionForm))
        version = questionnaires.set_version(actor=self.actor, definition=definition, now=clock.now())
        return Response(self.shown(version), status=status.HTTP_201_CREATED)

    @extend_schema(responses=AskedNow)
    @action(detail=False, methods=["get"], url_path="in-force", pagination_class=None, filter_backends=[])
    def in_force(self, request: Request) -> Response:
        """What a request answers now, be it the shipped one."""
        asked = risk.in_force()
        identity = {"id": asked.row.id if asked.row else None, "number": asked.number}
        return Response(AskedNow({**asked.definition.as_json(), **identity}).data)
