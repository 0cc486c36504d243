"""What a gateway process does besides answering: leases of running calls, calls to cut, which secrets are in use, what
upstreams say they are."""

from __future__ import annotations

import asyncio
import logging

import psycopg
from django.conf import settings

from gateway.exchange import suspended
from gateway.services import Services
from kit import clock, errors
from kit.ids import new_id

logger = logging.getLogger(__name__)
_LOOK_SECONDS = 0.25
_NOTE_SECONDS = 30.0
_LISTEN_SECONDS = 1.0
_HEARD = """
INSERT INTO governance_reportedidentity (id, organization_id, deployment_id, model, fingerprint, first_heard_at)
SELECT %s, organization_id, id, %s, %s, %s FROM governance_deployment WHERE id = %s
ON CONFLICT (deployment_id, model, fingerprint) DO NOTHING
"""
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


async def note_identities(services: Services) -> None:
    """Writes down, within a second, what upstreams say they are and have not said before."""
    while True:
        await asyncio.sleep(_LISTEN_SECONDS)
        heard = list(services.identities.fresh)
        if not heard:
            continue
        rows = [(new_id(), said.model, said.fingerprint, clock.now(), said.deployment_id) for said in heard]
        try:
            async with await psycopg.AsyncConnection.connect(settings.GATEWAY_DSN, autocommit=True) as connection:
                await connection.cursor().executemany(_HEARD, rows)
            for said in heard:
                services.identities.fresh.pop(said, None)
        except psycopg.Error as failure:
            logger.warning("what upstreams say they are not noted: %s", type(failure).__name__)
