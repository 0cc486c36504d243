"""What every resource of the management API has in common.

Rows come through the scoped managers, so that what is foreign and what is absent answer alike. Whatever changes
something calls a service. The serializer of a resource is what it answers with; what it takes is a form of its
own, named per action.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework import filters, permissions, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit import errors, money
from kit.context import Actor
from kit.data_class import DataClass
from tenants.acting import actor_of

Row = TypeVar("Row", bound=Model)


class MayView(permissions.BasePermission):
    """Reading asks for the view's `view_act`; what changes something is asked for by the service that does it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        actor: Actor | None = getattr(request._request, "actor", None)
        return actor is not None and actor.may(getattr(view, "view_act", "portal.view"))


class ScopedViewSet(viewsets.GenericViewSet[Row], Generic[Row]):
    """Lists and shows the rows of the scope. `filters_by` maps query parameters to fields, compared exactly."""

    permission_classes = [permissions.IsAuthenticated, MayView]
    filter_backends = [filters.SearchFilter, filters.OrderingFilter]
    view_act: ClassVar[str] = "portal.view"
    model: ClassVar[type[Any]]
    related: ClassVar[tuple[str, ...]] = ()
    prefetched: ClassVar[tuple[str, ...]] = ()
    filters_by: ClassVar[Mapping[str, str]] = {}
    ordering_fields: ClassVar[tuple[str, ...]] = ()
    lookup_value_regex = "[0-9a-f-]{36}"

    @property
    def actor(self) -> Actor:
        return actor_of(self.request._request)

    def get_queryset(self) -> QuerySet[Row]:
        if getattr(self, "swagger_fake_view", False):
            return self.model.across_tenants.none()  # type: ignore[no-any-return]
        rows: QuerySet[Row] = self.model.objects.all()
        if self.related:  # of nothing, it joins everything
            rows = rows.select_related(*self.related)
        return rows.prefetch_related(*self.prefetched)

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset)
        for parameter, lookup in self.filters_by.items():
            value = self.request.query_params.get(parameter)
            if value is not None:
                rows = rows.filter(**{lookup: self._filter_value(parameter, lookup, value)})
        return rows

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.shown(page, many=True))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.shown(self.get_object()))

    def get_object(self) -> Row:
        try:
            UUID(self.kwargs["pk"])
        except ValueError:
            raise errors.NotFound("No such object, or it belongs to somebody else.") from None
        return super().get_object()

    def shown(self, row: Any, *, many: bool = False) -> Any:
        """The wire form of a row, as the resource is listed."""
        assert self.serializer_class is not None
        return self.serializer_class(row, many=many, context=self.get_serializer_context()).data

    def taken(self, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The request's body, checked. Raises DRF's `ValidationError`."""
        entered = form(data=self.request.data)
        entered.is_valid(raise_exception=True)
        checked: dict[str, Any] = entered.validated_data
        return checked

    def _filter_value(self, parameter: str, lookup: str, value: str) -> Any:
        if lookup == "id" or lookup.endswith("_id"):
            try:
                return UUID(value)
            except ValueError:
                raise errors.InvalidRequest(f"{parameter} is not an id.", param=parameter) from None
        if "\0" in value:  # which PostgreSQL keeps in no text
            raise errors.InvalidRequest(f"{parameter} has a null character.", param=parameter)
        if value in ("true", "false") and not lookup.endswith(("slug", "name")):
            return value == "true"
        return value


class Scoped(serializers.PrimaryKeyRelatedField[Any]):
    """A row named by its id, looked for in the scope of the request."""

    def __init__(self, model: type[Any], **options: Any) -> None:
        self._model = model
        if not options.get("read_only"):
            options.setdefault("queryset", model.across_tenants)
        super().__init__(**options)

    def get_queryset(self) -> Any:
        return self._model.objects.all()


class DataClassField(serializers.ChoiceField):
    """By name on the wire, by rank inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[member.label for member in DataClass], **options)

    def to_internal_value(self, data: Any) -> Any:
        return DataClass.named(super().to_internal_value(data))

    def to_representation(self, value: Any) -> str:
        return DataClass(value).label


class UsdField(serializers.DecimalField):
    """USD as a decimal string on the wire, nano-USD inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=18, decimal_places=9, min_value=0, **options)

    def to_internal_value(self, data: Any) -> Any:
        return money.from_usd(super().to_internal_value(data))

    def to_representation(self, value: Any) -> str:
        return money.plain(value)
