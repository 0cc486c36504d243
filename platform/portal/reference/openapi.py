"""The two APIs as OpenAPI documents, for generators of clients and for whoever compares versions."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from gateway.api.api import api


def render_inference() -> str:
    return _written(api.get_openapi_schema(path_prefix="/v1/"))


def render_portal() -> str:
    generator: Any = SchemaGenerator
    return _written(generator().get_schema(public=True))


def _written(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
