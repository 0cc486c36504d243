"""Pages of a list."""

from __future__ import annotations

from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from kit import errors

LARGEST_PAGE = 500
_FARTHEST = 2**31 - 1  # beyond it no list reaches, and PostgreSQL would refuse the number


class Pages(LimitOffsetPagination):
    """`limit` and `offset`."""

    max_limit = LARGEST_PAGE

    def get_offset(self, request: Request) -> int:
        offset = super().get_offset(request)
        if offset > _FARTHEST:
            raise errors.InvalidRequest("offset is too large.", param="offset")
        return offset
