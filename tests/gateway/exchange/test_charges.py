"""However a call ends, it is charged once, and where nobody knows what it came to, never more than was held for it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import outcome, usage
from gateway.exchange.exchange import Usage
from gateway.exchange.stages import admit
from gateway.providers.base import FailureClass, UpstreamFailure
from gateway.routing.candidates import Candidate
from kit import errors
from tests.gateway.exchange.exchanges import admitted, attempt_answers, attempt_begins, attempt_failed
from tests.gateway.routing.catalogue import a_candidate, a_model, a_price

DOLLAR = 10**9

PRICES = st.builds(
    lambda tokens, cached, output, request: a_price(input=tokens, cached_input=cached, output=output, request=request),
    *(st.integers(0, 100 * DOLLAR) for _ in range(3)),
    st.integers(0, DOLLAR),
)
CANDIDATES = st.builds(
    lambda price, window, most: a_candidate(a_model(context_window=window, max_output_tokens=most), price=price),
    PRICES,
    st.integers(1_000, 200_000),
    st.integers(1, 100_000),
)
ASKED = st.fixed_dictionaries({}, optional={"max_tokens": st.integers(1, 200_000), "n": st.integers(1, 8)})
FAILURES = st.sampled_from(FailureClass)
LEFT = (asyncio.CancelledError(), GeneratorExit(), errors.Unavailable("gone", code="overloaded"), RuntimeError("a bug"))


def dear_and_short(output_price: int, most: int) -> Candidate:
    price = a_price(input=0, cached_input=0, output=output_price, request=0)
    return a_candidate(a_model(max_output_tokens=most), price=price)


@given(
    st.lists(CANDIDATES, min_size=1, max_size=3),
    ASKED,
    st.lists(FAILURES, max_size=1),
    st.sampled_from(["before", "while", "after"]),
    st.sampled_from(LEFT) | FAILURES.map(lambda found: UpstreamFailure(found, "it failed")),
    st.integers(0, 100_000),
)
def test_a_call_nobody_counted_costs_at_most_what_was_held(
    candidates: list[Candidate],
    asked: dict[str, int],
    failed: list[FailureClass],
    when: str,
    end: BaseException,
    events: int,
) -> None:
    """It may fail or be left `before` an attempt's connection is made, `while` it is open, `after` it answered."""
    exchange = admitted(*candidates, **asked)
    order = [*candidates, candidates[-1]]
    for candidate, failure_class in zip(order, failed, strict=False):
        attempt_failed(exchange, candidate, failure_class)
    tried = order[len(failed)]
    if when == "while":
        attempt_begins(exchange, tried)
    if when == "after":
        attempt_answers(exchange, tried)
        exchange.events = events
    outcome.note_failure(exchange, end)
    assert 0 <= exchange.cost_nano_usd <= exchange.held_nano_usd


@given(CANDIDATES, ASKED, st.data())
def test_an_answer_within_its_bounds_costs_at_most_what_was_held(
    candidate: Candidate, asked: dict[str, int], data: st.DataObject
) -> None:
    exchange = admitted(candidate, **asked)
    attempt_answers(exchange, candidate)
    output = min(exchange.output_bound, candidate.model.max_output_tokens) * exchange.chat.n
    tokens = data.draw(st.integers(0, exchange.input_bound))
    exchange.usage = Usage(tokens, data.draw(st.integers(0, tokens)), data.draw(st.integers(0, output)))
    usage.charge(exchange)
    assert 0 <= exchange.cost_nano_usd <= exchange.held_nano_usd


@given(CANDIDATES, st.lists(st.integers(1, 5_000), min_size=2, max_size=5).map(sorted))
def test_more_events_received_never_cost_less(candidate: Candidate, counts: list[int]) -> None:
    costs = []
    for events in counts:
        exchange = admitted(candidate)
        attempt_answers(exchange, candidate)
        exchange.events = events
        outcome.note_failure(exchange, asyncio.CancelledError())
        costs.append(exchange.cost_nano_usd)
    assert all(less <= more for less, more in pairwise(costs))


def test_a_dear_model_is_not_charged_for_tokens_only_the_cheap_one_can_write() -> None:
    cheap, dear = dear_and_short(DOLLAR, 100_000), dear_and_short(100 * DOLLAR, 1_000)
    exchange = admitted(cheap, dear)
    attempt_failed(exchange, cheap, FailureClass.CONNECT_FAILED, sent=False)
    attempt_begins(exchange, dear)
    outcome.note_failure(exchange, asyncio.CancelledError())
    assert exchange.cost_nano_usd == 1_000 * 100 * DOLLAR // 1_000_000


def test_a_first_attempt_that_may_be_billed_is_paid_when_the_caller_leaves_in_the_second() -> None:
    first, second = dear_and_short(DOLLAR, 1_000), dear_and_short(2 * DOLLAR, 1_000)
    exchange = admitted(first, second)
    attempt_failed(exchange, first, FailureClass.TIMEOUT)
    attempt_begins(exchange, second)
    outcome.note_failure(exchange, asyncio.CancelledError())
    assert exchange.cost_nano_usd == 1_000_000 + 2_000_000
    assert exchange.usage is not None
    assert exchange.usage.estimated


@pytest.mark.parametrize(("status", "billed"), [(None, True), (200, True), (500, False), (503, False)])
def test_an_attempt_is_billed_unless_its_status_says_that_it_is_not(status: int | None, billed: bool) -> None:
    first, second = dear_and_short(DOLLAR, 1_000), dear_and_short(DOLLAR, 1_000)
    exchange = admitted(first, second)
    attempt_failed(exchange, first, FailureClass.CUT, status=status)
    attempt_answers(exchange, second)
    exchange.usage = Usage(0, 0, 10, 0)
    usage.charge(exchange)
    assert exchange.cost_nano_usd == 10_000 + (1_000_000 if billed else 0)
    assert exchange.usage.estimated is billed


def test_charging_twice_is_charging_once() -> None:
    first, second = dear_and_short(DOLLAR, 1_000), dear_and_short(DOLLAR, 1_000)
    exchange = admitted(first, second)
    attempt_failed(exchange, first, FailureClass.TIMEOUT)
    attempt_answers(exchange, second)
    exchange.usage = Usage(0, 0, 10, 0)
    usage.charge(exchange)
    once = exchange.cost_nano_usd
    usage.charge(exchange)
    assert exchange.cost_nano_usd == once


def test_what_never_left_costs_nothing() -> None:
    candidate = a_candidate()
    exchange = admitted(candidate)
    attempt_failed(exchange, candidate, FailureClass.CONNECT_FAILED, sent=False)
    outcome.note_failure(exchange, errors.UpstreamFailed("no connection"))
    assert exchange.cost_nano_usd == 0
    assert exchange.usage is None


@pytest.mark.parametrize(
    ("failure", "recorded", "ended", "code"),
    [
        (asyncio.CancelledError(), True, "cancelled", "client_closed_request"),
        (GeneratorExit(), True, "cancelled", "client_closed_request"),
        (UpstreamFailure(FailureClass.CUT, "cut"), True, "failed", "cut"),
        (errors.BudgetExceeded("no"), False, "refused", "budget_exceeded"),
        (errors.UpstreamFailed("no"), True, "failed", "upstream_error"),
        (ZeroDivisionError(), True, "failed", "internal_error"),
    ],
)
def test_the_record_says_how_it_ended(failure: BaseException, recorded: bool, ended: str, code: str) -> None:
    exchange = admitted()
    exchange.is_recorded = recorded
    outcome.note_failure(exchange, failure)
    assert (exchange.outcome, exchange.failure_code) == (ended, code)


def test_whichever_candidate_comes_first_the_dearest_is_held_for() -> None:
    cheap, dear = dear_and_short(DOLLAR, 100), dear_and_short(100 * DOLLAR, 100)
    held = admit.worst_case(admitted(cheap, dear))
    assert held == admit.worst_case(admitted(dear, cheap)) == admit.worst_case(admitted(dear))


def test_without_a_word_from_the_caller_an_answer_is_held_at_what_is_usual() -> None:
    short, long = a_model(max_output_tokens=4_096, usual_output_tokens=1_024), a_model(max_output_tokens=64_000)
    assert admitted(a_candidate(short)).output_bound == 1_024
    assert admitted(a_candidate(short), max_tokens=3_000).output_bound == 3_000
    assert admitted(a_candidate(short), max_tokens=30_000).output_bound == 4_096
    assert admitted(a_candidate(long)).output_bound == 64_000
    assert admitted(a_candidate(short), a_candidate(long)).output_bound == 64_000


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
FILE = {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}


@pytest.mark.parametrize(
    ("image_tokens", "parts", "held"),
    [
        (1_445, [PICTURE, PICTURE], 2 * 1_445),
        (0, [PICTURE], 0),
        (None, [PICTURE], None),
        (1_445, [PICTURE, FILE], None),
    ],
)
def test_a_picture_is_held_at_what_its_model_counts_it_as(
    image_tokens: int | None, parts: list[dict[str, Any]], held: int | None
) -> None:
    model = a_model(context_window=100_000, image_tokens=image_tokens)
    found = admitted(a_candidate(model), messages=[{"role": "user", "content": parts}])
    if held is None:
        assert found.input_bound == 100_000
    else:
        assert held < found.input_bound < held + 1_000
    assert not found.text_only


def test_a_cache_that_is_to_last_is_held_at_what_it_costs() -> None:
    lasting = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert not admitted(messages=[{"role": "user", "content": [lasting]}]).text_only
    assert admitted().text_only
