"""Whether somebody else's row takes as long to be refused as one that is not there: a report, asserted by nobody.

Both are asked for in turn, so that what else the machine does falls on both. `z` is Mann-Whitney's: beyond 3 the two
can be told apart by that many looks, below 2 they cannot. Run it with `python -m tests.isolation --timing`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import chain
from math import sqrt
from secrets import token_urlsafe
from statistics import median
from time import perf_counter

from kit.ids import new_id
from kit.secrets import _checksum, issue
from tenants.peppers import peppers
from tests.isolation.addresses import addresses, ask
from tests.isolation.callers import Callers
from tests.isolation.walls import Estate
from tests.support.cast import Browser, browser
from tests.support.gateway import RunningGateway
from tests.support.world import World

_PAIRS = 60
_HELLO = {"model": "", "messages": [{"role": "user", "content": "Hello"}]}


def tell(what: str, foreign: Callable[[], object], absent: Callable[[], object], pairs: int = _PAIRS) -> None:
    for act in (foreign, absent):
        act()
    measured = [(_seconds(foreign), _seconds(absent)) for _ in range(pairs)]
    theirs, nobodys = ([pair[side] for pair in measured] for side in (0, 1))
    sys.stdout.write(
        f"{what:<58}{median(theirs) * 1e3:>9.3f} ms{median(nobodys) * 1e3:>9.3f} ms{_z(theirs, nobodys):>8.2f}\n"
    )


def _seconds(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


def _z(left: list[float], right: list[float]) -> float:
    """Mann and Whitney's U of two samples of one size, as a standard normal deviate."""
    ranked = sorted(chain(((value, 0) for value in left), ((value, 1) for value in right)))
    ranks = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0)
    size = len(left)
    u = ranks - size * (size + 1) / 2
    return (u - size * size / 2) / sqrt(size * size * (2 * size + 1) / 12)


def test_addresses(estate: Estate, callers: Callers) -> None:
    sys.stdout.write(f"\n{'':<58}{'foreign':>12}{'absent':>12}{'z':>8}\n")
    client = browser(callers.stranger)
    for address in addresses():
        if address.model and address.method == "get" and "history" not in address.template:
            row = estate.plots[0].row(address.model).pk

            def foreign(address: object = address, row: object = row) -> object:
                return ask(client, address, row)  # type: ignore[arg-type]

            def absent(address: object = address) -> object:
                return ask(client, address, new_id())  # type: ignore[arg-type]

            tell(str(address), foreign, absent)


def test_models_and_keys(gateway: RunningGateway, world: World, other_world: World, upstream: str) -> None:
    other_world.serve("helper", upstream)
    gateway.catch_up()

    def call(name: str, key: str) -> Callable[[], object]:
        return lambda: gateway.post(
            "/v1/chat/completions", headers={"authorization": f"Bearer {key}"}, json={**_HELLO, "model": name}
        )

    tell("a model of another organisation, by its name", call("helper", world.key_text), call("nobody", world.key_text))
    unknown = issue("chy", peppers()).text
    secret = f"{other_world.key.prefix}_{token_urlsafe(32)}"
    wrong = secret + _checksum(secret)
    tell("a key with a known prefix and a wrong secret", call("helper", wrong), call("helper", unknown))


def test_signing_in(callers: Callers) -> None:
    def attempt(email: str) -> Callable[[], object]:
        return lambda: Browser(REMOTE_ADDR=f"2001:db8::{new_id().hex[-4:]}").post(
            "/sign-in/", {"email": email, "password": "wrong"}
        )

    tell(
        "a person, with a wrong password",
        attempt(callers.reader.user.email),
        attempt("nobody@example.com"),
        pairs=9,
    )
