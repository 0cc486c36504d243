"""Every stage that was entered is left once, in reverse, in whatever order a call completes, fails and is cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import run
from gateway.exchange.exchange import Exchange
from gateway.providers.base import FailureClass, UpstreamFailure
from gateway.services import Services
from kit import errors
from tests.gateway.exchange.exchanges import admitted

Step = Callable[[Exchange], Awaitable[None]]
_CUT = UpstreamFailure(FailureClass.CUT, "it broke off")
_FAILURES: dict[str, Exception] = {
    "unavailable": errors.Unavailable("Gone.", code="ledger_unavailable"),
    "upstream": _CUT,
    "fault": OSError("broken pipe"),
}
STAGES = st.lists(st.sampled_from([None, None, *_FAILURES]), max_size=5)
ACTS = st.lists(st.sampled_from(["leave", "fail", "cancel"]), min_size=1, max_size=4)


@pytest.fixture(autouse=True)
def _quietly(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "gateway.exchange.run")


def entered(failures: list[str | None]) -> tuple[Exchange, list[int]]:
    """An exchange that entered a stage for each of `failures`, and the numbers of those left, in order."""
    exchange, left = admitted(), list[int]()
    unfinished: list[asyncio.Task[None]] = []
    exchange.services = cast(Services, SimpleNamespace(unfinished=unfinished, finish_later=unfinished.append))

    def step(number: int, failure: str | None) -> Step:
        async def leave(_: Exchange) -> None:
            await asyncio.sleep(0)
            left.append(number)
            if failure is not None:
                raise _FAILURES[failure]

        return leave

    exchange.leaving.extend(step(number, failure) for number, failure in enumerate(failures))
    return exchange, left


async def act(exchange: Exchange, name: str) -> None:
    if name == "leave":
        await run.leave(exchange)
    elif name == "fail":
        await run.fail(exchange, _CUT)
    else:
        await run.fail(exchange, asyncio.CancelledError())


async def settled(exchange: Exchange) -> None:
    """Waits for what goes on although nobody waits for it."""
    await asyncio.gather(*exchange.services.unfinished, return_exceptions=True)


@given(STAGES, ACTS)
async def test_one_after_another(failures: list[str | None], acts: list[str]) -> None:
    exchange, left = entered(failures)
    for name in acts:
        try:
            await act(exchange, name)
        except errors.ChanceryError:
            assert name == "leave"
    assert left == list(range(len(failures)))[::-1]


@given(STAGES, ACTS)
async def test_at_the_same_time(failures: list[str | None], acts: list[str]) -> None:
    exchange, left = entered(failures)
    ended = await asyncio.gather(*(act(exchange, name) for name in acts), return_exceptions=True)
    await settled(exchange)
    assert sorted(left) == list(range(len(failures)))
    assert all(one is None or isinstance(one, errors.ChanceryError) for one in ended)


@given(STAGES, st.sampled_from(["leave", "fail", "cancel"]), st.integers(0, 6))
async def test_also_where_whoever_waits_is_cancelled_in_the_middle(
    failures: list[str | None], name: str, turns: int
) -> None:
    exchange, left = entered(failures)
    waiting = asyncio.create_task(act(exchange, name))
    for _ in range(turns + 1):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await act(exchange, "fail")
    await settled(exchange)
    assert sorted(left) == list(range(len(failures)))


async def test_an_end_that_is_not_durable_is_no_end() -> None:
    exchange, left = entered([None, "unavailable", None])
    with pytest.raises(errors.Unavailable) as raised:
        await run.leave(exchange)
    assert raised.value.code == "ledger_unavailable"
    assert left == [2, 1, 0]


async def test_the_first_of_several_failures_is_told() -> None:
    exchange, _ = entered(["fault", "unavailable", None])
    with pytest.raises(errors.Unavailable):
        await run.leave(exchange)


async def test_a_connection_that_does_not_close_keeps_no_call_off_the_record() -> None:
    exchange, left = entered([None, None, "fault"])
    with pytest.raises(errors.ChanceryError) as raised:
        await run.leave(exchange)
    assert (raised.value.status, raised.value.code) == (500, "internal_error")
    assert "pipe" not in raised.value.message
    assert left == [2, 1, 0]


async def test_a_failure_is_not_hidden_by_what_fails_while_stages_are_left() -> None:
    exchange, left = entered(["fault", "unavailable", "upstream"])
    await run.fail(exchange, _CUT)
    assert exchange.failure_code == "cut"
    assert left == [2, 1, 0]


_REASON = errors.Unavailable("The server is being stopped.", code="server_stopping")


async def served(exchange: Exchange, turns: int) -> str:
    """A call that works for so many turns of the loop and then completes: what its caller hears."""
    exchange.task = asyncio.current_task()
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
    except BaseException as failure:
        try:
            await run.fail(exchange, failure)
        except errors.ChanceryError as cut_for:
            return cut_for.code
        raise
    await run.leave(exchange)
    return exchange.outcome


@given(STAGES.filter(lambda stages: not any(stages)), st.integers(0, 6), st.integers(1, 3))
async def test_a_cut_is_told_and_on_record_or_comes_too_late(stages: list[str | None], turn: int, cuts: int) -> None:
    exchange, left = entered(stages)
    call = asyncio.create_task(served(exchange, 4))
    for _ in range(turn + 1):
        await asyncio.sleep(0)
    for _ in range(cuts):
        exchange.cut(_REASON)
    heard = await call
    assert left == list(range(len(stages)))[::-1]
    assert (heard, exchange.outcome) in [("server_stopping", "failed"), ("completed", "completed")]
    assert (exchange.failure_code == "server_stopping") == (heard == "server_stopping")
    assert call.cancelling() == 0


async def test_what_nobody_works_on_is_not_cut() -> None:
    exchange, _ = entered([])
    exchange.cut(_REASON)
    assert exchange.cut_for is None
