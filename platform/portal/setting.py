"""A setting of the operator: declared once, with all that there is to say of it, and read where it is needed.

`portal.variables` declares them; `docs/reference/settings.md` is generated from the declarations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from portal import env

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """`default` is none where the setting must be given, or where `default_is` says in words what stands in for it.

    `fails` says what becomes of calls and people when what the setting governs is missing or at its end.
    """

    name: str
    means: str
    reader: Callable[..., T]
    kind: str
    default: T | None = None
    default_is: str = ""
    unit: str = ""
    fails: str = ""
    is_secret: bool = False
    allows: Callable[[T], bool] = lambda _: True
    must_be: str = ""

    def read(self, default: T | None = None) -> T:
        """Its value now. Raises `env.MissingSetting`, `env.InvalidSetting`, both naming it."""
        fallback = self.default if default is None else default
        value = self.reader(self.name) if fallback is None else self.reader(self.name, fallback)
        if not self.allows(value):
            raise env.InvalidSetting(f"{self.name} must be {self.must_be}.")
        return value

    def given(self) -> str | None:
        """As the operator set it, in text; none where it was left to its default or to an earlier start."""
        return env.given(self.name)


def text(name: str, means: str, *, default: str | None = None, **more: Any) -> Setting[str]:
    return Setting(name, means, env.text, "text", default, **more)


def choice(name: str, means: str, *, default: str, choices: tuple[str, ...]) -> Setting[str]:
    listed = ", ".join(choices)
    return Setting(
        name, means, env.text, f"one of {listed}", default, allows=choices.__contains__, must_be=f"one of {listed}"
    )


def secret(name: str, means: str, *, default: str | None = None, **more: Any) -> Setting[str]:
    """May also come from the file that `NAME_FILE` names."""
    return Setting(name, means, env.secret, "text", default, is_secret=True, **more)


def numbered_secrets(name: str, means: str, **more: Any) -> Setting[dict[str, str]]:
    return Setting(name, means, env.mapping, "number:value pairs, comma-separated", is_secret=True, **more)


def integer(name: str, means: str, *, default: int, least: int = 1, **more: Any) -> Setting[int]:
    return Setting(
        name,
        means,
        env.integer,
        "whole number",
        default,
        allows=lambda value: value >= least,
        must_be=f"{least} or more",
        **more,
    )


def flag(name: str, means: str, *, default: bool, **more: Any) -> Setting[bool]:
    return Setting(name, means, env.flag, "true or false", default, **more)


def listing(name: str, means: str, *, default: tuple[str, ...] = (), **more: Any) -> Setting[list[str]]:
    return Setting(name, means, env.listing, "list, comma-separated", list(default), **more)
