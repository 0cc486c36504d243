"""What the scripts must come to, written plainly: no Redis, no limbs, no floating point."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from uuid import UUID

from gateway.admission.holds import BudgetLine, Hold, Level, Limit, Settled, Spending
from tests.gateway.admission.books import Books

ASK_AGAIN_MS = 10_000
LevelKey = tuple[Level, UUID]
Left = tuple[int, int, int]  # requests, tokens, money: at the tightest level and budget


@dataclass
class Bucket:
    """One level."""

    at: int = 0
    requests: Fraction = Fraction(0)
    tokens: Fraction = Fraction(0)
    in_flight: int = 0

    def drained(self, limit: Limit, now: int) -> Bucket:
        minutes = Fraction(max(0, now - self.at), 60_000)
        return Bucket(
            max(now, self.at),
            max(Fraction(0), self.requests - minutes * (limit.requests_per_minute or 0)),
            max(Fraction(0), self.tokens - minutes * (limit.tokens_per_minute or 0)),
            self.in_flight,
        )

    def fits(self, limit: Limit, tokens: int) -> bool:
        assert limit.requests_per_minute is not None
        assert limit.tokens_per_minute is not None
        assert limit.concurrency is not None
        return (
            self.requests + 1 <= limit.requests_per_minute
            and (tokens == 0 or self.tokens + tokens <= limit.tokens_per_minute)
            and self.in_flight < limit.concurrency
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
    """The counters of one organisation. Every limit names all three ceilings."""

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

    def settle(self, request_id: UUID, tokens: int, cost: int) -> Settled:
        self._rebuild_if_lost()
        outcome = self._settle(request_id, tokens, cost)
        self._resolve(self._expire())
        return outcome

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
            min(max(0, floor((limit.requests_per_minute or 0) - bucket.requests)) for limit, bucket in buckets),
            min(max(0, floor((limit.tokens_per_minute or 0) - bucket.tokens)) for limit, bucket in buckets),
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
        if not all(buckets[limit.level, limit.level_id].fits(limit, hold.tokens) for limit in hold.limits):
            return "limited"
        for bucket in buckets.values():
            bucket.requests += 1
            bucket.tokens += hold.tokens
            bucket.in_flight += 1
        for account in accounts.values():
            account.held += hold.cost_nano_usd
        self.buckets |= buckets
        self.accounts |= accounts
        periods = {budget_id: account.period for budget_id, account in accounts.items()}
        self.entries[hold.request_id] = Entry(hold, periods, self.now + hold.lease_seconds * 1000)
        return "held"

    def _settle(self, request_id: UUID, tokens: int, cost: int) -> Settled:
        entry = self.entries.pop(request_id, None)
        if entry is None:
            return Settled.UNKNOWN
        held = entry.status == "held"
        self._change_levels(entry, -1 if held else 0, tokens - (entry.hold.tokens if held else 0))
        self._change_accounts(entry, 0 if entry.status == "returned" else entry.hold.cost_nano_usd, cost)
        return Settled.SETTLED if held else Settled.LATE

    def _expire(self) -> list[Entry]:
        due = [entry for entry in self.entries.values() if entry.due_at <= self.now and entry.status != "returned"]
        for entry in due:
            if entry.status == "held":
                self._change_levels(entry, -1, -entry.hold.tokens)
            entry.status = "expired"
            entry.due_at = self.now + ASK_AGAIN_MS
        return due

    def _resolve(self, asked: list[Entry]) -> None:
        for entry in asked:
            request_id = entry.hold.request_id
            if request_id in self.books.settled:
                outcome = self.books.settled[request_id]
                self._settle(request_id, outcome.tokens, outcome.cost_nano_usd)
            elif request_id not in self.books.requested and entry.status == "expired":
                self._change_accounts(entry, entry.hold.cost_nano_usd, 0)
                entry.status = "returned"

    def _revive(self, entry: Entry, lease_seconds: int) -> None:
        if entry.status == "expired":
            self._change_levels(entry, 1, entry.hold.tokens)
        entry.status = "held"
        entry.due_at = self.now + lease_seconds * 1000

    def _change_levels(self, entry: Entry, places: int, tokens: int) -> None:
        for limit in entry.hold.limits:
            bucket = self.buckets[limit.level, limit.level_id]
            bucket.in_flight = max(0, bucket.in_flight + places)
            bucket.tokens = max(Fraction(0), bucket.tokens + tokens)

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
                bucket.requests += 1
                bucket.tokens += hold.tokens
                bucket.in_flight += 1
            for line in hold.budgets:
                account = self.accounts.setdefault(line.budget_id, Account()).in_period(line.period)
                self.accounts[line.budget_id] = account
                if account.period == line.period:
                    account.held += hold.cost_nano_usd
            periods = {line.budget_id: line.period for line in hold.budgets}
            self.entries[hold.request_id] = Entry(hold, periods, self.now + hold.lease_seconds * 1000)
