"""What a gateway process does besides answering: leases of running calls, calls to cut, which secrets are in use."""

from __future__ import annotations

import asyncio
import logging

import psycopg
from django.conf import settings

from gateway.exchange import suspended
from gateway.services import Services
from kit import clock, errors

logger = logging.getLogger(__name__)
_LOOK_SECONDS = 0.25
_NOTE_SECONDS = 30.0
_NOTE = "UPDATE tenants_apikeysecret SET last_seen_at = %s WHERE id = ANY (%s)"


async def renew_leases(services: Services) -> None:
    """Lengthens the hold of each call that still runs, well before its lease is over."""
    pause = services.hold_lease_seconds / 3
    while True:
        await asyncio.sleep(pause)
        for exchange in list(services.open_exchanges):
            if exchange.timings.elapsed_ms() < pause * 1000:
                continue
            try:
                await services.admission.renew(
                    exchange.caller.organization.id, exchange.request_id, services.hold_lease_seconds
                )
            except errors.Unavailable:
                break  # the counters are away; what they lost is rebuilt with a new lease


async def cut_suspended(services: Services) -> None:
    """Ends running calls of what has been suspended, if the suspension says so.

    Looks again and again: a call may have been authorised just before, and be admitted just after.
    """
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        cut = suspended.cut_calls(services)
        if cut:
            logger.warning("%d calls cut: what they used or who made them has been suspended", cut)


async def note_seen_secrets(services: Services) -> None:
    """Writes down, every half minute, which secrets were used since: what a rotation waits for."""
    while True:
        await asyncio.sleep(_NOTE_SECONDS)
        seen = list(services.seen_secrets)
        if not seen:
            continue
        services.seen_secrets.difference_update(seen)
        try:
            async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DSN, autocommit=True) as connection:
                await connection.execute(_NOTE, [clock.now(), seen])
        except psycopg.Error as failure:
            services.seen_secrets.update(seen)
            logger.warning("uses of secrets not noted: %s", type(failure).__name__)
