"""Fields that are not forwarded: what costs extra and has no price, and what would send the call elsewhere.

Every other field, known or not, travels on by value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit.pricing.schedule import STANDARD
from gateway.wire import fields


@dataclass(frozen=True, slots=True)
class Extra:
    """A field that changes what a call costs. `price` names what would have to be priced for it to be let through."""

    price: str
    why: str
    is_asked: Callable[[Any], bool] = lambda value: value is not False


_TIERS = {"auto": STANDARD, "default": STANDARD, "flex": "flex", "priority": "priority"}

# Whose price no price table holds yet, by field. `n` is not here: it multiplies the worst case that is held.
PRICED_APART: dict[str, Extra] = {
    "service_tier": Extra(
        "service_tier",
        "a call has one of the service tiers auto, default, flex and priority",
        lambda value: type(value) is not str or value not in _TIERS,
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


def service_tier(body: dict[str, Any]) -> str:
    """By its name in a price. Whether the candidates have a price for it is seen when it is known which they are."""
    return _TIERS[body.get("service_tier") or "auto"]


_REFUSABLE = PRICED_APART.keys() | REDIRECTING
