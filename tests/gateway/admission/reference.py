"""What the scripts must come to, written plainly: no Redis, no limbs, no floating point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor
from uuid import UUID

from gateway.admission.holds import QUANTITIES, WINDOWS, BudgetLine, Hold, Level, Limit, Rate, Settled, Spending
from gateway.admission.truth import Outcome
from tests.gateway.admission.books import Books

ASK_AGAIN_MS = 10_000
EVERY_RATE = tuple(Rate(quantity, window, 0) for quantity in QUANTITIES for window in WINDOWS)
LevelKey = tuple[Level, UUID]
Left = tuple[int, int, int]  # requests, tokens, money: at the tightest level and budget


@dataclass
class Bucket:
    """One level: what is used of each rate, by its code."""

    at: int = 0
    used: dict[int, Fraction] = field(default_factory=dict)
    in_flight: int = 0

    def drained(self, limit: Limit, now: int) -> Bucket:
        elapsed = max(0, now - self.at)
        used = {
            rate.code: max(
                Fraction(0),
                self.used.get(rate.code, Fraction(0)) - Fraction(elapsed * rate.ceiling, WINDOWS[rate.window]),
            )
            for rate in limit.rates
        }
        return Bucket(max(now, self.at), used, self.in_flight)

    def fits(self, limit: Limit, hold: Hold) -> bool:
        assert limit.concurrency is not None
        rates = all(
            hold.asks(rate.quantity) == 0 or self.used[rate.code] + hold.asks(rate.quantity) <= rate.ceiling
            for rate in limit.rates
        )
        return rates and self.in_flight < limit.concurrency

    def take(self, rates: Iterable[Rate], hold: Hold) -> None:
        for rate in rates:
            self.used[rate.code] = self.used.get(rate.code, Fraction(0)) + hold.asks(rate.quantity)
        self.in_flight += 1

    def left(self, limit: Limit, *, of_requests: bool) -> int:
        """At the rate of which least is left."""
        return min(
            max(0, floor(rate.ceiling - self.used[rate.code]))
            for rate in limit.rates
            if (rate.quantity == "requests") is of_requests
        )


@dataclass
class Account:
    """One budget in its present period."""

    period: str = ""
    spent: int = 0
    held: int = 0

    def in_period(self, period: str) -> Account:
        return Account(period) if period > self.period else self


@dataclass
class Entry:
    hold: Hold
    periods: dict[UUID, str]
    due_at: int
    status: str = "held"  # held | expired | returned


@dataclass
class Reference:
    """The counters of one organisation. Every limit names rates of requests and of tokens, and a concurrency."""

    books: Books
    now: int
    buckets: dict[LevelKey, Bucket] = field(default_factory=dict)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    entries: dict[UUID, Entry] = field(default_factory=dict)
    lost: bool = True

    def hold(self, hold: Hold) -> tuple[str, Left | None]:
        """`held` and what is left then, `limited`, or `unaffordable`."""
        self._rebuild_if_lost()
        asked = self._expire()
        answer = self._hold(hold)
        left = self._left(hold) if answer == "held" else None
        self._resolve(asked)
        return answer, left

    def settle(self, request_id: UUID, outcome: Outcome) -> Settled:
        self._rebuild_if_lost()
        settled = self._settle(request_id, outcome)
        self._resolve(self._expire())
        return settled

    def renew(self, request_id: UUID, lease_seconds: int) -> bool:
        self._rebuild_if_lost()
        entry = self.entries.get(request_id)
        if entry is None or entry.status == "returned":
            return False
        self._revive(entry, lease_seconds)
        return True

    def sweep(self) -> None:
        self._rebuild_if_lost()
        self._resolve(self._expire())

    def spending(self, line: BudgetLine) -> Spending:
        self._rebuild_if_lost()
        account = self.accounts.get(line.budget_id, Account()).in_period(line.period)
        return Spending(account.spent, account.held)

    def _left(self, hold: Hold) -> Left:
        buckets = [(limit, self._bucket(limit).drained(limit, self.now)) for limit in hold.limits]
        accounts = [(line, self.accounts[line.budget_id].in_period(line.period)) for line in hold.budgets]
        return (
            min(bucket.left(limit, of_requests=True) for limit, bucket in buckets),
            min(bucket.left(limit, of_requests=False) for limit, bucket in buckets),
            min(max(0, line.limit_nano_usd - account.spent - account.held) for line, account in accounts),
        )

    def _bucket(self, limit: Limit) -> Bucket:
        return self.buckets.get((limit.level, limit.level_id), Bucket())

    def _hold(self, hold: Hold) -> str:
        known = self.entries.get(hold.request_id)
        if known and known.status != "returned":
            self._revive(known, hold.lease_seconds)
            return "held"
        buckets = {(limit.level, limit.level_id): self._bucket(limit).drained(limit, self.now) for limit in hold.limits}
        accounts = {
            line.budget_id: self.accounts.get(line.budget_id, Account()).in_period(line.period) for line in hold.budgets
        }
        for line in hold.budgets:
            account = accounts[line.budget_id]
            if hold.cost_nano_usd and account.spent + account.held + hold.cost_nano_usd > line.limit_nano_usd:
                return "unaffordable"
        if not all(buckets[limit.level, limit.level_id].fits(limit, hold) for limit in hold.limits):
            return "limited"
        for limit in hold.limits:
            buckets[limit.level, limit.level_id].take(limit.rates, hold)
        for account in accounts.values():
            account.held += hold.cost_nano_usd
        self.buckets |= buckets
        self.accounts |= accounts
        periods = {budget_id: account.period for budget_id, account in accounts.items()}
        self.entries[hold.request_id] = Entry(hold, periods, self.now + hold.lease_seconds * 1000)
        return "held"

    def _settle(self, request_id: UUID, outcome: Outcome) -> Settled:
        entry = self.entries.pop(request_id, None)
        if entry is None:
            return Settled.UNKNOWN
        held = entry.status == "held"
        back = entry.hold if held else _nothing_of(entry.hold)
        self._change_levels(
            entry,
            -1 if held else 0,
            outcome.input_tokens - back.input_tokens,
            outcome.output_tokens - back.output_tokens,
        )
        self._change_accounts(
            entry, 0 if entry.status == "returned" else entry.hold.cost_nano_usd, outcome.cost_nano_usd
        )
        return Settled.SETTLED if held else Settled.LATE

    def _expire(self) -> list[Entry]:
        due = [entry for entry in self.entries.values() if entry.due_at <= self.now and entry.status != "returned"]
        for entry in due:
            if entry.status == "held":
                self._change_levels(entry, -1, -entry.hold.input_tokens, -entry.hold.output_tokens)
            entry.status = "expired"
            entry.due_at = self.now + ASK_AGAIN_MS
        return due

    def _resolve(self, asked: list[Entry]) -> None:
        for entry in asked:
            request_id = entry.hold.request_id
            if request_id in self.books.settled:
                self._settle(request_id, self.books.settled[request_id])
            elif request_id not in self.books.requested and entry.status == "expired":
                self._change_accounts(entry, entry.hold.cost_nano_usd, 0)
                entry.status = "returned"

    def _revive(self, entry: Entry, lease_seconds: int) -> None:
        if entry.status == "expired":
            self._change_levels(entry, 1, entry.hold.input_tokens, entry.hold.output_tokens)
        entry.status = "held"
        entry.due_at = self.now + lease_seconds * 1000

    def _change_levels(self, entry: Entry, places: int, input_tokens: int, output_tokens: int) -> None:
        changed = {
            "requests": 0,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "tokens": input_tokens + output_tokens,
        }
        for limit in entry.hold.limits:
            bucket = self.buckets[limit.level, limit.level_id]
            bucket.in_flight = max(0, bucket.in_flight + places)
            for rate in EVERY_RATE:
                if rate.code in bucket.used:
                    bucket.used[rate.code] = max(Fraction(0), bucket.used[rate.code] + changed[rate.quantity])

    def _change_accounts(self, entry: Entry, freed: int, spent: int) -> None:
        for budget_id, period in entry.periods.items():
            account = self.accounts[budget_id]
            if account.period == period:
                account.held -= freed
                account.spent += spent

    def _rebuild_if_lost(self) -> None:
        if not self.lost:
            return
        self.lost = False
        self.buckets, self.accounts, self.entries = {}, {}, {}
        for request_id, outcome in self.books.settled.items():
            for line in self.books.requested[request_id].budgets:
                account = self.accounts.setdefault(line.budget_id, Account()).in_period(line.period)
                self.accounts[line.budget_id] = account
                if account.period == line.period:
                    account.spent += outcome.cost_nano_usd
        for hold in self.books.open():
            for limit in hold.limits:
                bucket = self.buckets.setdefault((limit.level, limit.level_id), Bucket(self.now))
                bucket.take(EVERY_RATE, hold)
            for line in hold.budgets:
                account = self.accounts.setdefault(line.budget_id, Account()).in_period(line.period)
                self.accounts[line.budget_id] = account
                if account.period == line.period:
                    account.held += hold.cost_nano_usd
            periods = {line.budget_id: line.period for line in hold.budgets}
            self.entries[hold.request_id] = Entry(hold, periods, self.now + hold.lease_seconds * 1000)


def _nothing_of(hold: Hold) -> Hold:
    return replace(hold, input_tokens=0, output_tokens=0)
