"""What litellm makes of the counts of providers with a dialect of their own is what those providers mean.

The counts are those of the providers' documentation (Anthropic's prompt caching guide, Gemini's `UsageMetadata`, read
in November 2026). litellm is imported as it is in the product: in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from gateway.exchange import counted
from gateway.exchange.exchange import Usage

_TRANSLATE = """
import json, sys
from litellm.llms.anthropic.chat.transformation import AnthropicConfig
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
native = json.load(sys.stdin)
said = {name: AnthropicConfig().calculate_usage(usage_object=usage, reasoning_content=None)
        for name, usage in native["anthropic"].items()}
said |= {name: VertexGeminiConfig._calculate_usage({"usageMetadata": usage})
         for name, usage in native["gemini"].items()}
print(json.dumps({name: usage.model_dump(exclude_none=True) for name, usage in said.items()}))
"""
_ANTHROPIC = {
    "written": {
        "input_tokens": 21,
        "cache_creation_input_tokens": 188_086,
        "cache_read_input_tokens": 0,
        "output_tokens": 393,
    },
    "read": {
        "input_tokens": 21,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 188_086,
        "output_tokens": 393,
    },
    "for an hour": {
        "input_tokens": 2_048,
        "cache_read_input_tokens": 1_800,
        "cache_creation_input_tokens": 248,
        "output_tokens": 503,
        "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
        "server_tool_use": {"web_search_requests": 2},
    },
    "by priority": {"input_tokens": 410, "output_tokens": 585, "service_tier": "priority"},
}
_GEMINI = {
    "thinking": {
        "promptTokenCount": 10,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 200,
        "totalTokenCount": 240,
    },
    "cached": {
        "promptTokenCount": 696_219,
        "cachedContentTokenCount": 696_190,
        "candidatesTokenCount": 214,
        "totalTokenCount": 696_433,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 696_219}],
    },
    "audio": {
        "promptTokenCount": 40_000,
        "candidatesTokenCount": 2_000,
        "totalTokenCount": 42_000,
        "promptTokensDetails": [
            {"modality": "AUDIO", "tokenCount": 32_000},
            {"modality": "TEXT", "tokenCount": 8_000},
        ],
    },
}
_MEANT = {
    "written": Usage(input_tokens=188_107, cache_write_tokens=188_086, output_tokens=393),
    "read": Usage(input_tokens=188_107, cached_input_tokens=188_086, output_tokens=393),
    "for an hour": Usage(
        input_tokens=4_096,
        cached_input_tokens=1_800,
        cache_write_tokens=148,
        cache_write_1h_tokens=100,
        output_tokens=503,
        web_searches=2,
    ),
    "by priority": Usage(input_tokens=410, output_tokens=585, service_tier="priority"),
    "thinking": Usage(input_tokens=10, output_tokens=230, reasoning_tokens=200),
    "cached": Usage(input_tokens=696_219, cached_input_tokens=696_190, output_tokens=214),
    "audio": Usage(input_tokens=40_000, audio_input_tokens=32_000, output_tokens=2_000),
}


@pytest.fixture(scope="module")
def translated() -> Any:
    native = json.dumps({"anthropic": _ANTHROPIC, "gemini": _GEMINI})
    done = subprocess.run([sys.executable, "-c", _TRANSLATE], input=native, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", _MEANT)
def test_it_is_counted_as_the_provider_means_it(translated: Any, name: str) -> None:
    assert counted.reported(translated[name]) == _MEANT[name]
