from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.usage import rollups
from kit import clock

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Command(BaseCommand):
    help = "Counts usage by the quarter hour, which dashboards and reports read, up to now; or counts it afresh."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["roll-up", "rebuild"])
        parser.add_argument("--since", metavar="DATE", help="rebuild what came in since then; else all of it")

    def handle(self, *args: Any, **options: Any) -> None:
        began = clock.monotonic()
        if options["what"] == "rebuild":
            rollups.rebuild(_moment(options["since"]) if options["since"] else _EVER)
        else:
            rollups.roll_up()
        took = timedelta(seconds=round(clock.monotonic() - began))
        self.stdout.write(f"All that was settled is counted. It took {took}.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError("--since is a date or a time, as in 2026-11-21 or 2026-11-21T06:00+01:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
