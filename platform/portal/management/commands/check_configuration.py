from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import configuration, variables


class Command(BaseCommand):
    help = "Reads every setting as a start would and lists all that is wrong with them. Connects to nothing."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", choices=variables.ROLES, help="as a process of this role; else CHANCERY_ROLE")

    def handle(self, *args: Any, **options: Any) -> None:
        role = options["role"] or configuration.role()
        found = configuration.problems(role)
        for problem in found:
            self.stderr.write(problem)
        if found:
            raise CommandError(f"{len(found)} problems: a process of the role {role} would not start.")
        self.stdout.write(f"A process of the role {role} would start with these settings.")
        if not variables.EMAIL_HOST.read():
            self.stdout.write("E-mail is off, since EMAIL_HOST is empty: notices stand in the portal alone.")
