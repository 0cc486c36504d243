"""Whether a restored database is what the backup's manifest says, and works."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import psycopg
from django.conf import settings

from audit.ledger import integrity
from audit.models import Body, DataKey
from audit.vault.bodies import open_body
from audit.vault.roots import KeyMissing
from audit.vault.roots.file import FileRootKeys
from kit import clock, errors
from kit.crypto import SealBroken
from portal import counters
from portal.backup import database
from portal.backup.make import key_checks
from portal.backup.manifest import Manifest
from tenants.models import Organization

SYSTEM = "system"


def problems(manifest: Manifest, url: str, *, with_keystore: bool) -> Iterator[str]:
    """A line each. Makes the counters of limits and budgets anew on the way, under a new epoch."""
    yield from _keys(manifest.key_checks)
    with psycopg.connect(url) as connection:
        yield from _counts(manifest.counts, database.counts(connection))
    known = set(manifest.ledger_problems)
    yield from (line for each in integrity.problems(using=SYSTEM) if (line := str(each)) not in known)
    if with_keystore:
        yield from _a_body_of_each()
    for organization in Organization.across_tenants.using(SYSTEM).order_by("slug"):
        yield from _counters(organization)


def _keys(expected: Mapping[str, str]) -> Iterator[str]:
    at_hand = key_checks()
    for name, check in sorted(expected.items()):
        if at_hand.get(name) != check:
            yield f"{name} is not the key that was in use when the backup was made."


def _counts(expected: Mapping[str, int], found: Mapping[str, int]) -> Iterator[str]:
    for table in sorted({*expected, *found}):
        if expected.get(table) != found.get(table):
            yield f"{table} has {found.get(table)} rows, and had {expected.get(table)}."


def _a_body_of_each() -> Iterator[str]:
    """The newest body of every organisation that has one: does it open?"""
    roots = FileRootKeys(settings.KEYSTORE_DIR, settings.VAULT_ROOT_KEY)
    for organization in Organization.across_tenants.using(SYSTEM):
        bodies = Body.across_tenants.using(SYSTEM).filter(organization_id=organization.id)
        body = bodies.order_by("-record_id").first()
        if body is None:
            continue
        try:
            open_body(body, DataKey.across_tenants.using(SYSTEM).get(id=body.data_key_id), roots)
        except (KeyMissing, SealBroken, DataKey.DoesNotExist) as failure:
            yield f"The newest body of {organization.slug} does not open ({type(failure).__name__})."


def _counters(organization: Organization) -> Iterator[str]:
    lines = counters.lines_of(organization, clock.now())
    try:
        compared = asyncio.run(counters.compare(organization, lines, rebuild=True))
    except errors.Unavailable as failure:
        yield f"The counters of {organization.slug} cannot be made anew: {failure.message}"
        return
    for each in compared:
        if not each.agrees:
            yield f"The budget {each.line.name} of {organization.slug} counts otherwise than the ledger."
