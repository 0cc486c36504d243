from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.backup import manifest, verify
from portal.backup.manifest import Refused
from portal.management.commands.backup import reading_url


class Command(BaseCommand):
    help = (
        "Compares the database, the keystore and the keys at hand with a backup's manifest, before anything is written "
        "to what was restored. Makes the counters of limits and budgets anew. `restore` ends with it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="the backup's own directory")
        parser.add_argument("--without-keystore", action="store_true", help="open no body")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = manifest.read(options["directory"], settings.VAULT_ROOT_KEY)
            problems = list(verify.problems(found, reading_url(), with_keystore=not options["without_keystore"]))
        except (Refused, psycopg.Error) as failure:
            raise CommandError(str(failure)) from failure
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} problems.")
        self.stdout.write(
            "Verified: every table has the rows it had, the ledger's guards stand, counters are made anew."
        )
