from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Shows the demo's addresses, people and keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the whole of it, for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = (settings.HOME / "demo.json").read_text()
        except FileNotFoundError:
            raise CommandError("There is no demo here yet; `make run` seeds it on its first start.") from None
        if options["json"]:
            self.stdout.write(text)
            return
        demo = json.loads(text)
        self.stdout.write(f"{demo['base_url']}\n")
        for user in demo["users"]:
            self.stdout.write(f"{user['role']:20} {user['email']:28} {user['password']}  TOTP {user['totp_secret']}")
        self.stdout.write(f"\n{demo['curl']}")
