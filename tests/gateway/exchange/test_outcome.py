"""What had come before a call ended is counted, kept and inspected, however it ended."""

from __future__ import annotations

import asyncio

import pytest

from audit.pricing.charge import cost
from gateway.exchange import outcome, usage
from gateway.exchange.exchange import Exchange, Usage
from gateway.providers.base import FailureClass, UpstreamFailure
from gateway.routing.candidates import Candidate
from tests.gateway.exchange.exchanges import admitted, attempt_answers, attempt_begins
from tests.gateway.routing.catalogue import a_candidate

CUT = UpstreamFailure(FailureClass.CUT, "it broke off")


def answered(*texts: str) -> Exchange:
    """An exchange that an upstream answered with these pieces so far."""
    candidate: Candidate = a_candidate()
    exchange = admitted(candidate, max_tokens=50)
    attempt_answers(exchange, candidate)
    for text in texts:
        exchange.events += 1
        exchange.said.hear([{"index": 0, "delta": {"content": text}}], "delta")
    return exchange


def test_a_stream_that_breaks_off_is_counted_by_its_events_or_its_text() -> None:
    few, long = answered("ab", "cd", "ef"), answered("é" * 40)
    for exchange in (few, long):
        outcome.note_failure(exchange, CUT)
    assert few.usage == Usage(few.input_bound, 0, 3, estimated=True)
    assert long.usage == Usage(long.input_bound, 0, 20, estimated=True)


def test_an_answer_nobody_counted_is_counted_by_its_bytes_up_to_its_bound() -> None:
    exchange = answered()
    assert usage.of_answer(exchange, b"x" * 41).output_tokens == 11
    assert usage.of_answer(exchange, b"x" * 10_000).output_tokens == 50


def test_what_was_sent_and_never_answered_costs_what_it_could_have_come_to() -> None:
    exchange = admitted()
    attempt_begins(exchange, exchange.candidates[0])
    outcome.note_failure(exchange, asyncio.CancelledError())
    assert exchange.answered_by is exchange.candidates[0]
    assert exchange.cost_nano_usd == exchange.held_nano_usd // 2  # two attempts are held for


@pytest.mark.parametrize("end", [CUT, GeneratorExit(), RuntimeError("a bug")])
def test_a_count_that_came_before_the_end_is_kept(end: BaseException) -> None:
    exchange = answered("ab")
    exchange.usage = Usage(12, 0, 1)
    outcome.note_failure(exchange, end)
    assert exchange.usage == Usage(12, 0, 1)


def test_what_came_before_the_end_is_inspected() -> None:
    exchange = answered("my card is 4111 1111", " 1111 1111, bye")
    outcome.note_failure(exchange, GeneratorExit())
    assert exchange.output_inspection is not None
    assert {"payment_card": 1} in [verdict.findings for verdict in exchange.output_inspection.verdicts]


def test_a_count_beyond_what_was_held_is_charged_as_reported() -> None:
    """The provider will bill it, so the books show it and the budget bears it."""
    exchange = answered("ab")
    exchange.usage = Usage(10**9, 0, 10**9)
    outcome.note_completed(exchange)
    assert exchange.cost_nano_usd == cost(exchange.usage, exchange.candidates[0].rates())
    assert exchange.held_nano_usd < exchange.cost_nano_usd < 2**63


def test_charging_twice_is_charging_once() -> None:
    exchange = answered("ab")
    exchange.usage = Usage(10, 0, 5)
    outcome.note_completed(exchange)
    once = exchange.cost_nano_usd
    outcome.note_failure(exchange, CUT)
    assert exchange.cost_nano_usd == once > 0
