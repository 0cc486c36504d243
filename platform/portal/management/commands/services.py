from __future__ import annotations

import os
import signal
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import variables
from portal.embedded import orphans, start
from portal.embedded.home import Home
from portal.embedded.progress import Progress
from portal.embedded.supervisor import Stopped
from portal.management.commands.up import EXPECTED

_STOP_SECONDS = 90.0


class Command(BaseCommand):
    help = (
        "Runs PostgreSQL and Valkey alone (run), shows what runs in this home (status), replaces the web workers one "
        "by one without losing a call (reload), or stops it (stop)."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "act", choices=["run", "status", "reload", "stop"], nargs="?", default="status", help="status unless given"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home(variables.HOME.read())
        {"run": self._run, "status": self._status, "reload": self._reload, "stop": self._stop}[options["act"]](home)

    def _run(self, home: Home) -> None:
        try:
            start.services(home, Progress(self._show))
        except Stopped:
            self.stdout.write("Stopped before they were ready.")
        except EXPECTED as failure:
            raise CommandError(str(failure)) from failure

    def _status(self, home: Home) -> None:
        supervisor = home.supervisor()
        self.stdout.write(f"{home.path}: {f'supervised by process {supervisor}' if supervisor else 'not running'}")
        for name, pid in orphans.running(home).items():
            self.stdout.write(f"  {name:14} process {pid}")

    def _reload(self, home: Home) -> None:
        web = orphans.running(home).get("web")
        if web is None:
            raise CommandError(f"No web server runs in {home.path}.")
        os.kill(web, signal.SIGHUP)
        self.stdout.write(f"Asked process {web}; {home.logs / 'web.log'} says it if a new worker does not come up.")

    def _stop(self, home: Home) -> None:
        pid = home.supervisor()
        if pid is None:
            self.stdout.write(f"Nothing runs in {home.path}.")
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while home.supervisor() is not None:
            if time.monotonic() > deadline:
                raise CommandError(f"Process {pid} has not stopped yet; see {home.logs}.")
            time.sleep(0.1)
        self.stdout.write("Stopped.")

    def _show(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()
