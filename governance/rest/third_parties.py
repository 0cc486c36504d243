"""Third-party files and agreements over the management API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Agreement, ThirdPartyFile
from governance.rest import register_forms as wire
from governance.services import third_parties
from kit import clock
from tenants.rest.base import ScopedViewSet


class ThirdPartyFileViewSet(ScopedViewSet[ThirdPartyFile]):
    """What is known of providers as third parties, and what is missing."""

    model = ThirdPartyFile
    serializer_class = wire.ThirdPartyFileShown
    view_act = "governance.register.view"
    related = ("provider",)
    prefetched = ("provider__agreements",)
    filters_by = {"provider": "provider_id", "criticality": "criticality"}

    @extend_schema(request=wire.ThirdPartyFileTaken, responses=wire.ThirdPartyFileShown)
    def create(self, request: Request) -> Response:
        """Writes down what is known of a provider. What is left out stays as it was."""
        entered = self.taken(wire.ThirdPartyFileTaken)
        provider = entered.pop("provider")
        file = third_parties.describe(actor=self.actor, provider=provider, facts=entered)
        return Response(self.shown(file))


class AgreementViewSet(ScopedViewSet[Agreement]):
    model = Agreement
    serializer_class = wire.AgreementShown
    view_act = "governance.register.view"
    filters_by = {"provider": "provider_id", "kind": "kind"}

    @extend_schema(request=wire.AgreementTaken, responses={201: wire.AgreementShown})
    def create(self, request: Request) -> Response:
        """Puts a signed agreement on file."""
        agreement = third_parties.add_agreement(actor=self.actor, now=clock.now(), **self.taken(wire.AgreementTaken))
        return Response(self.shown(agreement), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=wire.AgreementShown)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """It counts no more. Again changes nothing."""
        third_parties.end_agreement(actor=self.actor, agreement=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))
