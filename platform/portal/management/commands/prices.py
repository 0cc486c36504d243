from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.intake import litellm_prices
from governance.intake.litellm_prices import PriceList
from kit import errors
from portal import listed_prices, operators, variables
from portal.declared import document
from portal.declared.sections.register import Prices
from portal.listed_prices import Compared
from tenants import permissions


class Command(BaseCommand):
    help = (
        "Compares litellm's price list with the prices of the organisation of CHANCERY_TOKEN's holder, by the names "
        "that deployments have upstream. Enters nothing: --output writes a declaration of what differs, for `apply`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["compare"])
        parser.add_argument("--list", type=Path, metavar="FILE", help="in litellm's form; that of the one installed")
        parser.add_argument(
            "--from",
            dest="effective_from",
            type=date.fromisoformat,
            required=True,
            metavar="DAY",
            help="when the prices begin, at midnight UTC, such as 2026-12-01",
        )
        parser.add_argument("--output", type=Path, metavar="FILE", help="where the declaration goes")

    def handle(self, *args: Any, **options: Any) -> None:
        effective_from = datetime.combine(options["effective_from"], time(), UTC)
        try:
            prices = _list(options["list"])
            with operators.acting(variables.CHANCERY_TOKEN.read()) as actor:
                permissions.require(actor, Prices.view_act)
                found = listed_prices.compare(prices, effective_from)
                text = document.write(listed_prices.declared(found, prices.reference, effective_from))
            if options["output"]:
                options["output"].write_text(text)
        except (OSError, LookupError, ValueError) as failure:
            raise CommandError(str(failure)) from failure
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        for line in _told(found, prices.reference):
            self.stdout.write(line)


def _list(file: Path | None) -> PriceList:
    return litellm_prices.read(file.read_bytes(), file.name) if file else litellm_prices.shipped()


def _told(found: Iterable[Compared], reference: str) -> Iterable[str]:
    yield reference
    new = unlisted = same = 0
    for each in found:
        if each.is_new:
            new += 1
            yield f"~ {each.deployment}"
            yield from (f"    {line}" for line in each.differences())
        elif each.listed is None:
            unlisted += 1
            yield f"? {each.deployment}: not in the list"
        else:
            same += 1
        for what in each.listed.left_out if each.listed else ():
            yield f"    not taken over: {what}"
    yield f"{new} differ, {same} same, {unlisted} not listed"
