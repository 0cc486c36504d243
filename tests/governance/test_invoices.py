"""Providers' exports, read as they come, and files that are none."""

from __future__ import annotations

from datetime import date

import orjson
import pytest

from governance.intake import invoices
from governance.intake.invoices import Billed
from kit import errors

DAY = date(2026, 11, 1)
START = 1793491200  # of that day
USD = 10**9

OPENAI_COSTS = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": START,
            "end_time": START + 86400,
            "results": [
                {"amount": {"value": 0.06, "currency": "usd"}, "line_item": "gpt-5-2025-08-07, input"},
                {"amount": {"value": 0.1, "currency": "usd"}, "line_item": "gpt-5-2025-08-07, output"},
            ],
        }
    ],
}
OPENAI_USAGE = {
    "data": [
        {
            "start_time": START,
            "results": [{"input_tokens": 1000, "input_cached_tokens": 800, "output_tokens": 500, "model": "gpt-5"}],
        }
    ]
}
ANTHROPIC_COSTS = {
    "data": [
        {
            "starting_at": "2026-11-01T00:00:00Z",
            "ending_at": "2026-11-02T00:00:00Z",
            "results": [
                {"amount": "123.45", "currency": "USD", "model": "claude-sonnet-4-20250514", "cost_type": "tokens"},
                {"amount": "-23.45", "currency": "USD", "model": "claude-sonnet-4-20250514", "cost_type": "tokens"},
            ],
        }
    ]
}
ANTHROPIC_USAGE = {
    "data": [
        {
            "starting_at": "2026-11-01T00:00:00Z",
            "results": [
                {
                    "uncached_input_tokens": 1000,
                    "cache_read_input_tokens": 200,
                    "cache_creation": {"ephemeral_1h_input_tokens": 30, "ephemeral_5m_input_tokens": 4},
                    "output_tokens": 500,
                    "model": "claude-sonnet-4-20250514",
                }
            ],
        }
    ]
}
TABLE = b"Day;Model;Input_tokens;Cost_usd;Project\r\n2026-11-01;gpt-5;7;0.5;a\r\n2026-11-01;GPT-5-latest;3;;b\r\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (orjson.dumps(OPENAI_COSTS), Billed(DAY, "gpt-5", nano_usd=USD * 16 // 100)),
        (orjson.dumps(OPENAI_USAGE), Billed(DAY, "gpt-5", 1000, 500)),
        (orjson.dumps([ANTHROPIC_COSTS, ANTHROPIC_USAGE]), Billed(DAY, "claude-sonnet-4", 1234, 500, USD)),
        (TABLE, Billed(DAY, "gpt-5", 10, None, USD // 2)),
    ],
    ids=["openai-costs", "openai-usage", "anthropic", "table"],
)
def test_an_export_is_told_by_day_and_model(content: bytes, told: Billed) -> None:
    assert invoices.read(content) == [told]


def costs(value: bytes, currency: bytes = b"usd") -> bytes:
    amount = b'{"amount": {"value": %b, "currency": "%b"}}' % (value, currency)
    return b'{"data": [{"start_time": 0, "results": [%b]}]}' % amount


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b'{"data": []}',
        b'{"data": [{"start_time": 1e99, "results": [{"input_tokens": 1, "output_tokens": 1}]}]}',
        b'{"data": [{"start_time": 0, "results": [{"input_tokens": -1, "output_tokens": 1}]}]}',
        b'{"data": [{"start_time": 0, "results": [{"input_tokens": 1e30, "output_tokens": 1}]}]}',
        b'{"data": [{"starting_at": "yesterday", "results": [{}]}]}',
        costs(b"NaN"),
        costs(b"1e400000000"),
        costs(b'"Infinity"'),
        costs(b"1", b"eur"),
        b"day,model\n2026-11-01,gpt-5\n",
        b"day,model,cost_usd\n1.11.2026,gpt-5,1\n",
        b'day,model,cost_usd\n2026-11-01,gpt-5,"=1+1"\n',
        b"day,model,cost_usd\n2026-11-01,gpt-5,1e99999999\n",
        b"day,model,cost_usd\n" + b"2026-11-01,gpt-5,1\n" * 5_001,
        b"PK\x03\x04 no archive",
        b"{" + b" " * (2 * 1024 * 1024) + b"}",
        b'{"data": [{"start_time": 0, "results": [' + b"1," * 9 + b"1]}]}",
    ],
)
def test_what_is_no_export_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(errors.InvalidRequest):
        invoices.read(content)
