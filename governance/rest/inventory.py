"""Taking in an inventory over the management API: the same service as the page."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from governance.intake import table as tables
from governance.services import inventory
from kit import clock, errors
from tenants.acting import actor_of
from tenants.rest.base import MayView


class InventoryTaken(serializers.Serializer[Any]):
    file = serializers.CharField(help_text="The CSV or XLSX file, in base64.", trim_whitespace=False)
    is_dry_run = serializers.BooleanField(default=True, help_text="Tells what would be listed, and lists nothing.")
    takes_similar = serializers.BooleanField(default=False, help_text="Lists also what reads like something listed.")


class WrongCell(serializers.Serializer[Any]):
    column = serializers.CharField()
    text = serializers.CharField()


class PlannedRow(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="Of the row in the file.")
    kind = serializers.CharField()
    name = serializers.CharField()
    wrong = WrongCell(many=True)
    similar = serializers.ListField(child=serializers.CharField())


class InventoryShown(serializers.Serializer[Any]):
    is_listed = serializers.BooleanField(help_text="False of a dry run.")
    models = serializers.IntegerField()
    systems = serializers.IntegerField()
    columns_not_read = serializers.ListField(child=serializers.CharField())
    rows = PlannedRow(many=True)


class InventoryViewSet(viewsets.ViewSet):
    permission_classes = [IsAuthenticated, MayView]
    view_act = "governance.register.manage"

    @extend_schema(request=InventoryTaken, responses=InventoryShown)
    def create(self, request: Request) -> Response:
        """Lists every row of a file, or none: 400 where one is wrong, 409 where one reads like what is listed."""
        entered = InventoryTaken(data=request.data)
        entered.is_valid(raise_exception=True)
        wanted = entered.validated_data
        actor, now, table = actor_of(request._request), clock.now(), tables.read(_content(wanted["file"]))
        if wanted["is_dry_run"]:
            planned = inventory.dry_run(actor=actor, table=table, now=now)
        else:
            planned = inventory.take_in(actor=actor, table=table, takes_similar=wanted["takes_similar"], now=now)
        shown = {
            "is_listed": not wanted["is_dry_run"],
            "models": len(planned.models),
            "systems": len(planned.systems),
            "columns_not_read": planned.unknown,
            "rows": planned.rows,
        }
        return Response(InventoryShown(shown).data)


def _content(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise errors.InvalidRequest("The file is not in base64.", param="file") from None
