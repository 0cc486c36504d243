"""Taking in an inventory that exists already: everything in a file is listed, or nothing is. It permits no call."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction

from audit.ledger.append import append_act
from audit.ledger.envelope import canonical
from governance.intake.plan import Plan, plan
from governance.intake.table import Table
from governance.models import Model, OtherSystem
from governance.services import systems
from kit import errors
from kit.context import Actor
from kit.ids import new_id


def dry_run(*, actor: Actor, table: Table, now: datetime) -> Plan:
    """What `take_in` would list, and what it would refuse. Writes nothing."""
    systems.require(actor)
    return plan(actor, table, now)


def take_in(*, actor: Actor, table: Table, takes_similar: bool, now: datetime) -> Plan:
    """Lists everything in the table: one act, one transaction. `takes_similar` says that somebody has looked at what
    reads alike and wants it all the same.

    Raises `errors.InvalidRequest` where a row is wrong, `errors.Conflict` where something reads alike, or was listed
    by somebody else meanwhile.
    """
    planned = dry_run(actor=actor, table=table, now=now)
    _refuse(planned, takes_similar)
    intake = new_id(now)
    try:
        with transaction.atomic():
            Model.objects.bulk_create(planned.models, batch_size=500)
            OtherSystem.objects.bulk_create(planned.systems, batch_size=500)
            append_act(
                actor=actor,
                action="governance.inventory.taken_in",
                object_kind="inventory",
                object_id=intake,
                details={
                    "models": str(len(planned.models)),
                    "systems": str(len(planned.systems)),
                    "content_hash": content_hash(table),
                },
            )
    except IntegrityError:
        raise errors.Conflict("Somebody has listed one of these meanwhile. Look at the file again.") from None
    return planned


def content_hash(table: Table) -> str:
    """SHA-256, in hex, of the canonical form of what was taken in."""
    return hashlib.sha256(canonical([list(line) for line in table.lines()])).hexdigest()


def _refuse(planned: Plan, takes_similar: bool) -> None:
    wrong, similar = planned.wrong, planned.similar
    if wrong:
        first = wrong[0]
        raise errors.InvalidRequest(
            f"{len(wrong)} of {len(planned.rows)} rows are wrong, the first in row {first.number}: "
            f"{first.wrong[0].column}. Nothing was taken in.",
            param="file",
        )
    if similar and not takes_similar:
        raise errors.Conflict(f"{len(similar)} rows read like something that is listed. Nothing was taken in.")
