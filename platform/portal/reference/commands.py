"""What can be run: make's targets, management commands, and what runs by the clock."""

from __future__ import annotations

import re
from argparse import Action, _SubParsersAction
from collections.abc import Iterator
from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from portal.celery import app
from portal.reference.markdown import code, page, table
from portal.reference.source import REPOSITORY

_TARGET = re.compile(r"^([a-z-]+):.*?## (.+)$", re.MULTILINE)
_OURS = ("portal", "tenants", "governance", "gateway", "audit")


def render() -> str:
    return page(
        "Commands",
        "Run in the repository. `make` installs what a target needs first; the management commands are run as "
        "`.venv/bin/python manage.py COMMAND`.",
        "## make",
        table(("target", "does"), [(code(f"make {name}"), does) for name, does in targets().items()]),
        "## manage.py",
        *(_command(name) for name in commands()),
        "Django's own commands work as well; `migrate` needs `--database migrator`.",
        "## By the clock",
        "One process runs Celery's timetable (`portal.celery`).",
        table(("task", "every", "does"), _timetable()),
    )


def targets() -> dict[str, str]:
    """make's documented targets, in their order."""
    return dict(_TARGET.findall((REPOSITORY / "Makefile").read_text()))


def commands() -> list[str]:
    """Our own management commands."""
    return sorted(name for name, app_name in get_commands().items() if app_name in _OURS)


def _command(name: str) -> str:
    command: Any = load_command_class(get_commands()[name], name)
    rows = [(code(_named(action)), action.help or "") for action in _arguments(command, name)]
    arguments = table(("argument", "meaning"), rows) if rows else ""
    return f"### {name}\n\n{command.help}" + (f"\n\n{arguments}" if arguments else "")


def _arguments(command: BaseCommand, name: str) -> Iterator[Action]:
    """Its own arguments, without those of every command."""
    general = {action.dest for action in BaseCommand().create_parser("manage.py", name)._actions}
    for action in command.create_parser("manage.py", name)._actions:
        if action.dest not in general and not isinstance(action, _SubParsersAction):
            yield action


def _named(action: Action) -> str:
    choices = f" ({', '.join(map(str, action.choices))})" if action.choices else ""
    value = "" if action.nargs == 0 or not action.option_strings else f" {action.metavar or action.dest.upper()}"
    return f"{', '.join(action.option_strings) or action.dest}{value}{choices}"


def _timetable() -> Iterator[tuple[str, str, str]]:
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        task = app.tasks[entry["task"]]
        first, _, _ = (task.__doc__ or "").partition("\n\n")
        yield code(entry["task"]), _every(entry["schedule"]), " ".join(first.split())


def _every(schedule: Any) -> str:
    if isinstance(schedule, int | float):
        return f"{schedule:g} s"
    return f"cron `{schedule._orig_minute} {schedule._orig_hour} * * *`"
