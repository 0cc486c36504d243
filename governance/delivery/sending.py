"""The round that the timetable calls: every channel that has something to be told is told it, all at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from asgiref.sync import async_to_sync

from governance.delivery import outbox
from governance.delivery.destination import policy, reveal
from governance.delivery.wire import Outgoing, request_of
from governance.models import AlertMessage
from kit import clock, metrics
from kit.crypto import SealBroken
from kit.egress.policy import EgressPolicy, EgressRefused
from kit.egress.session import guarded_session

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_ROUNDS = 20
_AGAIN = {408, 425, 429}

logger = logging.getLogger(__name__)
_answers = metrics.counter(
    "chancery_alert_messages_total", "Messages to alert channels, by how the channel answered.", "result"
)


class _Backlog:
    """As it was at the end of the last round of this process; none before."""

    length: float | None = None


metrics.gauge(
    "chancery_alert_messages_waiting",
    "Messages to alert channels that are still to be sent, after the last round.",
    lambda: _Backlog.length,
)


class Answer:
    """How a channel answered: in a word, whether to try again, and for how long it asks to be left alone."""

    __slots__ = ("again", "ok", "wait", "word")

    def __init__(self, word: str, *, ok: bool = False, again: bool = False, wait: timedelta | None = None) -> None:
        self.word, self.ok, self.again, self.wait = word, ok, again, wait


def send_due() -> int:
    """Sends what is due. Gives how many messages their channels took."""
    now = clock.now()
    outbox.give_up(now)
    taken = 0
    for _ in range(_ROUNDS):
        outbox.fold(clock.now())
        messages = outbox.take(clock.now())
        if not messages:
            break
        taken += _send_all(messages)
    _Backlog.length = outbox.waiting()
    return taken


def _send_all(messages: Sequence[AlertMessage]) -> int:
    made = [(message, _request(message)) for message in messages]
    answers = async_to_sync(_exchange)([request for _, request in made], policy())
    for (message, _), answer in zip(made, answers, strict=True):
        _note(message, answer, clock.now())
    return sum(answer.ok for answer in answers)


def _request(message: AlertMessage) -> Outgoing | Answer:
    """An answer of our own where the channel has to be set again. The others are not kept up."""
    try:
        destination = reveal(message.channel_id, bytes(message.channel.sealed))
        return request_of(message, destination, clock.now())
    except SealBroken:
        return Answer("sealed")
    except Exception:
        logger.exception("a message to alert channel %s could not be made", message.channel_id)
        return Answer("unmade")


async def _exchange(requests: Sequence[Outgoing | Answer], egress: EgressPolicy) -> list[Answer]:
    async with guarded_session(egress, timeout=_TIMEOUT) as session:
        return await asyncio.gather(*(_post(session, request) for request in requests))


async def _post(session: aiohttp.ClientSession, request: Outgoing | Answer) -> Answer:
    if isinstance(request, Answer):
        return request
    try:
        async with session.post(request.url, data=request.body, headers=request.headers) as reply:
            return _of_status(reply.status, reply.headers.get("retry-after"))
    except EgressRefused:
        return Answer("egress_refused")
    except aiohttp.ClientError as failure:
        return Answer("egress_refused") if _is_refused(failure) else Answer("unreachable", again=True)
    except TimeoutError:
        return Answer("timeout", again=True)
    except (OSError, ValueError):
        return Answer("unreachable", again=True)
    except Exception:  # whatever one channel answers, the others are told
        logger.exception("an alert channel could not be told")
        return Answer("unreachable", again=True)


def _is_refused(failure: BaseException | None) -> bool:
    while failure is not None:
        if isinstance(failure, EgressRefused):
            return True
        failure = failure.__cause__ or getattr(failure, "os_error", None)
    return False


def _of_status(status: int, retry_after: str | None) -> Answer:
    if 200 <= status < 300:
        return Answer(str(status), ok=True)
    return Answer(str(status), again=status in _AGAIN or status >= 500, wait=_wait(retry_after))


def _wait(retry_after: str | None) -> timedelta | None:
    """Of RFC 9110, section 10.2.3: seconds, or a date."""
    if not retry_after:
        return None
    try:
        return timedelta(seconds=min(int(retry_after), 86_400)) if retry_after.isdigit() else _until(retry_after)
    except (ValueError, TypeError, OverflowError):
        return None


def _until(text: str) -> timedelta:
    until: datetime = parsedate_to_datetime(text)
    return max(timedelta(), (until if until.tzinfo else until.replace(tzinfo=UTC)) - clock.now())


def _note(message: AlertMessage, answer: Answer, now: datetime) -> None:
    if answer.ok:
        outbox.sent(message, answer.word, now)
    elif answer.again:
        outbox.put_off(message, answer.word, now, answer.wait)
    else:
        outbox.failed(message, answer.word, now)
        logger.warning("alert channel %s does not take messages (%s)", message.channel_id, answer.word)
    _answers.of("sent" if answer.ok else "put_off" if answer.again else "failed").value += 1
