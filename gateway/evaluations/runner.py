"""Runs probes, one case after another, while the process has time for it."""

from __future__ import annotations

import asyncio
import logging

import psycopg
from django.conf import settings

from gateway.evaluations.asking import Question, ask
from gateway.evaluations.judge import PASSED, judge
from gateway.evaluations.queue import Case, Queue, Result, Run, RunLost
from gateway.services import Services
from kit import clock, errors

logger = logging.getLogger(__name__)
TIMED_OUT = "timed_out"
_LOOK_SECONDS = 2.0
_BETWEEN_SECONDS = 0.05
_BUSY_SECONDS = 1.0
_RUN_SECONDS = 1800.0


async def run_probes(services: Services) -> None:
    """As long as the process lives, one run at a time. The connection is made anew where it is lost."""
    while settings.RUN_PROBES:
        try:
            async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DSN, autocommit=True) as connection:
                queue = Queue(connection, services.process_id)
                while True:
                    await asyncio.sleep(_LOOK_SECONDS)
                    await _run_next(services, queue)
        except psycopg.Error as failure:
            logger.warning("probes not run: %s", type(failure).__name__)
        except Exception:
            logger.exception("a run of probes broke off; it is begun once more")
        await asyncio.sleep(_LOOK_SECONDS)


async def _run_next(services: Services, queue: Queue) -> None:
    if _is_busy(services):
        return
    run = await queue.claim(clock.now())
    if run is None:
        return
    code = ""
    try:
        async with asyncio.timeout(_RUN_SECONDS):
            for case in await queue.cases(run):
                await queue.note(run, await _result(services, run, case))
                await asyncio.sleep(_BETWEEN_SECONDS)
    except RunLost:
        return
    except TimeoutError:
        code = TIMED_OUT
    except errors.ChanceryError as refused:
        code = refused.code
    await _end(queue, run, code)


async def _end(queue: Queue, run: Run, code: str) -> None:
    try:
        await queue.end(run, clock.now(), code)
    except RunLost:
        logger.warning("run %s was taken over by another process", run.id)


async def _result(services: Services, run: Run, case: Case) -> Result:
    """In a task of its own, which a suspension may cut. Raises `errors.ChanceryError`."""
    while _is_busy(services):
        await asyncio.sleep(_BUSY_SECONDS)
    question = Question(run.model, case.prompt, run.organization_id, run.api_key_id)
    answer = await asyncio.create_task(ask(services, question))
    said = await judge(case, answer.text)
    return Result(case.id, said == PASSED, answer.request_id, "" if said == PASSED else said)


def _is_busy(services: Services) -> bool:
    """Whether callers need the process, or what is in force is not known to it."""
    return (
        not services.snapshot.freshness.holds(services.snapshot_max_age_seconds)
        or len(services.open_exchanges) >= services.max_in_flight // 2
    )
