"""The parts that JSON Schemas of request bodies are put together from: messages, tools, ranges."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}


def object_of(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), **more}


def optional(schema: Schema) -> Schema:
    """Null counts as absent."""
    return {"anyOf": [schema, {"type": "null"}]}


def number(least: float, most: float, **more: Any) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most, **more}


def integer(least: int, most: int | None = None, **more: Any) -> Schema:
    return {"type": "integer", "minimum": least, **({} if most is None else {"maximum": most}), **more}


def array_of(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _part(kind: str, inner: Schema) -> Schema:
    return object_of({"type": {"const": kind}, kind: inner}, ("type", kind))


_TEXT_PART = _part("text", TEXT)
_IMAGE_PART = _part(
    "image_url",
    object_of(
        {
            "url": {"type": "string", "description": "An https URL or a data URL of an image. Images are not scanned."},
            "detail": TEXT,
        },
        ("url",),
    ),
)
_FILE_PART = _part("file", object_of({"file_data": NAME, "filename": TEXT}, ("file_data",)))
_REFUSAL_PART = _part("refusal", TEXT)


def _content(*parts: Schema) -> Schema:
    return {"anyOf": [TEXT, array_of({"anyOf": list(parts)}, minItems=1)]}


def _call(kind: str, argument: str) -> Schema:
    return object_of(
        {"id": TEXT, "type": {"const": kind}, kind: object_of({"name": NAME, argument: TEXT}, ("name", argument))},
        ("id", kind),
    )


def _message(role: str, content: Schema, required: tuple[str, ...] = ("content",), **more: Schema) -> Schema:
    return object_of({"role": {"const": role}, "content": content, "name": optional(TEXT), **more}, ("role", *required))


_FUNCTION_CALL = object_of({"name": NAME, "arguments": TEXT}, ("name", "arguments"))
_ASSISTANT: Schema = {
    **_message(
        "assistant",
        optional(_content(_TEXT_PART, _REFUSAL_PART)),
        (),
        refusal=optional(TEXT),
        tool_calls=optional(array_of({"anyOf": [_call("function", "arguments"), _call("custom", "input")]})),
        function_call=optional(_FUNCTION_CALL),
    ),
    "description": "`content` may be left out beside `tool_calls`, `function_call` or `refusal`.",
}
MESSAGE: Schema = {
    "oneOf": [
        _message("developer", _content(_TEXT_PART)),
        _message("system", _content(_TEXT_PART)),
        _message("user", _content(_TEXT_PART, _IMAGE_PART, _FILE_PART)),
        _ASSISTANT,
        _message("tool", _content(_TEXT_PART), ("content", "tool_call_id"), tool_call_id=NAME),
        {**_message("function", optional(TEXT), ("name",)), "deprecated": True},
    ]
}
FUNCTION = object_of(
    {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,128}$"},
        "description": optional(TEXT),
        "parameters": optional({"type": "object", "description": "JSON Schema of the arguments."}),
        "strict": optional(FLAG),
    },
    ("name",),
)
TOOL: Schema = {"anyOf": [_part("function", FUNCTION), _part("custom", FUNCTION)]}
RESPONSE_FORMAT = object_of(
    {
        "type": {"type": "string", "examples": ["text", "json_object", "json_schema"]},
        "json_schema": object_of({"name": NAME, "schema": optional(OBJECT), "strict": optional(FLAG)}, ("name",)),
    },
    ("type",),
)
CHOICE: Schema = {"anyOf": [TEXT, OBJECT]}
PENALTY = number(-2, 2)
