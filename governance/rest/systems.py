"""Systems outside the gateway, and model cards, over the management API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import ModelCard, OtherSystem
from governance.rest import register_forms as wire
from governance.services import model_cards, systems
from kit import clock
from tenants.rest.base import ScopedViewSet


class OtherSystemViewSet(ScopedViewSet[OtherSystem]):
    model = OtherSystem
    serializer_class = wire.OtherSystemShown
    view_act = "governance.register.view"
    search_fields = ["name", "vendor", "purpose"]
    filters_by = {"vendor": "vendor", "ai_act_class": "ai_act_class", "owner": "owner_id"}

    @extend_schema(request=wire.OtherSystemTaken, responses={201: wire.OtherSystemRegistered})
    def create(self, request: Request) -> Response:
        """Lists a system. `similar` names what was listed already and reads alike."""
        system = systems.register(actor=self.actor, now=clock.now(), **self.taken(wire.OtherSystemTaken))
        return Response(wire.OtherSystemRegistered(system).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=wire.OtherSystemChanged, responses=wire.OtherSystemShown)
    def partial_update(self, request: Request, pk: str) -> Response:
        system, entered = self.get_object(), self.taken(wire.OtherSystemChanged)
        return Response(self.shown(systems.change(actor=self.actor, system=system, **entered)))

    @extend_schema(request=None, responses=wire.OtherSystemShown)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """It is used no more, and stays listed. Again changes nothing."""
        systems.retire(actor=self.actor, system=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))


class ModelCardViewSet(ScopedViewSet[ModelCard]):
    """Versions, newest first. What was written stays."""

    model = ModelCard
    serializer_class = wire.ModelCardShown
    view_act = "governance.register.view"
    filters_by = {"model": "model_id"}

    @extend_schema(request=wire.ModelCardTaken, responses={201: wire.ModelCardShown})
    def create(self, request: Request) -> Response:
        """Writes the next version; 409 where `based_on` is not the last one."""
        card = model_cards.write(actor=self.actor, now=clock.now(), **self.taken(wire.ModelCardTaken))
        return Response(self.shown(card), status=status.HTTP_201_CREATED)
