from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from portal import variables
from portal.embedded import bootstrap
from portal.embedded.home import Home


class Command(BaseCommand):
    help = "Makes the roles, the database and what else needs an administrator. Run once, and again whenever in doubt."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--admin-url", help="a superuser's or role-creating user's URL; else DATABASE_ADMIN_URL")
        parser.add_argument("--show-urls", action="store_true", help="print the roles' URLs, with their passwords")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home(variables.HOME.read())
        home.create()
        admin_url = options["admin_url"] or variables.DATABASE_ADMIN_URL.read()
        try:
            done = bootstrap.bootstrap(admin_url, bootstrap.passwords(home))
        except (bootstrap.Refused, psycopg.Error) as failure:
            raise CommandError(str(failure)) from failure
        for line in done.lacking:
            self.stderr.write(f"not permitted: {line}")
        self.stdout.write("Roles and database are there; their passwords are in secrets.json where none were given.")
        if options["show_urls"]:
            for name, url in done.urls.environment().items():
                self.stdout.write(f"{name}={url}")
