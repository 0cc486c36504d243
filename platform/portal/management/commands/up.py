from __future__ import annotations

import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from portal import env, variables
from portal.embedded import start
from portal.embedded.accounts import Unreachable
from portal.embedded.bootstrap import Refused
from portal.embedded.home import AlreadyRunning, Home
from portal.embedded.postgres import CannotInitialise
from portal.embedded.progress import Progress
from portal.embedded.supervisor import StartFailed, Stopped
from portal.embedded.wheels import NotInstalled

EXPECTED = (
    *(AlreadyRunning, CannotInitialise, NotInstalled, Refused, StartFailed, Unreachable, start.PortTaken),
    *(env.InvalidSetting, psycopg.Error),
)


class Command(BaseCommand):
    help = "Starts everything on this machine, and stops it on Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--detach", action="store_true", help="return when it is ready; `make down` stops it")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home(variables.HOME.read())
        if options["detach"]:
            self._detach(home)
            return
        self.stdout.write(f"Starting Chancery; its state is in {home.path}")
        try:
            start.up(home, Progress(self._show))
        except Stopped:
            self.stdout.write("Stopped before it was ready.")
        except EXPECTED as failure:
            raise CommandError(str(failure)) from failure

    def _show(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()

    def _detach(self, home: Home) -> None:
        """Shows what the background process writes until it is ready or has ended."""
        home.create()
        log = home.logs / "up.log"
        log.unlink(missing_ok=True)
        with log.open("ab") as output:
            command = [sys.executable, *sys.argv[:1], "up"]
            process = subprocess.Popen(  # noqa: S603  ourselves
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        seen = 0
        while process.poll() is None and not home.is_ready(process.pid):
            seen = self._follow(log, seen)
            time.sleep(0.1)
        self._follow(log, seen)
        if process.poll() is not None:
            raise CommandError(f"It did not start; see {log}.")

    def _follow(self, log: Path, seen: int) -> int:
        text = log.read_bytes()[seen:]
        self._show(text.decode(errors="replace"))
        return seen + len(text)
