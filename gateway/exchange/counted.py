"""The count of tokens in an upstream's answer, as each provider means it. Pure.

Every upstream speaks OpenAI's dialect here, litellm for those that do not; but what is counted inside what differs:

- cached tokens are part of the prompt everywhere (litellm adds Anthropic's, which count them apart, to the prompt, and
  their cache writes too);
- reasoning is part of the completion for OpenAI, and beside it for xAI and for Gemini's own OpenAI-compatible endpoint:
  there the total is more than prompt and completion, and what it is more by was written by the model, and is paid for;
- DeepSeek and Moonshot tell of their caches in fields of their own;
- a picture or audio that was cached is told of as both by some: each token is charged once, as cached.
"""

from __future__ import annotations

from typing import Any

from audit.pricing.schedule import SERVICE_TIERS, STANDARD
from gateway.exchange.exchange import Usage

_MOST_TOKENS = 10**9  # a larger count is none: no model reads or writes as much, and no amount of money is exact for it


def reported(usage: Any, service_tier: Any = None) -> Usage | None:
    """Of an answer's or a chunk's `usage` and `service_tier`. None where it is missing or no count."""
    if not isinstance(usage, dict):
        return None
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if prompt is None or completion is None:
        return None
    counted = Usage(input_tokens=prompt, output_tokens=completion)
    if len(usage) > 2:
        _hear_parts(counted, usage)
    tier = service_tier or usage.get("service_tier")
    if type(tier) is str and tier in _TIERS:
        counted.service_tier = tier
    return counted


_TIERS = frozenset(SERVICE_TIERS) - {STANDARD}


def _hear_parts(counted: Usage, usage: dict[str, Any]) -> None:
    of_prompt, of_completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    total = _count(usage, "total_tokens") or 0
    beside = max(0, total - counted.input_tokens - counted.output_tokens)
    counted.output_tokens += beside
    counted.reasoning_tokens = _part(counted.output_tokens, of_completion, "reasoning_tokens") or beside
    counted.cached_input_tokens = _part(counted.input_tokens, of_prompt, "cached_tokens") or max(
        _part(counted.input_tokens, usage, name) for name in _CACHED_ELSEWHERE
    )
    if isinstance(of_prompt, dict):
        _hear_prompt(counted, of_prompt)
    if isinstance(of_completion, dict):
        rest = counted.output_tokens - counted.reasoning_tokens
        counted.audio_output_tokens = _part(rest, of_completion, "audio_tokens")
        counted.image_output_tokens = _part(rest - counted.audio_output_tokens, of_completion, "image_tokens")
    counted.web_searches = _count(usage.get("server_tool_use"), "web_search_requests") or 0


_CACHED_ELSEWHERE = ("prompt_cache_hit_tokens", "cached_tokens")


def _hear_prompt(counted: Usage, details: dict[str, Any]) -> None:
    rest = counted.input_tokens - counted.cached_input_tokens
    written = max(_part(rest, details, name) for name in _WRITTEN)
    counted.audio_input_tokens = _part(rest - written, details, "audio_tokens")
    counted.image_input_tokens = _part(rest - written - counted.audio_input_tokens, details, "image_tokens")
    for_an_hour = _part(written, details.get("cache_creation_token_details"), "ephemeral_1h_input_tokens")
    counted.cache_write_tokens, counted.cache_write_1h_tokens = written - for_an_hour, for_an_hour


_WRITTEN = ("cache_write_tokens", "cache_creation_tokens")


def _part(rest: int, counts: Any, name: str) -> int:
    """No part is more than what is left of the whole; what is no count is none."""
    return min(rest, _count(counts, name) or 0)


def _count(counts: Any, name: str) -> int | None:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
