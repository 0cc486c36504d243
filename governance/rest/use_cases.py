"""Use cases over the management API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import AiActClass, UseCase
from governance.models.catalogue import SLUG
from governance.services import use_cases
from governance.services.use_cases import Description
from kit import clock
from tenants.models import Team
from tenants.rest.base import Scoped, ScopedViewSet


class UseCaseShown(serializers.ModelSerializer[UseCase]):
    """One that is retired or prohibited is not in service: no call runs under it."""

    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    owner = serializers.UUIDField(source="owner_id", read_only=True)
    is_in_service = serializers.BooleanField(read_only=True)

    class Meta:
        model = UseCase
        fields = [
            "id",
            "slug",
            "name",
            "purpose",
            "ai_act_class",
            "decides_about_persons",
            "owner",
            "team",
            "is_in_service",
            "created_at",
            "retired_at",
        ]


class DescriptionTaken(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    purpose = serializers.CharField(max_length=4000)
    ai_act_class = serializers.ChoiceField(choices=AiActClass.choices)
    decides_about_persons = serializers.BooleanField(default=False)
    owner = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="A member of the organisation; you, if nobody is named.",
    )


class UseCaseTaken(DescriptionTaken):
    slug = serializers.CharField(max_length=64, validators=[SLUG], help_text="What callers name.")
    team = Scoped(Team, required=False, allow_null=True, default=None)


class UseCaseViewSet(ScopedViewSet[UseCase]):
    """What models are called for. Callers name one by `x-chancery-use-case`; approvals may be bound to some."""

    model = UseCase
    serializer_class = UseCaseShown
    view_act = "governance.register.view"
    search_fields = ["slug", "name"]
    filters_by = {"slug": "slug", "team": "team_id", "ai_act_class": "ai_act_class"}

    @extend_schema(request=UseCaseTaken, responses={201: UseCaseShown})
    def create(self, request: Request) -> Response:
        entered = self.taken(UseCaseTaken)
        use_case = use_cases.register(
            actor=self.actor,
            slug=entered["slug"],
            team=entered["team"],
            described=_described(entered, self.actor.id),
            now=clock.now(),
        )
        return Response(self.shown(use_case), status=status.HTTP_201_CREATED)

    @extend_schema(request=DescriptionTaken, responses=UseCaseShown)
    def update(self, request: Request, pk: str) -> Response:
        """Describes it anew. A class that asks for less care takes an officer with `X-OTP`."""
        use_case, entered = self.get_object(), self.taken(DescriptionTaken)
        use_cases.change(actor=self.actor, use_case=use_case, described=_described(entered, use_case.owner_id))
        return Response(self.shown(self.get_object()))

    @extend_schema(request=None, responses=UseCaseShown)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Ends it for good: no call runs under it from then on."""
        use_cases.retire(actor=self.actor, use_case=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))


def _described(entered: dict[str, Any], owner_id: UUID) -> Description:
    return Description(
        name=entered["name"],
        purpose=entered["purpose"],
        ai_act_class=AiActClass(entered["ai_act_class"]),
        owner_id=entered["owner"] or owner_id,
        decides_about_persons=entered["decides_about_persons"],
    )
