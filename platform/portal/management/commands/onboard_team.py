from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from governance.models import Model
from governance.services import onboarding
from governance.services.onboarding import Allotment, Lead, Named, Onboarded, Plan, Policy
from kit import clock, errors, money
from kit.data_class import DataClass
from portal import onboarded, operators, secrets_file, variables
from tenants.services.organizations import INHERIT, Limits

_LIMITS = ("requests_per_minute", "tokens_per_minute", "concurrency")


class Command(BaseCommand):
    help = (
        "Makes a team with its lead, first project, key, budget and limits in one act, and asks for models, in the "
        "name of CHANCERY_TOKEN's holder. A second time it only says what there is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the team's short name, for addresses")
        parser.add_argument("name", help="its name, for people")
        parser.add_argument("--lead", required=True, metavar="EMAIL", help="a member, or somebody to be let in")
        parser.add_argument("--lead-name", default="", metavar="NAME", help="of a lead who is new")
        parser.add_argument("--project", required=True, metavar="SLUG", help="the first project's short name")
        parser.add_argument("--project-name", default="", metavar="NAME", help="its name, if it has another")
        parser.add_argument("--monthly-budget", metavar="USD", help="or none; without it, as is usual here")
        for name in _LIMITS:
            parser.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N")
        parser.add_argument(
            "--data-class",
            choices=[member.label for member in DataClass],
            default=DataClass.CONFIDENTIAL.label,
            help="the most sensitive that the key may send",
        )
        parser.add_argument("--model", action="append", default=[], metavar="SLUG", help="to ask for; may be repeated")
        parser.add_argument("--reason", default="", help="what the models are needed for")
        parser.add_argument("--code", required=True, help="a one-time password")
        parser.add_argument("--secrets", type=Path, required=True, metavar="FILE", help="for the key; not there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with operators.acting(variables.CHANCERY_TOKEN.read(), options["code"]) as actor:
                made = onboarding.onboard(actor=actor, plan=_plan(options), now=clock.now())
                secrets_file.keep(_secrets(made), options["secrets"])
                said = onboarded.lines(made)
        except OSError as failure:
            raise CommandError(str(failure)) from failure
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        except errors.ChanceryError as refused:
            raise CommandError(refused.message) from refused
        for line in said:
            self.stdout.write(line)


def _plan(options: dict[str, Any]) -> Plan:
    email, project = options["lead"], options["project"]
    return Plan(
        team=Named(options["name"], options["slug"]),
        lead=Lead(email, options["lead_name"] or email.partition("@")[0]),
        project=Named(options["project_name"] or project, project),
        allotment=Allotment(_budget(options["monthly_budget"]), _limits(options)),
        policy=Policy(DataClass.named(options["data_class"]), _models(options["model"]), options["reason"]),
    )


def _budget(entered: str | None) -> Any:
    if entered is None:
        return INHERIT
    if entered == "none":
        return None
    try:
        return money.from_usd(entered)
    except ArithmeticError:
        raise CommandError("--monthly-budget is an amount in USD, or none.") from None


def _limits(options: dict[str, Any]) -> Any:
    given = {name: options[name] for name in _LIMITS}
    return INHERIT if set(given.values()) == {None} else Limits(**given)


def _models(slugs: list[str]) -> list[Model]:
    found = {model.slug: model for model in Model.objects.filter(slug__in=slugs)}
    if missing := sorted(set(slugs) - set(found)):
        raise CommandError(f"No such model: {', '.join(missing)}.")
    return list(found.values())


def _secrets(made: Onboarded) -> dict[str, str]:
    """By what each is of, as `apply` keeps them; nothing where nothing was made."""
    if made.issued is None:
        return {}
    shown = {made.keys[0].prefix: made.issued.secret}
    if made.issued.first_password:
        shown[made.leads[0].user.email] = made.issued.first_password
    return shown
