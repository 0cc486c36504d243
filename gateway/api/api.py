"""The inference API: one Ninja API, a router per surface, nothing else."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from gateway.api.routers import chat, costs, generate, models
from gateway.wire import openapi


class InferenceAPI(NinjaAPI):
    """Operations answer with finished replies, so the response Ninja offers to fill in is one and the same."""

    _offered = HttpResponse()

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        return self._offered

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """With how a caller shows who it is, which the operations look at themselves."""
        document = super().get_openapi_schema(**options)
        document["components"]["securitySchemes"] = openapi.SECURITY_SCHEMES
        document["security"] = openapi.SECURITY
        return document


api = InferenceAPI(
    title="Chancery inference API",
    version="1",
    description="OpenAI-compatible inference under approvals, budgets and a sealed record.",
    docs_url=None,
    openapi_url=None,
    urls_namespace="inference",
)
api.add_router("", chat.router)
api.add_router("", generate.router)
api.add_router("", models.router)
api.add_router("", costs.router)
