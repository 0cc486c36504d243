from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from portal import variables
from portal.backup import restore, tools
from portal.backup.manifest import Manifest, Refused
from portal.embedded import application, start
from portal.embedded.home import Home
from portal.embedded.progress import Progress
from portal.management.commands.up import EXPECTED


class Command(BaseCommand):
    help = (
        "Restores a backup into an empty database and verifies it: hashes, signature, rows of every table, the "
        "ledger's guards, a body of each organisation, counters made anew. Without DATABASE_ADMIN_URL into the "
        "embedded PostgreSQL, which is started for it."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="the backup's own directory")
        parser.add_argument("--keystore", type=Path, metavar="ARCHIVE", help="the keystore's archive of the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home(variables.HOME.read())
        order = restore.Order(options["directory"], options["keystore"])
        try:
            found = order.read(home)
            with start.services_for_a_while(home, Progress(self._show)) as (admin_url, environment):
                url = restore.restore(order, found, home, admin_url, self.stdout.write)
                self._verify(order, found, {**environment, variables.DATABASE_URL_BACKUP.name: url})
        except (*EXPECTED, Refused, tools.ToolFailed, psycopg.Error, OSError) as failure:
            raise CommandError(str(failure)) from failure

    def _verify(self, order: restore.Order, found: Manifest, environment: dict[str, str]) -> None:
        """In a process that has what was restored for its settings."""
        command = [sys.executable, "manage.py", "verify_backup", str(order.directory.resolve())]
        if not found.keystore_sha256 or not order.archive:
            command.append("--without-keystore")
        done = subprocess.run(  # noqa: S603  ourselves
            command, cwd=application.REPOSITORY, env=application.environment(environment), check=False
        )
        if done.returncode:
            raise CommandError("What was restored is not what was backed up; do not use it.")

    def _show(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()
