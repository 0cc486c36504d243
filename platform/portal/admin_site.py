"""The admin's site: our sign-in, our permissions, and only our apps' classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from portal.screens import search, session

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
else:
    from unfold.sites import UnfoldAdminSite as AdminSite


class ChancerySite(AdminSite):
    """Signing in and out are the portal's own pages, since Unfold's never asks for a one-time password."""

    index_title = "Overview"
    index_template = "admin/overview.html"

    def has_permission(self, request: HttpRequest) -> bool:
        return getattr(request, "actor", None) is not None

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        target = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('sign-in')}?{urlencode({'next': target})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return session.sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return HttpResponseRedirect(reverse("account"))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The command palette. Unlike Unfold's, nothing is cached: a person may act for several organisations."""
        found = Paginator(search.find(request, request.GET.get("s", "")), search.MOST)
        template = "command_results.html" if "extended" in request.GET else "search_results.html"
        return TemplateResponse(
            request,
            f"unfold/helpers/{template}",
            {"page_obj": found, "results": found.page(1), "page_counter": 0, "execution_time": 0},
            headers={"HX-Trigger": "search"},
        )
