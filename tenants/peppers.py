"""The peppers under which digests of secrets are made, from the settings."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from kit.secrets import Peppers


@cache
def peppers() -> Peppers:
    return Peppers({int(number): bytes.fromhex(key) for number, key in settings.KEY_PEPPERS.items()})
