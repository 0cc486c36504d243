from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.usage.reconcile import Difference, Why
from governance.models import Provider
from kit import errors, money
from portal import operators, reconciliation, variables
from portal.reconciliation import Report

_PPM_PER_PERCENT = 10_000


class Command(BaseCommand):
    help = (
        "Compares a provider's usage or cost export with the ledger of the organisation of CHANCERY_TOKEN's holder, "
        "day by day and model by model, and says what explains each difference. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["compare"])
        parser.add_argument(
            "file", type=Path, help="JSON of OpenAI or Anthropic, or a table: see docs/guides/reconciling.md"
        )
        parser.add_argument("--provider", required=True, metavar="NAME", help="as in the register")
        parser.add_argument("--tolerance", type=Decimal, default=Decimal(1), metavar="PERCENT", help="1 unless told")
        parser.add_argument(
            "--requests", type=int, default=5, metavar="N", help="name so many estimated calls of a day"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tolerance_ppm = int(options["tolerance"] * _PPM_PER_PERCENT)
        try:
            content = options["file"].read_bytes()
            with operators.acting(variables.CHANCERY_TOKEN.read()) as actor:
                provider = Provider.objects.filter(name=options["provider"]).first()
                if provider is None:
                    raise CommandError("There is no provider of that name.")
                report = reconciliation.report(
                    actor=actor, provider=provider, content=content, tolerance_ppm=tolerance_ppm
                )
                lines = list(_told(report, provider, options["requests"]))
        except OSError as failure:
            raise CommandError(str(failure)) from failure
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        for line in lines:
            self.stdout.write(line)


def _told(report: Report, provider: Provider, most_requests: int) -> Iterator[str]:
    theirs, ours = money.display(report.theirs_nano_usd), money.display(report.ours_nano_usd)
    yield f"{report.since} to {report.until}: theirs {theirs}, ours {ours}"
    for one in report.differences:
        yield f"~ {one.day} {one.model or '(no model)'}: {one.why}{_by(one)}"
        if one.why in (Why.ESTIMATED, Why.TOKENS):
            for request_id in reconciliation.estimated_requests(provider, one, most_requests):
                yield f"    estimated: {request_id}"
    if report.unknown:
        stand_at = money.display(report.unknown_nano_usd)
        yield f"{report.unknown} calls whose end nobody knows, of any provider, stand at {stand_at}"
    yield f"{len(report.differences)} of {report.days} days and models differ"


def _by(difference: Difference) -> str:
    """The amounts, and the tokens where they tell them."""
    theirs, ours = difference.theirs, difference.ours
    parts = []
    if difference.nano_usd is not None:
        compared = "less" if difference.nano_usd < 0 else "more"
        parts.append(f"{money.display(abs(difference.nano_usd))} {compared} than ours")
    if theirs and ours and theirs.input_tokens is not None:
        parts.append(f"input {theirs.input_tokens} for our {ours.input_tokens}")
    if theirs and ours and theirs.output_tokens is not None:
        parts.append(f"output {theirs.output_tokens} for our {ours.output_tokens}")
    return f"; {', '.join(parts)}" if parts else ""
