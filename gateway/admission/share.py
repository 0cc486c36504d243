"""Limits while their server is away: a worker lets its share of each ceiling pass, and none that a budget binds.

A rate that each of N workers keeps an Nth of is kept by all of them together; money is not shared out like that, so a
call with a budget waits for the server. What was counted before is not known here: a share begins used up, and what
passes is the steady rate. The rule is otherwise that of `lua/hold.lua`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from gateway.admission import refusals
from gateway.admission.holds import WINDOWS, Held, Hold, Limit, Quantity, Rate
from gateway.admission.refusals import Refusal
from gateway.admission.truth import Outcome
from kit import clock, metrics

_BUSY_RETRY_MS = 1000
_FUZZ = 1e-6
_UNKNOWN = Held(None, None, None, None, None, None, None, None)
_admitted = metrics.counter(
    "chancery_admitted_by_share_total", "Calls admitted by this worker's share of the limits, without their server."
).of()


@dataclass(slots=True)
class _Bucket:
    """What has been used of a share and has not drained yet, at a moment of the monotonic clock."""

    at: float
    used: float

    def drain(self, share: float, window_seconds: float, now: float) -> None:
        self.used = max(0.0, self.used - (now - self.at) * share / window_seconds)
        self.at = now


class LocalShare:
    """One per process. `workers` tells how many processes share the limits."""

    def __init__(self, workers: Callable[[], int], now: Callable[[], float] = clock.monotonic) -> None:
        self._workers = workers
        self._now = now
        self._buckets: dict[tuple[UUID, int], _Bucket] = {}  # by level and rate
        self._in_flight: Counter[UUID] = Counter()
        self._running: dict[UUID, tuple[Hold, list[tuple[Quantity, _Bucket]]]] = {}  # and where it was counted

    def hold(self, hold: Hold) -> Held:
        """Counts the call at every level, or at none; repeated, it is not counted again.

        Raises `RateLimited`; or `Unavailable` for what only the server can decide: money, and what a share is too
        small for.
        """
        if hold.request_id in self._running:
            return _UNKNOWN
        if hold.budgets:
            raise refusals.unavailable()
        refused = [
            refusal for position, limit in enumerate(hold.limits) for refusal in self._look(position, limit, hold)
        ]
        if refused:
            raise refusals.limited(hold, refused)
        counted = []
        for limit in hold.limits:
            self._in_flight[limit.level_id] += 1
            for rate in limit.rates:
                if bucket := self._buckets.get((limit.level_id, rate.code)):
                    bucket.used += hold.asks(rate.quantity)
                    counted.append((rate.quantity, bucket))
        self._running[hold.request_id] = hold, counted
        _admitted.value += 1
        return _UNKNOWN

    def settle(self, request_id: UUID, outcome: Outcome) -> bool:
        """Gives back what a call did not use. False: it was not held here."""
        running = self._running.pop(request_id, None)
        if running is None:
            return False
        hold, counted = running
        used = {"requests": 1, "input_tokens": outcome.input_tokens, "output_tokens": outcome.output_tokens}
        used["tokens"] = outcome.input_tokens + outcome.output_tokens
        for quantity, bucket in counted:
            bucket.used += used[quantity] - hold.asks(quantity)
        for limit in hold.limits:
            self._in_flight[limit.level_id] -= 1
            if not self._in_flight[limit.level_id]:
                del self._in_flight[limit.level_id]
        return True

    def forget(self) -> None:
        """The server counts again; should it go away once more, shares begin used up once more."""
        self._buckets.clear()

    def _look(self, position: int, limit: Limit, hold: Hold) -> Iterator[Refusal]:
        """Why the call does not fit this level now, as `refusals.limited` takes it."""
        workers = max(1, self._workers())
        for rate in limit.rates:
            amount = hold.asks(rate.quantity)
            if amount and (wait := self._wait(limit.level_id, rate, workers, amount)):
                yield position, rate.code, wait
        if limit.concurrency is not None and self._in_flight[limit.level_id] >= limit.concurrency // workers:
            if 0 < limit.concurrency < workers:
                raise refusals.unavailable()
            yield position, -1, _BUSY_RETRY_MS if limit.concurrency else -1

    def _wait(self, level_id: UUID, rate: Rate, workers: int, amount: int) -> int:
        """Milliseconds until `amount` fits; 0 where it does, -1 where it never will."""
        share, window_ms = rate.ceiling / workers, WINDOWS[rate.window]
        if amount > rate.ceiling:
            return -1
        if amount > share:
            raise refusals.unavailable()
        bucket = self._buckets.setdefault((level_id, rate.code), _Bucket(self._now(), share))
        bucket.drain(share, window_ms / 1000, self._now())
        excess = bucket.used + amount - share
        return ceil(excess * window_ms / share) if excess > _FUZZ else 0
