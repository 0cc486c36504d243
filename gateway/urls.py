"""Addresses of the inference path; served by `portal.lean`, or by Django's handler."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from gateway.api.api import api

urlpatterns: list[URLPattern | URLResolver] = [path("v1/", api.urls)]
