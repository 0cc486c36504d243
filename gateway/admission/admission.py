"""Admission: one round trip to hold a call's worst case, one to settle what it cost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from gateway.admission import refusals
from gateway.admission.connection import Connection
from gateway.admission.holds import BudgetLine, Held, Hold, Settled, Spending, budget_field
from gateway.admission.organization import Organization
from gateway.admission.rebuild import Rebuilds
from gateway.admission.resp import Argument, bulks
from gateway.admission.scripts import HOLD, RENEW, SETTLE, SPENDING, Script
from gateway.admission.share import LocalShare
from gateway.admission.sweep import Sweep
from gateway.admission.truth import Outcome, Truth
from gateway.admission.wire import ConnectionLost, LinkError, Refused, Superseded
from kit.errors import Unavailable

logger = logging.getLogger(__name__)

_TRIES = 4  # cut off, sent to another server, told that its state is stale, answered
_STALE = (b"stale",)


class Admission:
    """One per process and event loop.

    A hold is known by its request id: repeated, it is answered again and not made twice; settled, it is gone. Money is
    held from the hold until its settlement, whatever happens in between: a call whose lease runs out loses its place
    and its tokens, but its money stays held until the books say what became of it.

    Every method raises `Unavailable` (admission_unavailable) where the server cannot be asked: within a few of the
    connection's timeouts, or within `rebuild_timeout` where an organisation's counters have to be rebuilt. Where there
    is a `share`, calls without a budget are held by it instead.
    """

    def __init__(
        self,
        connection: Connection,
        truth: Truth,
        *,
        share: LocalShare | None = None,
        rebuild_timeout: float = 5.0,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        """`now_ms` replaces the server's clock, which all workers share; for tests and replays."""
        self._connection = connection
        self._share = share
        self._now_ms = now_ms
        self._organizations: dict[UUID, Organization] = {}
        self._rebuilds = Rebuilds(connection, truth, rebuild_timeout)
        self._sweep = Sweep(truth, self._settle)

    async def hold(self, hold: Hold) -> Held:
        """Holds at every limit and budget, or at none.

        Raises `RateLimited` or `BudgetExceeded`; a budget is named first, since waiting does not mend it.
        """
        organization = self._organization(hold.organization_id)
        request = (
            hold.request_id.hex,
            hold.input_tokens,
            hold.output_tokens,
            hold.cost_nano_usd,
            hold.lease_seconds * 1000,
            len(hold.limits),
        )
        lines = b"".join([limit.wire for limit in hold.limits] + [line.wire for line in hold.budgets])
        count = sum(limit.arguments for limit in hold.limits) + BudgetLine.ARGUMENTS * len(hold.budgets)
        try:
            epoch, (status, expired, *answer) = await self._run(HOLD, organization, request, lines, count)
        except asyncio.CancelledError:
            self._abandon(organization, hold.request_id)
            raise
        except Unavailable:
            if self._share is None:
                raise
            return self._share.hold(hold)
        if self._share is not None:
            self._share.forget()
        if expired:
            self._sweep.begin(organization.id, expired)
        if status == b"limited":
            raise refusals.limited(hold, answer)
        if status == b"unaffordable":
            raise refusals.unaffordable(hold, answer)
        return _held(hold, epoch, answer)

    async def settle(self, organization_id: UUID, request_id: UUID, outcome: Outcome) -> Settled:
        """Gives back what was held and adds what was used; with nothing used, that releases the hold.

        For after the settlement is durable: what is lost between the two is found in the books.
        """
        if min(outcome.input_tokens, outcome.output_tokens, outcome.cost_nano_usd) < 0:
            raise ValueError("tokens and cost are not negative")
        if self._share is not None and self._share.settle(request_id, outcome):
            return Settled.SETTLED
        return await self._settle(organization_id, request_id, outcome, False)

    async def renew(self, organization_id: UUID, request_id: UUID, lease_seconds: int) -> bool:
        """Lengthens the lease of a call that still runs, from now. False: there is no such hold."""
        organization = self._organization(organization_id)
        _, reply = await self._run(RENEW, organization, (request_id.hex, lease_seconds * 1000))
        return bool(reply[0] == b"held")

    async def spending(self, organization_id: UUID, budgets: Sequence[BudgetLine]) -> list[Spending]:
        """Where each budget stands in its line's period, in the order given."""
        fields = [part for line in budgets for part in (budget_field(line.charged_id), line.period)]
        _, (_, *amounts) = await self._run(SPENDING, self._organization(organization_id), tuple(fields))
        return [Spending(int(spent), int(held)) for spent, held in zip(amounts[::2], amounts[1::2], strict=True)]

    async def sweep(self, organization_id: UUID) -> None:
        """Ends the holds whose lease is over as the books have it.

        Calls of the organisation do so in passing; this is for one that makes none.
        """
        organization = self._organization(organization_id)
        while True:
            _, (_, expired) = await self._run(SETTLE, organization, ("", 0, 0, 0, 0, ""))
            if not expired:
                return
            self._sweep.begin(organization_id, expired)
            await self._sweep.finished(organization_id)

    async def rebuild(self, organization_id: UUID, *, unwanted_epoch: str) -> None:
        """Rebuilds the organisation's counters where they are of `unwanted_epoch`: one that the books do not know."""
        await self._catch_up(self._organization(organization_id), unwanted_epoch)

    def current_epoch(self, organization_id: UUID) -> str | None:
        """The epoch of the organisation's state, as far as this process knows; None where it knows none.

        A hold of another epoch may be lost. Compare before the call is dispatched; where they differ, hold again.
        """
        organization = self._organization(organization_id)
        return organization.epoch if organization.server == self._connection.server_epoch else None

    async def reach(self) -> None:
        """Returns if the server would take a hold of this process now. Raises `Unavailable`."""
        try:
            await self._connection.read_epoch()
        except LinkError as error:
            raise refusals.unavailable() from error

    async def close(self) -> None:
        await self._sweep.close()
        await self._rebuilds.close()
        await self._connection.close()

    def _organization(self, organization_id: UUID) -> Organization:
        organization = self._organizations.get(organization_id)
        if organization is None:
            organization = self._organizations[organization_id] = Organization(organization_id)
        return organization

    def _now(self) -> Argument:
        return self._now_ms() if self._now_ms else b""

    async def _settle(self, organization_id: UUID, request_id: UUID, outcome: Outcome, only_expired: bool) -> Settled:
        organization = self._organization(organization_id)
        request = (
            request_id.hex,
            outcome.input_tokens,
            outcome.output_tokens,
            outcome.cost_nano_usd,
            int(only_expired),
            *_charged(outcome),
        )
        _, (status, expired) = await self._run(SETTLE, organization, request)
        if expired:
            self._sweep.begin(organization_id, expired)
        return Settled(status)

    def _abandon(self, organization: Organization, request_id: UUID) -> None:
        """Nobody waits for the hold any more. It was sent, so its release follows it on the same connection."""
        arguments = bulks((organization.epoch, self._now(), request_id.hex, 0, 0, 0, 0, ""))
        self._connection.post(SETTLE, 11, organization.keys + arguments)

    async def _run(
        self,
        script: Script,
        organization: Organization,
        request: tuple[Argument, ...],
        lines: bytes = b"",
        count: int = 0,
    ) -> tuple[str, Any]:
        """The epoch the script ran under, and its reply. Every script may be repeated without doing its work twice."""
        count += len(request) + 5
        try:
            for _ in range(_TRIES):
                epoch = organization.epoch
                arguments = organization.keys + bulks((epoch, self._now(), *request)) + lines
                try:
                    reply = await self._connection.run(script, count, arguments, under=organization.server)
                except ConnectionLost:
                    continue
                except Superseded:
                    reply = _STALE
                if reply[0] != b"stale":
                    return epoch, reply
                await self._catch_up(organization)
        except LinkError as error:
            if isinstance(error, Refused):  # of the rest the connection itself tells
                logger.error("admission's server refused a script: %s", error)
            raise refusals.unavailable() from error
        raise refusals.unavailable()

    async def _catch_up(self, organization: Organization, unwanted: str = "") -> None:
        try:
            await self._rebuilds.catch_up(organization, self._now(), unwanted)
        except Unavailable:
            raise
        except Exception as error:
            logger.exception("admission state of organisation %s could not be rebuilt", organization.id)
            raise refusals.unavailable() from error


def _charged(outcome: Outcome) -> tuple[Argument, ...]:
    if outcome.charged is None:
        return ("",)
    return ("1", *(budget_field(budget_id) for budget_id in outcome.charged))


def _held(hold: Hold, epoch: str, answer: Sequence[Any]) -> Held:
    requests, requests_limit, requests_reset, tokens, tokens_limit, tokens_reset, money, *beyond = answer
    limits_requests, limits_tokens = requests_limit >= 0, tokens_limit >= 0
    return Held(
        epoch,
        requests if limits_requests else None,
        requests_limit if limits_requests else None,
        requests_reset if limits_requests else None,
        tokens if limits_tokens else None,
        tokens_limit if limits_tokens else None,
        tokens_reset if limits_tokens else None,
        int(money) if money else None,
        tuple(hold.budgets[position] for position in beyond),
    )
