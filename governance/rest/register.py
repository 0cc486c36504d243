"""The register over the management API. Nothing here permits a call."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit.callers import callers_of
from governance import coverage, selectors
from governance.models import Deployment, Model, Price, Provider, Route
from governance.rest import serializers as wire
from governance.rest.prices import PriceShown, PriceTaken, RatedShown, RatingTaken, rates_of
from governance.services import catalogue, life, rerating, suspensions
from governance.services.rerating import Period
from governance.services.suspensions import Subject
from kit import clock
from tenants import permissions
from tenants.rest.base import Row, ScopedViewSet


class SuspendableViewSet(ScopedViewSet[Row]):
    """Suspending takes effect on every worker within a second; resuming needs `X-OTP`."""

    view_act = "governance.register.view"

    @extend_schema(request=wire.SuspensionTaken)
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str) -> Response:
        """Stops every call through it. Again changes nothing."""
        subject, entered = self._subject(), self.taken(wire.SuspensionTaken)
        suspensions.suspend(actor=self.actor, subject=subject, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    @extend_schema(request=wire.ReasonTaken)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Lets calls through again. Needs a one-time password."""
        subject, entered = self._subject(), self.taken(wire.ReasonTaken)
        suspensions.resume(actor=self.actor, subject=subject, now=clock.now(), **entered)
        return Response(self.shown(self.get_object()))

    def _subject(self) -> Subject:
        subject: Any = self.get_object()
        assert isinstance(subject, Subject)
        return subject


class ProviderViewSet(SuspendableViewSet[Provider]):
    model = Provider
    serializer_class = wire.ProviderShown
    search_fields = ["name"]
    filters_by = {"kind": "kind"}

    @extend_schema(request=wire.ProviderTaken, responses={201: wire.ProviderShown})
    def create(self, request: Request) -> Response:
        provider = catalogue.register_provider(actor=self.actor, now=clock.now(), **self.taken(wire.ProviderTaken))
        return Response(self.shown(provider), status=status.HTTP_201_CREATED)

    @extend_schema(request=wire.CredentialTaken, responses={204: None})
    @action(detail=True, methods=["put"])
    def credential(self, request: Request, pk: str) -> Response:
        """Puts a new credential in place. It can be written and never read."""
        provider, entered = self.get_object(), self.taken(wire.CredentialTaken)
        catalogue.replace_credential(actor=self.actor, provider=provider, credential=entered["credential"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ModelViewSet(SuspendableViewSet[Model]):
    model = Model
    serializer_class = wire.ModelShown
    search_fields = ["slug", "name", "publisher"]
    filters_by = {"slug": "slug", "tier": "tier", "publisher": "publisher"}

    @extend_schema(request=wire.ModelTaken, responses={201: wire.ModelRegistered})
    def create(self, request: Request) -> Response:
        """Lists a model. `similar` names what was listed already and reads alike."""
        model = catalogue.register_model(actor=self.actor, now=clock.now(), **self.taken(wire.ModelTaken))
        return Response(wire.ModelRegistered(model).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=wire.SimilarModel(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def similar(self, request: Request, pk: str) -> Response:
        """Entries that read alike, nearest first."""
        return Response(wire.SimilarModel(selectors.similar_models(self.get_object()), many=True).data)

    @extend_schema(request=wire.EstimatesTaken, responses=wire.ModelShown)
    @action(detail=True, methods=["put"])
    def estimates(self, request: Request, pk: str) -> Response:
        """What its calls are held at where they do not say; in force within a second."""
        model, entered = self.get_object(), self.taken(wire.EstimatesTaken)
        return Response(self.shown(catalogue.set_estimates(actor=self.actor, model=model, **entered)))

    @extend_schema(request=wire.DeprecationTaken, responses=wire.ModelShown)
    @action(detail=True, methods=["post"])
    def deprecate(self, request: Request, pk: str) -> Response:
        """Announces its end, or changes what was announced. Needs `X-OTP`."""
        model, entered = self.get_object(), self.taken(wire.DeprecationTaken)
        return Response(self.shown(life.deprecate(actor=self.actor, model=model, now=clock.now(), **entered)))

    @extend_schema(request=None, responses=wire.ModelShown)
    @action(detail=True, methods=["post"], url_path="revoke-deprecation")
    def revoke_deprecation(self, request: Request, pk: str) -> Response:
        """Takes back what was announced, until the sunset. Needs `X-OTP`."""
        return Response(self.shown(life.revoke_deprecation(actor=self.actor, model=self.get_object(), now=clock.now())))

    @extend_schema(request=None, responses=wire.ModelShown)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Ends the life of a deprecated model for good. Needs `X-OTP`."""
        return Response(self.shown(life.retire(actor=self.actor, model=self.get_object(), now=clock.now())))

    @extend_schema(responses=wire.CallingShown(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def callers(self, request: Request, pk: str) -> Response:
        """Who called it in the last 30 days, most calls first. Needs the right to see spend."""
        permissions.require(self.actor, "audit.spend.view")
        found = callers_of(self.get_object().slug, now=clock.now())
        return Response(wire.CallingShown(found, many=True).data)


class DeploymentViewSet(SuspendableViewSet[Deployment]):
    model = Deployment
    serializer_class = wire.DeploymentShown
    related = ("model",)
    prefetched = coverage.READ
    search_fields = ["upstream_model", "region"]
    filters_by = {"model": "model_id", "provider": "provider_id", "region": "region"}

    @extend_schema(request=wire.DeploymentTaken, responses={201: wire.DeploymentShown})
    def create(self, request: Request) -> Response:
        deployment = catalogue.register_deployment(
            actor=self.actor, now=clock.now(), **self.taken(wire.DeploymentTaken)
        )
        return Response(self.shown(deployment), status=status.HTTP_201_CREATED)

    @extend_schema(responses=wire.IdentityShown(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def identities(self, request: Request, pk: str) -> Response:
        """What its answers said it is, and since when. The first is what was approved."""
        return Response(wire.IdentityShown(self.get_object().identities.all(), many=True).data)

    @extend_schema(request=RatingTaken, responses=RatedShown)
    @action(detail=True, methods=["post"])
    def rerate(self, request: Request, pk: str) -> Response:
        """Rates calls of a past period anew by the prices in force when they came in, up to 2,000 at a time.

        Needs a one-time password unless it only looks. Go on from `after` while there is one.
        """
        deployment, entered = self.get_object(), self.taken(RatingTaken)
        period, after = Period(entered["since"], entered["until"]), entered["after"]
        if entered["only_looks"]:
            rated = rerating.look(actor=self.actor, deployment=deployment, period=period, after=after)
        else:
            rated = rerating.rerate(
                actor=self.actor, deployment=deployment, period=period, now=clock.now(), after=after
            )
        return Response(RatedShown(rated).data)


class PriceViewSet(ScopedViewSet[Price]):
    model = Price
    serializer_class = PriceShown
    view_act = "governance.register.view"
    filters_by = {"deployment": "deployment_id"}

    @extend_schema(request=PriceTaken, responses={201: PriceShown})
    def create(self, request: Request) -> Response:
        """In force from a moment on. Earlier prices stay."""
        entered = self.taken(PriceTaken)
        price = catalogue.set_price(
            actor=self.actor,
            deployment=entered["deployment"],
            rates=rates_of(entered),
            effective_from=entered["effective_from"],
            now=clock.now(),
        )
        return Response(self.shown(price), status=status.HTTP_201_CREATED)


class RouteViewSet(ScopedViewSet[Route]):
    model = Route
    serializer_class = wire.RouteShown
    view_act = "governance.register.view"
    prefetched = ("candidates",)
    search_fields = ["slug", "description"]
    filters_by = {"slug": "slug", "team": "team_id"}

    @extend_schema(request=wire.RouteTaken, responses={201: wire.RouteShown})
    def create(self, request: Request) -> Response:
        route = catalogue.create_route(actor=self.actor, now=clock.now(), **self.taken(wire.RouteTaken))
        return Response(self.shown(route), status=status.HTTP_201_CREATED)
