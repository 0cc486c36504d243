"""What Celery does for the gateway. The timetable is in `portal.celery`."""

from __future__ import annotations

import asyncio
import logging

from celery import shared_task
from django.conf import settings

from audit.ledger import orphans
from audit.ledger.orphans import SettledOrphan
from audit.usage.balances import LedgerTruth
from gateway.admission.admission import Admission
from gateway.admission.connection import Connection
from gateway.admission.truth import Outcome
from gateway.truth import Books
from kit import errors, metrics

logger = logging.getLogger(__name__)
_orphans = metrics.counter("chancery_orphans_settled_total", "Calls of dead workers, settled at what they held.").of()


@shared_task  # type: ignore[untyped-decorator]
def settle_orphans() -> int:
    """Settles the calls of workers that died, in the books and then in the counters. Gives their number."""
    settled = orphans.settle_orphans(using="system")
    if settled:
        _orphans.value += len(settled)
        logger.warning("%d calls of dead workers settled at what they held", len(settled))
        asyncio.run(_count(settled))
    return len(settled)


async def _count(settled: list[SettledOrphan]) -> None:
    """Counters that cannot be reached now are put right by the next call: their leases are over, the books say why."""
    books = Books(LedgerTruth(settings.GATEWAY_DSN), settings.HOLD_LEASE_SECONDS)
    admission = Admission(Connection(settings.REDIS_URL), books)
    try:
        for orphan in settled:
            held = Outcome(orphan.input_tokens, orphan.output_tokens, orphan.cost_nano_usd)
            await admission.settle(orphan.organization_id, orphan.request_id, held)
    except errors.Unavailable:
        logger.warning("counters of settled orphans not reached; the books will say")
    finally:
        await admission.close()
        await books.close()
