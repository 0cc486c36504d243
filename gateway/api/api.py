"""The inference API: one Ninja API, a router per surface, nothing else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from gateway.api.routers import chat, generate, models


class InferenceAPI(NinjaAPI):
    """Operations answer with finished replies, so the response Ninja offers to fill in is one and the same."""

    _offered = HttpResponse()

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        return self._offered


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
