"""A chat as its caller sent it: read once, checked, and serialised again for the upstream.

What is inspected is what is sent: `body` is the parsed object without the members that are for Chancery alone, the
checks read their texts from it, and `upstream_body` serialises it. Fields that are not known travel by value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import orjson

from audit.pricing.schedule import STANDARD
from gateway.wire import extras, fields, messages, tools
from gateway.wire.pieces import Piece, Pieces, pieces_of, without_media

HINT = "x-chancery-"
MAX_CHOICES = 128
_TOKEN_ID = re.compile(r"[0-9]{1,8}")  # these names are not inspected: nothing may be said in them
OutputField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """`max_output_tokens` bounds one answer and is none where the caller sets no bound; `n` answers are asked for.

    `hints` are what the caller says to Chancery in `metadata`, by name without the prefix `x-chancery-`.
    """

    model: str
    body: dict[str, Any]
    pieces: Pieces
    stream: bool = False
    include_usage: bool = False
    max_output_tokens: int | None = None
    output_field: OutputField | None = None
    n: int = 1
    service_tier: str = STANDARD
    hints: dict[str, str] | None = None
    pipeline: str = "direct"
    team_id: str | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["messages"]
        return found

    @property
    def user(self) -> str | None:
        return self.body.get("user")

    @property
    def safety_identifier(self) -> str | None:
        return self.body.get("safety_identifier")

    @property
    def metadata_user_id(self) -> str | None:
        """`metadata.user_id`, as Anthropic's SDKs send it."""
        found = (self.body.get("metadata") or {}).get("user_id")
        return found if isinstance(found, str) else None

    @property
    def has_remote_media(self) -> bool:
        """Whether a part is behind a URL that whoever answers would have to fetch."""
        return self.pieces.remote

    def hint(self, name: str) -> str | None:
        return self.hints.get(name) if self.hints else None

    def texts(self) -> tuple[Piece, ...]:
        """Every piece of text that is sent upstream, with its path."""
        return self.pieces.texts

    def not_scanned(self) -> tuple[str, ...]:
        """The kind of each part that is sent and cannot be read as text: `image_url`, `input_audio`, `file`."""
        return self.pieces.not_scanned

    def prompt_json(self) -> str:
        """Everything a model may read, as JSON, without the data of pictures and files: to bound its tokens by.

        The whole body, since fields that are not known travel too and a template may put them before the model.
        """
        body = self.body
        if self.pieces.not_scanned:
            body = {**body, "messages": [without_media(message) for message in self.messages]}
        return orjson.dumps(body).decode()

    def instruction_paths(self) -> frozenset[str]:
        """Paths of the texts that the application itself wrote: those of system and developer messages."""
        return frozenset(
            f"messages[{position}].content"
            for position, message in enumerate(self.messages)
            if message["role"] in ("system", "developer")
        )


def read_chat(body: dict[str, Any], *, priced: frozenset[str] = frozenset()) -> ChatRequest:
    """A chat completions body. `priced` names the extras that have a price (see `extras.PRICED_APART`).

    Raises `errors.InvalidRequest` with the path of the field at fault.
    """
    model = fields.name(fields.required(body, "model", "model"), "model")
    messages.check(fields.required(body, "messages", "messages"), priced)
    extras.refuse(body, priced)
    for key, value in body.items():
        check = FIELDS.get(key)
        if check is not None and value is not None:
            check(value, key)
    stream = bool(body.get("stream"))
    output_field = _output_field(body)
    sent, hints = _without_hints(body)
    return ChatRequest(
        model=model,
        body=sent,
        pieces=pieces_of(sent, FIELDS),
        stream=stream,
        include_usage=_include_usage(body, stream),
        max_output_tokens=body[output_field] if output_field else None,
        output_field=output_field,
        n=body.get("n") or 1,
        service_tier=extras.service_tier(body),
        hints=hints,
    )


def upstream_body(
    chat: ChatRequest,
    *,
    model: str,
    max_output_tokens: int,
    force_usage: bool = True,
    output_field: OutputField | None = None,
) -> bytes:
    """The JSON to send: what was read, under the upstream's own model name and with the held bound as its maximum.

    The bound goes into `output_field` where a deployment knows only one of the two, else into the one the caller
    used, else into `max_tokens`. `force_usage` asks a stream for its usage whether or not the caller did.
    """
    body = {**chat.body, "model": model}
    body.pop("max_tokens", None)
    body.pop("max_completion_tokens", None)
    body[output_field or chat.output_field or "max_tokens"] = max_output_tokens
    if chat.stream and force_usage:
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return orjson.dumps(body)


def _output_field(body: dict[str, Any]) -> OutputField | None:
    older = body.get("max_tokens") is not None
    if body.get("max_completion_tokens") is None:
        return "max_tokens" if older else None
    if older:
        raise fields.invalid("max_tokens", "send either max_tokens or max_completion_tokens, not both")
    return "max_completion_tokens"


def _include_usage(body: dict[str, Any], stream: bool) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not stream:
        raise fields.invalid("stream_options", "it is only allowed when 'stream' is true")
    return bool(options.get("include_usage"))


def _without_hints(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str] | None]:
    """The body as it is sent, and the hints taken out of its metadata."""
    metadata = body.get("metadata")
    if not metadata or not any(key.startswith(HINT) for key in metadata):
        return body, None
    hints = {
        key.removeprefix(HINT): fields.text(value, f"metadata.{key}")
        for key, value in metadata.items()
        if key.startswith(HINT)
    }
    rest = {key: value for key, value in metadata.items() if not key.startswith(HINT)}
    sent = {key: value for key, value in body.items() if key != "metadata"}
    return ({**sent, "metadata": rest} if rest else sent), hints


def _check_stop(value: Any, param: str) -> None:
    if type(value) is not str:
        for position, one in enumerate(fields.listing(value, param)):
            fields.text(one, f"{param}[{position}]")


def _check_stream_options(value: Any, param: str) -> None:
    options = fields.mapping(value, param)
    if options.get("include_usage") is not None:
        fields.flag(options["include_usage"], f"{param}.include_usage")
    if options.get("include_obfuscation") is not None:
        fields.flag(options["include_obfuscation"], f"{param}.include_obfuscation")


def _check_logit_bias(value: Any, param: str) -> None:
    for token, bias in fields.mapping(value, param).items():
        if not _TOKEN_ID.fullmatch(token):
            raise fields.invalid(param, "its members are token ids")
        fields.number(bias, f"{param}.{token}", -100, 100)


_penalty = partial(fields.number, least=-2, most=2)
_token_bound = partial(fields.integer, least=1)

FIELDS: dict[str, Callable[[Any, str], object]] = {
    "frequency_penalty": _penalty,
    "function_call": tools.check_choice,
    "functions": tools.check_functions,
    "logit_bias": _check_logit_bias,
    "logprobs": fields.flag,
    "max_completion_tokens": _token_bound,
    "max_tokens": _token_bound,
    "metadata": fields.mapping,
    "modalities": fields.listing,
    "n": partial(fields.integer, least=1, most=MAX_CHOICES),
    "parallel_tool_calls": fields.flag,
    "presence_penalty": _penalty,
    "prompt_cache_key": fields.text,
    "reasoning_effort": fields.text,
    "response_format": tools.check_response_format,
    "safety_identifier": fields.text,
    "seed": fields.integer,
    "service_tier": fields.text,
    "stop": _check_stop,
    "store": fields.flag,
    "stream": fields.flag,
    "stream_options": _check_stream_options,
    "temperature": partial(fields.number, least=0, most=2),
    "tool_choice": tools.check_choice,
    "tools": tools.check_tools,
    "top_logprobs": partial(fields.integer, least=0, most=20),
    "top_p": partial(fields.number, least=0, most=1),
    "user": fields.text,
    "verbosity": fields.text,
}
"""What is known of each field of the body beside `model` and `messages`. Null counts as absent."""
