"""A setting of the operator: declared once, with all that there is to say of it, and read where it is needed.

`portal.variables` declares them; `docs/reference/settings.md` is generated from the declarations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from string import hexdigits
from typing import Any, Generic, TypeVar

from portal import env

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """`default` is none where the setting must be given, or where `default_is` says in words what stands in for it.

    `fails` says what becomes of calls and people when what the setting governs is missing or at its end. `needed_by`
    names the roles of a web process that do not start without it.
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
    needed_by: tuple[str, ...] = ()

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

    def is_given_twice(self) -> bool:
        """By name and by file, of which only one can count."""
        return self.is_secret and env.is_given_twice(self.name)


def text(name: str, means: str, *, default: str | None = None, **more: Any) -> Setting[str]:
    return Setting(name, means, env.text, "text", default, **more)


def choice(name: str, means: str, *, default: str, choices: tuple[str, ...], **more: Any) -> Setting[str]:
    listed = f"one of {', '.join(choices)}"
    return Setting(name, means, env.text, listed, default, allows=choices.__contains__, must_be=listed, **more)


def secret(name: str, means: str, *, default: str | None = None, **more: Any) -> Setting[str]:
    """May also come from the file that `NAME_FILE` names."""
    return Setting(name, means, env.secret, "text", default, is_secret=True, **more)


def key(name: str, means: str, **more: Any) -> Setting[str]:
    """256 bits in hexadecimal."""
    return secret(
        name,
        means,
        allows=lambda value: is_key(value) or ("default" in more and value == more["default"]),
        must_be="64 hex digits",
        **more,
    )


def url(name: str, means: str, *, schemes: tuple[str, ...], **more: Any) -> Setting[str]:
    """A secret, since an address may hold a password. Its host is not looked up."""
    return secret(
        name,
        means,
        allows=lambda value: value.startswith(schemes) or ("default" in more and value == more["default"]),
        must_be=f"an address that begins with {' or '.join(schemes)}",
        **more,
    )


def numbered_keys(name: str, means: str, **more: Any) -> Setting[dict[str, str]]:
    return Setting(
        name,
        means,
        env.mapping,
        "number:value pairs, comma-separated",
        is_secret=True,
        allows=lambda found: all(number.isdecimal() and is_key(value) for number, value in found.items()),
        must_be="numbers, each with 64 hex digits",
        **more,
    )


def integer(
    name: str, means: str, *, default: int, least: int = 1, most: int | None = None, **more: Any
) -> Setting[int]:
    return Setting(
        name,
        means,
        env.integer,
        "whole number",
        default,
        allows=lambda value: least <= value and (most is None or value <= most),
        must_be=f"{least} or more" if most is None else f"from {least} to {most}",
        **more,
    )


def ratio(name: str, means: str, *, default: float, **more: Any) -> Setting[float]:
    return Setting(
        name,
        means,
        env.ratio,
        "number",
        default,
        allows=lambda value: 0 <= value <= 1,
        must_be="from 0 to 1",
        **more,
    )


def flag(name: str, means: str, *, default: bool, **more: Any) -> Setting[bool]:
    return Setting(name, means, env.flag, "true or false", default, **more)


def listing(name: str, means: str, *, default: tuple[str, ...] = (), **more: Any) -> Setting[list[str]]:
    return Setting(name, means, env.listing, "list, comma-separated", list(default), **more)


def networks(name: str, means: str, **more: Any) -> Setting[list[str]]:
    return listing(
        name, means, allows=lambda found: all(map(_is_network, found)), must_be="networks such as 10.0.0.0/8", **more
    )


def is_key(value: str) -> bool:
    return len(value) == 64 and set(value) <= set(hexdigits)


def _is_network(value: str) -> bool:
    try:
        ip_network(value)
    except ValueError:
        return False
    return True
