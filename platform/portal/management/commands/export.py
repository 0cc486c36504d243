from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kit import errors
from portal import operators, variables
from portal.declared import declaration, document


class Command(BaseCommand):
    help = (
        "Writes the organisation of CHANCERY_TOKEN's holder as YAML that `apply` reads, without credentials and "
        "secrets of keys."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, metavar="FILE", help="where to; standard output otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with operators.acting(variables.CHANCERY_TOKEN.read()) as actor:
                text = document.write(declaration.export(actor))
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        if options["output"]:
            options["output"].write_text(text)
        else:
            self.stdout.write(text, ending="")
