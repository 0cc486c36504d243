from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.services import everything
from kit import clock, errors


class Command(BaseCommand):
    help = "Refuses all calls of all organisations (on), or lets them go on (off)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("state", choices=["on", "off"], help="on stops everything")
        parser.add_argument("--reason", required=True, help="why; every organisation sees it")
        parser.add_argument("--cut", action="store_true", help="with on: end the calls that run, too")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["state"] == "on":
                count = everything.suspend(reason=options["reason"], now=clock.now(), cuts_calls=options["cut"])
                told = f"All calls are refused; {count} organisations stopped anew."
            else:
                count = everything.resume(reason=options["reason"], now=clock.now())
                told = f"Calls go on; {count} organisations had been stopped."
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(told)
