from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from portal import variables
from portal.backup import database, make, tools
from portal.backup.manifest import Refused
from portal.embedded import bootstrap, postgres
from portal.embedded.home import Home


class Command(BaseCommand):
    help = (
        "Backs up the database, and the keystore to another place. The product may run meanwhile. The secrets of the "
        "environment are in neither: keep them where secrets are kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="where the backup gets a directory of its own")
        parser.add_argument("--keystore-to", type=Path, metavar="DIRECTORY", help="where the keystore's archive goes")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = make.back_up(reading_url(), options["directory"], options["keystore_to"])
        except (Refused, tools.ToolFailed, psycopg.Error, OSError) as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"{made.directory}: {sum(made.manifest.counts.values())} rows of {_tables(made)} tables.")
        if made.archive:
            self.stdout.write(f"{made.archive}: {made.keys} keys of the keystore.")
        else:
            self.stderr.write("The keystore is not in it: --keystore-to names a place for its archive.")
        for problem in made.manifest.ledger_problems:
            self.stderr.write(f"ledger: {problem}")


def reading_url() -> str:
    """Of the role that reads every row: given, or made with the embedded server's administrator."""
    given = variables.DATABASE_URL_BACKUP.read()
    if given:
        return given
    admin_url = variables.DATABASE_ADMIN_URL.given()
    if admin_url is None:
        home = Home(variables.HOME.read())
        if home.supervisor() is None:
            raise CommandError("DATABASE_URL_BACKUP is not set, and no embedded PostgreSQL runs in CHANCERY_HOME.")
        admin_url = postgres.configure(home).admin_url
    return database.make_role(admin_url, bootstrap.database_of(admin_url))


def _tables(made: make.Made) -> int:
    return len(made.manifest.counts)
