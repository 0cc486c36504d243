"""Tool definitions and what may be chosen among them."""

from __future__ import annotations

import re
from typing import Any

from gateway.wire import fields

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")


def check_tools(value: Any, param: str) -> None:
    """Raises `errors.InvalidRequest`. A provider's own tools (search, code, retrieval) are billed apart: refused."""
    for position, tool in enumerate(fields.listing(value, param)):
        path = f"{param}[{position}]"
        fields.mapping(tool, path)
        kind = fields.text(fields.required(tool, "type", f"{path}.type"), f"{path}.type")
        if kind not in ("function", "custom"):
            raise fields.unsupported(f"{path}.type", "tools run by a provider are billed apart and have no price here")
        check_function(fields.required(tool, kind, f"{path}.{kind}"), f"{path}.{kind}")


def check_functions(value: Any, param: str) -> None:
    """The older form of `tools`."""
    for position, function in enumerate(fields.listing(value, param)):
        check_function(function, f"{param}[{position}]")


def check_function(value: Any, param: str) -> None:
    function = fields.mapping(value, param)
    name = fields.text(fields.required(function, "name", f"{param}.name"), f"{param}.name")
    if not _NAME.fullmatch(name):
        raise fields.invalid(f"{param}.name", "expected 1 to 128 letters, digits, dots, dashes and underscores")
    if function.get("description") is not None:
        fields.text(function["description"], f"{param}.description")
    if function.get("parameters") is not None:
        fields.mapping(function["parameters"], f"{param}.parameters")


def check_choice(value: Any, param: str) -> None:
    if type(value) is not str:
        fields.mapping(value, param)


def check_response_format(value: Any, param: str) -> None:
    form = fields.mapping(value, param)
    kind = fields.text(fields.required(form, "type", f"{param}.type"), f"{param}.type")
    if kind == "json_schema":
        inner = fields.mapping(fields.required(form, kind, f"{param}.{kind}"), f"{param}.{kind}")
        fields.name(fields.required(inner, "name", f"{param}.{kind}.name"), f"{param}.{kind}.name")
        if inner.get("schema") is not None:
            fields.mapping(inner["schema"], f"{param}.{kind}.schema")
