"""What a provider says it will charge: its usage or cost export, by day and model. Nothing is fetched.

Read are the answers of the providers' own reports, as JSON, one page or several in a list,

    OpenAI      /v1/organization/costs and /v1/organization/usage/completions
    Anthropic   /v1/organizations/cost_report and /v1/organizations/usage_report/messages
                (https://platform.openai.com/docs/api-reference/usage, https://platform.claude.com/docs/en/api/admin;
                both looked at on 22 November 2026)

and any CSV or XLSX table with the columns `day` and `model` and at least one of `input_tokens`, `output_tokens` and
`cost_usd`. A file is bounded before it is read, as tables are (`governance.intake.table`); amounts are decimals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.intake import table
from kit import errors, money

MOST_ROWS = 100_000
_MOST_USD_DIGITS = 12
_MOST_TOKENS = 10**15
_CENTS_PER_USD = 100
# A version that a provider puts behind the name it was called by, such as -2024-08-06 or -20250514.
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@dataclass(frozen=True, slots=True)
class Billed:
    """Of one UTC day and model, by the name without its date. None: the export does not say."""

    day: date
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    nano_usd: int | None = None

    def __add__(self, other: Billed) -> Billed:
        return Billed(
            self.day,
            self.model,
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.nano_usd, other.nano_usd),
        )


def family(model: str) -> str:
    """The name without the date of its version, in small letters: what days of ours and theirs are matched by."""
    return _DATED.sub("", model.strip().lower())


def read(content: bytes) -> list[Billed]:
    """By day and model. Raises `errors.InvalidRequest` for what is no such export, or too much of one."""
    if len(content) > table.MOST_BYTES:
        raise _refused(f"A file has at most {table.MOST_BYTES // 1024 // 1024} MB.")
    rows = _of_json(content) if content.lstrip()[:1] in (b"{", b"[") else _of_table(content)
    found: dict[tuple[date, str], Billed] = {}
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            raise _refused(f"An export has at most {MOST_ROWS} rows.")
        place = row.day, row.model
        found[place] = found[place] + row if place in found else row
    if not found:
        raise _refused("The export has no rows.")
    return [found[place] for place in sorted(found)]


def _of_json(content: bytes) -> Iterator[Billed]:
    try:
        told = json.loads(content, parse_float=Decimal, parse_constant=_no_number)
        for page in told if isinstance(told, list) else [told]:
            for bucket in page["data"]:
                for result in bucket["results"]:
                    yield _result(_day(bucket), result)
    except errors.InvalidRequest:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, ArithmeticError) as broken:
        raise _refused("The file is no export of a provider that is known.") from broken


def _day(bucket: Mapping[str, Any]) -> date:
    if "starting_at" in bucket:
        return datetime.fromisoformat(bucket["starting_at"]).astimezone(UTC).date()
    return datetime.fromtimestamp(int(bucket["start_time"]), UTC).date()


def _result(day: date, result: Mapping[str, Any]) -> Billed:
    amount = result.get("amount")
    if isinstance(amount, Mapping):  # OpenAI's costs: by line item, such as `gpt-5, input`
        item = str(result.get("line_item") or "")
        return Billed(day, family(item.partition(",")[0]), nano_usd=_usd(amount["value"], amount.get("currency")))
    model = family(str(result.get("model") or ""))
    if amount is not None:  # Anthropic's, in cents
        return Billed(day, model, nano_usd=_usd(amount, result.get("currency"), _CENTS_PER_USD))
    output = _tokens(result["output_tokens"])
    if "uncached_input_tokens" in result:  # Anthropic's usage, whose parts are disjoint
        written = result.get("cache_creation") or {}
        parts = (result["uncached_input_tokens"], result.get("cache_read_input_tokens", 0), *written.values())
        return Billed(day, model, sum(map(_tokens, parts)), output)
    return Billed(day, model, _tokens(result["input_tokens"]), output)


def _of_table(content: bytes) -> Iterator[Billed]:
    found = table.read(content)
    columns = [cell.strip().lower() for cell in found.header]
    if not {"day", "model"} <= {*columns} or not {"input_tokens", "output_tokens", "cost_usd"} & {*columns}:
        raise _refused(
            "A table has the columns day, model, and of input_tokens, output_tokens and cost_usd at least one."
        )
    for number, texts in found.rows:
        row = dict(zip(columns, texts, strict=False))
        try:
            yield Billed(
                date.fromisoformat(row["day"]),
                family(row["model"]),
                _tokens(row["input_tokens"]) if row.get("input_tokens") else None,
                _tokens(row["output_tokens"]) if row.get("output_tokens") else None,
                _usd(row["cost_usd"]) if row.get("cost_usd") else None,
            )
        except (ValueError, LookupError, ArithmeticError) as broken:
            raise _refused(f"Row {number} has a day, a count or an amount that is none.") from broken


def _tokens(value: Any) -> int:
    tokens = int(value)
    if not 0 <= tokens <= _MOST_TOKENS:
        raise ValueError("a count of tokens out of bounds")
    return tokens


def _usd(value: Any, currency: Any = "usd", per: int = 1) -> int:
    """Nano-USD. Credits are below zero."""
    if str(currency).lower() != "usd":
        raise _refused("The export is in a currency that is not USD.")
    amount = Decimal(value)
    if not amount.is_finite() or amount.adjusted() > _MOST_USD_DIGITS:
        raise InvalidOperation("an amount out of bounds")
    return money.from_usd(amount / per)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no amount")


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def _refused(text: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(text, param="file")
