from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from kit import clock, errors
from kit.context import Actor
from kit.scoping import within
from tenants.models import Organization, Role
from tenants.services import organizations, people


class Command(BaseCommand):
    help = "Makes an organisation with its first administrator, whose first password is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="its short name, for addresses")
        parser.add_argument("name", help="its name, for people")
        parser.add_argument("--region", required=True, help="where it is at home, such as eu; approvals may name it")
        parser.add_argument("--administrator", required=True, metavar="EMAIL", help="who signs in first")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["administrator"]
        try:
            with transaction.atomic():
                organization = organizations.found(
                    name=options["name"], slug=options["slug"], region=options["region"], now=clock.now()
                )
                password = self._admit(organization, email)
        except IntegrityError as refused:  # seen by the database alone: another organisation's row is not visible here
            raise CommandError(f"There is an organisation {options['slug']} already.") from refused
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(f"{organization.slug} is founded; {email} administers it.")
        if password:
            self.stdout.write(f"First password, shown this once: {password}")

    def _admit(self, organization: Organization, email: str) -> str | None:
        actor = Actor("system", organization.id, organization.id)
        with within(actor.scope):
            _, password = people.admit(
                actor=actor, email=email, name=email.partition("@")[0], role=Role.ADMINISTRATOR, now=clock.now()
            )
        return password
