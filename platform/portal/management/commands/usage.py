from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from audit.usage import rollups
from governance.services.rerating import Period
from kit import clock, errors, money
from portal import operators, rerating, variables

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Counts usage by the quarter hour, which dashboards and reports read, up to now (roll-up); counts it afresh "
        "(rebuild); or, as CHANCERY_TOKEN's holder, rates the calls of a period anew by the prices in force when they "
        "came in (rerate): what differs is written beside what was settled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["roll-up", "rebuild", "rerate"])
        parser.add_argument("--since", metavar="DATE", help="rebuild what came in since then; else all of it")
        parser.add_argument("--from", dest="first", metavar="DATE", help="rerate what came in since then")
        parser.add_argument("--until", metavar="DATE", help="and before then; else up to now")
        parser.add_argument("--deployment", type=UUID, metavar="ID", help="rerate calls to this one alone")
        parser.add_argument("--dry-run", action="store_true", help="say what rerate would correct, and correct nothing")
        parser.add_argument("--code", default="", help="a one-time password; rerate needs one unless it is a dry run")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "rerate":
            self._rerate(options)
        else:
            self._count(options)

    def _count(self, options: dict[str, Any]) -> None:
        began = clock.monotonic()
        if options["what"] == "rebuild":
            rollups.rebuild(_moment("since", options["since"]) if options["since"] else _EVER)
        else:
            rollups.roll_up()
        took = timedelta(seconds=round(clock.monotonic() - began))
        self.stdout.write(f"All that was settled is counted. It took {took}.")

    def _rerate(self, options: dict[str, Any]) -> None:
        if not options["first"]:
            raise CommandError("--from says since when calls are rated anew.")
        now = clock.now()
        period = Period(
            _moment("from", options["first"]), _moment("until", options["until"]) if options["until"] else now
        )
        looked_at = corrected = 0
        differences: Counter[str] = Counter()
        try:
            with operators.acting(variables.CHANCERY_TOKEN.read(), options["code"]) as actor:
                pass  # each step enters by itself
            steps = rerating.steps(
                actor, period, now, deployment_id=options["deployment"], only_looks=options["dry_run"]
            )
            for step in steps:
                looked_at, corrected = looked_at + step.rated.looked_at, corrected + step.rated.corrected
                differences.update(step.rated.differences)
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        for model, difference in sorted(differences.items()):
            self.stdout.write(f"  {model:40} {money.display(difference)}")
        would_be = "would be" if options["dry_run"] else "are"
        self.stdout.write(
            f"{corrected} of {looked_at} calls {would_be} corrected, by {money.display(differences.total())} in all"
        )


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--{option} is a date or a time, as in 2026-11-21 or 2026-11-21T06:00+01:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
