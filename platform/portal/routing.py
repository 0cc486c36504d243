"""Addresses of sockets."""

from __future__ import annotations

from typing import Any

from django.urls import path

from portal.consumers import HintsConsumer

_hints: Any = HintsConsumer.as_asgi()  # routed by Channels, whose views are ASGI applications

websocket_urlpatterns = [path("ws/hints/", _hints)]
