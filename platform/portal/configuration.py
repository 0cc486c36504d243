"""Whether the settings allow a start: every problem at once, each by the setting's name, none with a value.

`portal.settings` asks before anything else is read, so a web process, a Celery worker and a management command all
stop with the whole list; `manage.py check_configuration` asks without starting anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from portal import env, variables
from portal.setting import Setting

_DEFAULT_ROLE = "all"


class InvalidConfiguration(Exception):
    """The message has a line for each problem."""


def require() -> None:
    """Raises `InvalidConfiguration` where something stands against a start in this process's role."""
    found = problems(role())
    if found:
        listed = "\n".join(f"  {problem}" for problem in found)
        raise InvalidConfiguration(
            "The configuration does not allow a start. docs/reference/settings.md has every setting; `make run` sets "
            f"what is missing for one machine.\n{listed}"
        )


def role() -> str:
    """This process's; one that is no role is a problem that `problems` names."""
    try:
        return variables.ROLE.read()
    except env.InvalidSetting:
        return _DEFAULT_ROLE


def problems(role: str) -> list[str]:
    """A line each, first of settings by themselves, then of settings that contradict each other."""
    return [*filter(None, (_problem(setting, role) for setting in variables.declared())), *_contradictions(role)]


def _problem(setting: Setting[Any], role: str) -> str | None:
    try:
        setting.read()
    except env.MissingSetting:
        return f"{setting.name} is not set." if role in setting.needed_by else None
    except env.InvalidSetting as invalid:
        return str(invalid)
    return None


def _contradictions(role: str) -> Iterator[str]:
    for setting in variables.declared():
        if setting.is_given_twice():
            yield f"{setting.name} and {setting.name}_FILE are both set: give one."
    if _same(variables.FIELD_KEY, variables.VAULT_ROOT_KEY):
        yield "FIELD_KEY and VAULT_ROOT_KEY must not be the same key."
    if _value(variables.EMAIL_HOST) and not _value(variables.PUBLIC_URL):
        yield "EMAIL_HOST is set without PUBLIC_URL, which the links in e-mails begin with."
    if role == "gateway" or not _value(variables.BEHIND_TLS):
        return
    if _value(variables.DEBUG):
        yield "DEBUG and BEHIND_TLS contradict each other: debug pages show settings and code to everybody."
    hosts = _value(variables.ALLOWED_HOSTS)
    if hosts == variables.ALLOWED_HOSTS.default or "*" in (hosts or ()):
        yield "ALLOWED_HOSTS must name the portal's host where BEHIND_TLS is set."


def _same(one: Setting[str], other: Setting[str]) -> bool:
    value = _value(one)
    return value is not None and value == _value(other)


def _value(setting: Setting[Any]) -> Any:
    """None where it cannot be read, which is a problem of its own."""
    try:
        return setting.read()
    except (env.MissingSetting, env.InvalidSetting):
        return None
