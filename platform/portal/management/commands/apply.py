from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kit import clock, errors
from portal import operators, secrets_file, variables
from portal.declared import declaration, document, told


class Command(BaseCommand):
    help = (
        "Makes an organisation what a YAML file says, in the name of CHANCERY_TOKEN's holder: all of it or nothing. "
        "What needs an approval is asked for. What the file does not mention stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="as `export` writes it")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change, or be refused")
        parser.add_argument("--code", default="", help="a one-time password, for acts that ask for one")
        parser.add_argument(
            "--secrets",
            type=Path,
            metavar="FILE",
            help="where the secrets of new keys go; not there yet",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            read = document.with_credentials(document.parse(options["file"].read_bytes()), os.environ)
            with operators.acting(variables.CHANCERY_TOKEN.read(), options["code"]) as actor:
                applied = declaration.apply(actor=actor, document=read, now=clock.now(), is_dry_run=options["dry_run"])
                secrets_file.keep(applied.secrets, options["secrets"])
        except OSError as failure:
            raise CommandError(str(failure)) from failure
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        for line in told.lines(applied):
            self.stdout.write(line)
