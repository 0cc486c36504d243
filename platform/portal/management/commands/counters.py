from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kit import clock, errors, money
from portal import counters
from tenants.models import Organization


class Command(BaseCommand):
    help = "Shows what is spent and held of each budget, by the counters in Redis and by the ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="one organisation; else all of them")
        parser.add_argument("--rebuild", action="store_true", help="make the counters anew from the ledger first")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = Organization.across_tenants.using(counters.SYSTEM).order_by("slug")
        if options["organization"]:
            wanted = wanted.filter(slug=options["organization"])
        if not wanted:
            raise CommandError("There is no such organisation.")
        for organization in wanted:
            self._show(organization, rebuild=options["rebuild"])

    def _show(self, organization: Organization, *, rebuild: bool) -> None:
        lines = counters.lines_of(organization, clock.now())
        try:
            found = asyncio.run(counters.compare(organization, lines, rebuild=rebuild))
        except errors.Unavailable as failure:
            raise CommandError(failure.message) from failure
        self.stdout.write(f"{organization.slug}{', counters rebuilt' if rebuild else ''}")
        for one in found:
            self.stdout.write(
                f"  {one.line.name:28} {one.line.period:10} limit {money.display(one.line.limit_nano_usd)}, "
                f"spent {money.display(one.spent)}, held {money.display(one.held)}"
                + (
                    ""
                    if one.agrees
                    else f" (by the ledger: spent {money.display(one.spent_by_the_books)}, "
                    f"held {money.display(one.held_by_the_books)})"
                )
            )
