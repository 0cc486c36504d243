"""The life of a request, top to bottom. What was entered is always left, in reverse."""

from __future__ import annotations

import asyncio
import logging

from gateway.exchange import outcome
from gateway.exchange.exchange import Exchange
from gateway.exchange.stages.admit import admit
from gateway.exchange.stages.authorize import authorize
from gateway.exchange.stages.clear import clear
from gateway.exchange.stages.dispatch import dispatch
from gateway.exchange.stages.inspect_input import inspect_input
from gateway.exchange.stages.record import record
from gateway.exchange.stages.resolve import resolve
from kit import errors

logger = logging.getLogger(__name__)
STAGES = ("auth", "inspect", "admit", "record", "upstream")  # as their time is noted


async def open_exchange(exchange: Exchange) -> None:
    """Runs a request up to the upstream's first byte. A refusal is raised before anything was sent to the caller.

    Afterwards exactly one of `leave` and `fail` has been or must be called.
    """
    mark = exchange.timings.mark
    try:
        resolve(exchange)
        authorize(exchange)
        mark("auth")
        inspect_input(exchange)
        clear(exchange)
        mark("inspect")
        await admit(exchange)
        mark("admit")
        await record(exchange)
        mark("record")
        await dispatch(exchange)
        mark("upstream")
    except BaseException as failure:
        await fail(exchange, failure)
        raise


async def leave(exchange: Exchange) -> None:
    """Leaves every stage. Returns when the outcome is durable; only then may the caller see the end of the answer.

    Raises `errors.ChanceryError` where it could not be made durable: then there is no end to show.
    """
    await _to_its_end(exchange)


async def fail(exchange: Exchange, failure: BaseException) -> None:
    """Leaves every stage after a refusal, an upstream's failure, a cut or the caller's leaving.

    Raises what the call was cut off for, where that is what cancelled it.
    """
    timings = exchange.timings
    timings.mark(next((stage for stage in STAGES if stage not in timings.spent), "upstream"))
    try:
        outcome.note_failure(exchange, failure)
    finally:
        try:
            await _to_its_end(exchange)
        except errors.ChanceryError as unrecorded:
            logger.warning("outcome of %s not yet durable: %s", exchange.request_id, unrecorded.code)
    if exchange.cut_for is not None and isinstance(failure, asyncio.CancelledError):
        assert exchange.task is not None
        exchange.task.uncancel()
        raise exchange.cut_for from failure


async def _to_its_end(exchange: Exchange) -> None:
    """Runs in a task of its own: a caller that leaves, even twice, does not stop it."""
    exchange.is_ending = True
    leaving = asyncio.create_task(_leave_stages(exchange))
    exchange.services.finish_later(leaving)
    await asyncio.shield(leaving)


async def _leave_stages(exchange: Exchange) -> None:
    """All of them, whatever becomes of one: a connection that does not close must not keep a call off the record."""
    failure: errors.ChanceryError | None = None
    while exchange.leaving:
        step = exchange.leaving.pop()
        try:
            await step(exchange)
        except errors.ChanceryError as failed:
            failure = failure or failed
        except Exception:
            logger.exception("a stage of %s could not be left", exchange.request_id)
            failure = failure or errors.ChanceryError("The call could not be brought to its end.")
    if failure is not None:
        raise failure
