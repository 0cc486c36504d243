"""Fields that are not forwarded: what costs extra and has no price, and what would send the call elsewhere.

Every other field, known or not, travels on by value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.wire import fields


@dataclass(frozen=True, slots=True)
class Extra:
    """A field that changes what a call costs. `price` names what would have to be priced for it to be let through."""

    price: str
    why: str
    is_asked: Callable[[Any], bool] = lambda value: value is not False


# Whose price no price table holds yet, by field. `n` is not here: it multiplies the worst case that is held.
PRICED_APART: dict[str, Extra] = {
    "service_tier": Extra(
        "service_tier", "only 'auto' and 'default' have a price here", lambda value: value not in ("auto", "default")
    ),
    "speed": Extra("service_tier", "only the standard speed has a price here", lambda value: value != "standard"),
    "web_search_options": Extra("web_search", "web search is billed apart and has no price here"),
    "search_parameters": Extra("web_search", "web search is billed apart and has no price here"),
    "enable_search": Extra("web_search", "web search is billed apart and has no price here"),
    "plugins": Extra("plugins", "plugins are billed apart and have no price here"),
    "audio": Extra("audio", "audio is billed apart and has no price here"),
    "modalities": Extra("audio", "only the modality 'text' has a price here", lambda value: value != ["text"]),
    "prediction": Extra("prediction", "rejected prediction tokens are billed beyond the output limit"),
    "best_of": Extra("best_of", "answers that are generated and thrown away are billed", lambda value: value != 1),
    "use_beam_search": Extra("best_of", "answers that are generated and thrown away are billed"),
}

# Approval, price and egress rules hold for the deployment that was chosen. A field by which a request would choose
# another model, address or credential behind it is refused; some upstreams read these from the body.
REDIRECTING = frozenset(
    {
        "api_base",
        "api_key",
        "api_version",
        "base_url",
        "custom_llm_provider",
        "extra_headers",
        "fallbacks",
        "mcp_servers",
        "model_list",
        "models",
    }
)


def refuse(body: dict[str, Any], priced: frozenset[str]) -> None:
    """Raises `errors.InvalidRequest` with the code `unsupported_parameter`; null counts as absent."""
    for key in body.keys() & _REFUSABLE:
        value = body[key]
        if value is None:
            continue
        if key in REDIRECTING:
            raise fields.unsupported(key, "model, address and credential come from the register alone")
        extra = PRICED_APART[key]
        if extra.price not in priced and extra.is_asked(value):
            raise fields.unsupported(key, extra.why)


_REFUSABLE = PRICED_APART.keys() | REDIRECTING
