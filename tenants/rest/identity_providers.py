"""Identity providers over the management API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.data_class import DataClass
from tenants.models import IdentityProvider, Project, Scope
from tenants.models.keys import default_algorithms, default_scopes
from tenants.rest.base import DataClassField, Scoped, ScopedViewSet
from tenants.services import identity_providers
from tenants.services.credentials import Bounds
from tenants.services.identity_providers import Issuer
from tenants.services.key_sets import ALGORITHMS


class IdentityProviderShown(serializers.ModelSerializer[IdentityProvider]):
    team = serializers.UUIDField(source="team_id", read_only=True)
    project = serializers.UUIDField(source="project_id", read_only=True)
    max_data_class = DataClassField(read_only=True)

    class Meta:
        model = IdentityProvider
        fields = [
            "id",
            "name",
            "team",
            "project",
            "issuer",
            "audience",
            "algorithms",
            "jwks",
            "scopes",
            "networks",
            "max_data_class",
            "revoked_at",
            "created_at",
        ]


class KeySetTaken(serializers.Serializer[Any]):
    jwks = serializers.JSONField(help_text="The issuer's public key set (RFC 7517), an object with `keys`.")


class IdentityProviderTaken(KeySetTaken):
    project = Scoped(Project)
    name = serializers.CharField(max_length=200)
    issuer = serializers.CharField(max_length=500, help_text="`iss` of its tokens: an https address, or a name.")
    audience = serializers.CharField(max_length=500, help_text="`aud` of its tokens.")
    algorithms = serializers.MultipleChoiceField(
        choices=ALGORITHMS, required=False, default=lambda: set(default_algorithms())
    )
    scopes = serializers.MultipleChoiceField(
        choices=Scope.choices, required=False, default=lambda: set(default_scopes())
    )
    networks = serializers.ListField(child=serializers.CharField(max_length=64), required=False, default=list)
    max_data_class = DataClassField(required=False, default=DataClass.CONFIDENTIAL)


class IdentityProviderViewSet(ScopedViewSet[IdentityProvider]):
    """Issuers whose signed tokens (JWT) call as a project."""

    model = IdentityProvider
    serializer_class = IdentityProviderShown
    view_act = "tenants.api_key.view"
    search_fields = ["name", "issuer"]
    filters_by = {"team": "team_id", "project": "project_id", "issuer": "issuer"}

    @extend_schema(request=IdentityProviderTaken, responses={201: IdentityProviderShown})
    def create(self, request: Request) -> Response:
        """Accepts the tokens of an issuer for an audience. Needs a one-time password."""
        entered = self.taken(IdentityProviderTaken)
        algorithms, scopes = sorted(entered["algorithms"]), sorted(entered["scopes"])
        provider = identity_providers.register(
            actor=self.actor,
            project=entered["project"],
            name=entered["name"],
            issuer=Issuer(entered["issuer"], entered["audience"], entered["jwks"], algorithms),
            bounds=Bounds(scopes, entered["networks"], entered["max_data_class"]),
            now=clock.now(),
        )
        return Response(self.shown(provider), status=status.HTTP_201_CREATED)

    @extend_schema(request=KeySetTaken, responses=IdentityProviderShown)
    @action(detail=True, methods=["put"])
    def keys(self, request: Request, pk: str) -> Response:
        """Another key set in place of the present one. Needs a one-time password."""
        provider, entered = self.get_object(), self.taken(KeySetTaken)
        changed = identity_providers.replace_keys(actor=self.actor, provider=provider, jwks=entered["jwks"])
        return Response(self.shown(changed))

    @extend_schema(request=None, responses=IdentityProviderShown)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Refuses its tokens for good. Again changes nothing. Needs a one-time password."""
        identity_providers.revoke(actor=self.actor, provider=self.get_object(), now=clock.now())
        return Response(self.shown(self.get_object()))
