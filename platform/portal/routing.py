"""Addresses of sockets."""

from __future__ import annotations

from django.urls import path

from portal.consumers import HintsConsumer

websocket_urlpatterns = [path("ws/hints/", HintsConsumer.as_asgi())]
