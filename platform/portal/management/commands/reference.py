from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.reference import pages


class Command(BaseCommand):
    help = "Writes docs/reference from the code."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = pages.stale()
        names = ", ".join(path.name for path in stale)
        if options["check"] and stale:
            raise CommandError(f"Stale: {names}. `manage.py reference` writes them.")
        texts = pages.rendered()
        for path in stale:
            path.write_text(texts[path])
        self.stdout.write(f"Written: {names}." if stale else "Every page is what the code says.")
