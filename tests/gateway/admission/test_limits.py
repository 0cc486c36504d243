"""Requests, tokens and places, at every level of a call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.admission.holds import Limit
from gateway.admission.organization import Organization
from kit.errors import RateLimited
from tests.gateway.admission.books import Books
from tests.gateway.admission.till import Till, limit


async def test_a_minutes_worth_of_requests_passes_at_once_and_then_the_rate(till: Till) -> None:
    key = limit(requests_per_minute=6)
    for _ in range(6):
        await till.hold(key)
    with pytest.raises(RateLimited):
        await till.hold(key)

    till.pass_time(seconds=10)
    await till.hold(key)
    with pytest.raises(RateLimited):
        await till.hold(key)


async def test_a_refusal_says_which_limit_of_which_level_and_when_to_try_again(till: Till) -> None:
    team = limit("team", requests_per_minute=6)
    for _ in range(6):
        await till.hold(team)
    till.pass_time(seconds=2.5)
    with pytest.raises(RateLimited) as refused:
        await till.hold(team)

    error = refused.value
    assert (error.status, error.code) == (429, "rate_limit_exceeded")
    assert error.headers == {"retry-after": "8", "retry-after-ms": "7500"}
    assert error.details == {
        "level": "team",
        "level_id": str(team.level_id),
        "kind": "requests",
        "window": "minute",
        "retry_after_ms": 7500,
    }
    assert "6 requests a minute" in error.message


async def test_after_the_time_named_the_call_passes(till: Till) -> None:
    key = limit(requests_per_minute=7, tokens_per_minute=1000)
    for _ in range(30):
        try:
            await till.hold(key, tokens=170)
        except RateLimited as refused:
            till.now_ms += int(refused.headers["retry-after-ms"])
            await till.hold(key, tokens=170)


async def test_the_wait_named_is_that_of_the_level_that_lasts_longest(till: Till) -> None:
    key, organization = limit("key", requests_per_minute=60), limit("organization", requests_per_minute=1)
    await till.hold(key, organization)
    for _ in range(59):
        await till.hold(key)
    with pytest.raises(RateLimited) as refused:
        await till.hold(key, organization)
    assert refused.value.details["level"] == "organization"
    assert refused.value.headers["retry-after"] == "60"


async def test_refused_calls_consume_nothing_at_any_level(till: Till) -> None:
    key = limit("key", requests_per_minute=10, tokens_per_minute=1000, concurrency=10)
    full = limit("organization", concurrency=1)
    call = await till.hold(full)
    for _ in range(20):
        with pytest.raises(RateLimited):
            await till.hold(key, full, tokens=100)
    await till.settle(call)

    answer = await till.answer(key, full, tokens=100)
    assert answer.remaining_requests == 9
    assert answer.remaining_tokens == 900


async def test_tokens_are_reserved_at_the_estimate_and_the_unused_given_back(till: Till) -> None:
    key = limit(tokens_per_minute=1000)
    call = await till.hold(key, tokens=900)
    with pytest.raises(RateLimited) as refused:
        await till.hold(key, tokens=900)
    assert refused.value.details["kind"] == "tokens"
    assert refused.value.headers["retry-after-ms"] == "48000"

    await till.settle(call, tokens=50)
    assert (await till.answer(key, tokens=900)).remaining_tokens == 50


async def test_tokens_used_beyond_the_estimate_are_waited_for(till: Till) -> None:
    key = limit(tokens_per_minute=1000)
    await till.settle(await till.hold(key, tokens=100), tokens=1500)
    with pytest.raises(RateLimited) as refused:
        await till.hold(key, tokens=100)
    assert refused.value.headers["retry-after-ms"] == "36000"


async def test_tokens_given_back_late_never_make_more_than_a_full_bucket(till: Till) -> None:
    key = limit(tokens_per_minute=1000)
    call = await till.hold(key, tokens=1000)
    till.pass_time(seconds=60)
    await till.settle(call, tokens=0)
    assert (await till.answer(key, tokens=1)).remaining_tokens == 999


async def test_a_call_larger_than_the_whole_bucket_is_told_not_to_retry(till: Till) -> None:
    with pytest.raises(RateLimited) as refused:
        await till.hold(limit("project", tokens_per_minute=1000), tokens=1001)
    assert refused.value.headers == {"x-should-retry": "false"}
    assert "1001 tokens" in refused.value.message
    assert "fewer output tokens" in refused.value.message


@pytest.mark.parametrize("nothing", [limit(requests_per_minute=0), limit(concurrency=0)])
async def test_a_limit_of_zero_lets_nothing_pass(till: Till, nothing: Limit) -> None:
    with pytest.raises(RateLimited) as refused:
        await till.hold(nothing)
    assert refused.value.headers == {"x-should-retry": "false"}


async def test_places_are_given_back_whatever_the_call_cost(till: Till) -> None:
    team = limit("team", concurrency=3)
    answers = await asyncio.gather(*(till.hold(team) for _ in range(50)), return_exceptions=True)
    running = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(running) == 3

    with pytest.raises(RateLimited) as refused:
        await till.hold(team)
    assert refused.value.headers == {"retry-after": "1", "retry-after-ms": "1000"}

    await till.settle(running[0], tokens=10, cost=10)
    await till.hold(team)


async def test_the_answer_reports_the_tightest_level(till: Till) -> None:
    key = limit("key", requests_per_minute=100, tokens_per_minute=5000)
    team = limit("team", requests_per_minute=10, tokens_per_minute=60_000)
    answer = await till.answer(key, team, tokens=500)
    assert (answer.limit_requests, answer.remaining_requests, answer.reset_requests_ms) == (10, 9, 6000)
    assert (answer.limit_tokens, answer.remaining_tokens, answer.reset_tokens_ms) == (5000, 4500, 6000)
    assert answer.remaining_nano_usd is None


async def test_a_call_nothing_limits_passes(till: Till) -> None:
    answer = await till.answer(limit("key"), tokens=10**9)
    assert answer.limit_requests is None
    assert answer.remaining_tokens is None


async def test_a_limit_set_while_calls_run_is_not_credited_with_what_it_never_counted(till: Till) -> None:
    unlimited = limit("key")
    call = await till.hold(unlimited, tokens=900)
    limited = limit("key", level_id=unlimited.level_id, tokens_per_minute=1000)
    await till.hold(limited, tokens=600)
    await till.settle(call, tokens=0)
    assert (await till.answer(limited, tokens=0)).remaining_tokens == 400


async def test_organisations_do_not_share_counters(till: Till, redis_url: str, books: Books) -> None:
    key = limit(requests_per_minute=1)
    await till.hold(key)
    other = Till(redis_url, books)
    await other.hold(key)
    await other.admission.close()


def test_a_ceiling_is_not_negative() -> None:
    with pytest.raises(ValueError, match="not negative"):
        limit(concurrency=-1)


@pytest.mark.parametrize(("window", "minutes"), [("minute", 1), ("hour", 60), ("day", 24 * 60)])
async def test_a_window_of_any_length_drains_steadily(till: Till, window: str, minutes: int) -> None:
    ceiling: dict[str, Any] = {f"requests_per_{window}": 4}
    key = limit(**ceiling)
    for _ in range(4):
        await till.hold(key)
    with pytest.raises(RateLimited) as refused:
        await till.hold(key)
    assert refused.value.details["window"] == window
    assert refused.value.headers["retry-after-ms"] == str(minutes * 15_000)
    till.pass_time(seconds=minutes * 15)
    await till.hold(key)


async def test_windows_hold_at_once_and_the_tightest_is_reported(till: Till) -> None:
    key = limit(requests_per_minute=5, requests_per_hour=7)
    for _ in range(5):
        await till.hold(key)
    till.pass_time(seconds=60)
    answer = await till.answer(key)
    assert (answer.limit_requests, answer.remaining_requests) == (7, 1)
    await till.hold(key)
    with pytest.raises(RateLimited) as refused:
        await till.hold(key)
    assert "7 requests an hour" in refused.value.message


async def test_input_and_output_are_counted_and_given_back_apart(till: Till) -> None:
    key = limit(input_tokens_per_minute=100, output_tokens_per_minute=50, tokens_per_minute=1000)
    call = await till.hold(key, tokens=90, output_tokens=50)
    with pytest.raises(RateLimited) as refused:
        await till.hold(key, tokens=10, output_tokens=1)
    assert refused.value.details["kind"] == "output_tokens"

    await till.settle(call, tokens=90, output_tokens=5)
    await till.hold(key, tokens=10, output_tokens=45)
    with pytest.raises(RateLimited) as refused:
        await till.hold(key, tokens=1)
    assert refused.value.details["kind"] == "input_tokens"


async def test_a_rate_added_to_a_level_begins_empty_and_leaves_the_others(till: Till) -> None:
    key = limit(requests_per_minute=3)
    for _ in range(2):
        await till.hold(key)
    both = limit(level_id=key.level_id, requests_per_minute=3, requests_per_hour=100)
    answer = await till.answer(both)
    assert answer.remaining_requests == 0
    till.pass_time(seconds=60)
    assert (await till.answer(limit(level_id=key.level_id, requests_per_hour=100))).remaining_requests == 99


async def test_what_an_end_user_used_is_forgotten_once_it_counts_no_more(till: Till, redis_url: str) -> None:
    someone = limit("end_user", requests_per_day=5)
    await till.settle(await till.hold(someone))
    till.pass_time(hours=47)
    await till.admission.sweep(till.organization_id)
    assert await _fields(redis_url, till) == {"epoch", f"e:{someone.level_id.hex}"}
    till.pass_time(hours=1)
    await till.admission.sweep(till.organization_id)
    assert await _fields(redis_url, till) == {"epoch"}


async def _fields(redis_url: str, till: Till) -> set[str]:
    client = Redis.from_url(redis_url)
    found = await client.hkeys(Organization(till.organization_id).state)
    await client.aclose()
    return {field.decode() for field in found if isinstance(field, bytes)}
