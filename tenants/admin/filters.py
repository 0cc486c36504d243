"""Filters of the admin's lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from tenants.models import Project


class ProjectFilter(admin.RelatedFieldListFilter):
    """By project, each called by its team too: Django would look up the team of each."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(project.pk), str(project)) for project in Project.objects.select_related("team")]
