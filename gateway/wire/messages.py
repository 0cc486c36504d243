"""The messages of a chat: roles, contents, parts and tool calls, checked as OpenAI's reference describes them.

Source: https://platform.openai.com/docs/api-reference/chat/create (read November 2026). Members that are not known
here are left alone; kinds of content that are not known are refused, since nobody could say what they cost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.wire import fields

_TEXT = frozenset({"text"})
PARTS_BY_ROLE = {
    "system": _TEXT,
    "developer": _TEXT,
    "user": frozenset({"text", "image_url", "input_audio", "file"}),
    "assistant": frozenset({"text", "refusal"}),
    "tool": _TEXT,
    "function": frozenset[str](),
}
ROLES = frozenset(PARTS_BY_ROLE)
_ASSISTANT_WITHOUT_CONTENT = ("tool_calls", "function_call", "refusal", "audio")
_PLAIN = frozenset({"role", "content"})


def check(value: Any, priced: frozenset[str]) -> list[dict[str, Any]]:
    """The messages, if all of them are well formed. Raises `errors.InvalidRequest` with the path of what is not."""
    messages = fields.listing(value, "messages")
    if not messages:
        raise fields.invalid("messages", "it must have at least one message")
    for position, message in enumerate(messages):
        _check_message(message, f"messages[{position}]", priced)
    return messages


def _check_message(message: Any, path: str, priced: frozenset[str]) -> None:
    fields.mapping(message, path)
    role = fields.choice(fields.required(message, "role", f"{path}.role"), f"{path}.role", ROLES)
    _check_content(message, role, path, priced)
    if not message.keys() <= _PLAIN:
        _check_members(message, path)
    if role == "tool":
        fields.name(fields.required(message, "tool_call_id", f"{path}.tool_call_id"), f"{path}.tool_call_id")
    elif role == "function":
        fields.name(fields.required(message, "name", f"{path}.name"), f"{path}.name")


def _check_content(message: dict[str, Any], role: str, path: str, priced: frozenset[str]) -> None:
    content = message.get("content")
    if type(content) is str:
        return
    if content is None:
        may_lack = role == "function" or (
            role == "assistant" and any(message.get(key) is not None for key in _ASSISTANT_WITHOUT_CONTENT)
        )
        if not may_lack:
            fields.required(message, "content", f"{path}.content")
        return
    if type(content) is not list or role == "function":
        raise fields.wrong_type(content, f"{path}.content", "a string or an array of content parts")
    if not content:
        raise fields.invalid(f"{path}.content", "it must have at least one part")
    for position, part in enumerate(content):
        _check_part(part, f"{path}.content[{position}]", PARTS_BY_ROLE[role], priced)


def _check_part(part: Any, path: str, allowed: frozenset[str], priced: frozenset[str]) -> None:
    fields.mapping(part, path)
    kind = fields.choice(fields.required(part, "type", f"{path}.type"), f"{path}.type", allowed)
    if kind == "text" or kind == "refusal":
        fields.text(fields.required(part, kind, f"{path}.{kind}"), f"{path}.{kind}")
    else:
        if kind == "input_audio" and "audio" not in priced:
            raise fields.unsupported(f"{path}.type", "audio is billed apart and has no price here")
        media = fields.mapping(fields.required(part, kind, f"{path}.{kind}"), f"{path}.{kind}")
        _MEDIA[kind](media, f"{path}.{kind}")


def _check_image(image: dict[str, Any], path: str) -> None:
    url = fields.name(fields.required(image, "url", f"{path}.url"), f"{path}.url")
    if not url[:11].lower().startswith(("https://", "http://", "data:image/")):
        raise fields.invalid(f"{path}.url", "expected an https URL or a data URL of an image")
    if image.get("detail") is not None:
        fields.text(image["detail"], f"{path}.detail")


def _check_audio(audio: dict[str, Any], path: str) -> None:
    fields.name(fields.required(audio, "data", f"{path}.data"), f"{path}.data")
    fields.name(fields.required(audio, "format", f"{path}.format"), f"{path}.format")


def _check_file(file: dict[str, Any], path: str) -> None:
    if file.get("file_id") is not None:
        # Files uploaded to a provider belong to the provider's account, which tenants share.
        raise fields.unsupported(f"{path}.file_id", "send the file itself in file_data")
    fields.name(fields.required(file, "file_data", f"{path}.file_data"), f"{path}.file_data")
    if file.get("filename") is not None:
        fields.text(file["filename"], f"{path}.filename")


_MEDIA: dict[str, Callable[[dict[str, Any], str], None]] = {
    "image_url": _check_image,
    "input_audio": _check_audio,
    "file": _check_file,
}


def _check_members(message: dict[str, Any], path: str) -> None:
    for key in ("name", "refusal", "tool_call_id"):
        if message.get(key) is not None:
            fields.text(message[key], f"{path}.{key}")
    if message.get("function_call") is not None:
        _check_call(fields.mapping(message["function_call"], f"{path}.function_call"), f"{path}.function_call")
    if message.get("tool_calls") is not None:
        for position, call in enumerate(fields.listing(message["tool_calls"], f"{path}.tool_calls")):
            _check_tool_call(call, f"{path}.tool_calls[{position}]")


def _check_tool_call(call: Any, path: str) -> None:
    fields.mapping(call, path)
    fields.text(fields.required(call, "id", f"{path}.id"), f"{path}.id")
    kind = fields.choice(call.get("type", "function"), f"{path}.type", _CALLS)
    inner = fields.mapping(fields.required(call, kind, f"{path}.{kind}"), f"{path}.{kind}")
    _check_call(inner, f"{path}.{kind}", "arguments" if kind == "function" else "input")


_CALLS = frozenset({"function", "custom"})


def _check_call(call: dict[str, Any], path: str, argument: str = "arguments") -> None:
    fields.name(fields.required(call, "name", f"{path}.name"), f"{path}.name")
    fields.text(fields.required(call, argument, f"{path}.{argument}"), f"{path}.{argument}")
