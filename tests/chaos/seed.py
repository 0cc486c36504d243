"""Fills the installation: `python -m tests.chaos.seed UPSTREAM` in its environment; prints what a caller needs as JSON.

open      one large budget, which never ends
tight     budgets at three levels, so small that they are used up again and again
limited   requests, tokens and calls at a time, few of each
policy    where keys are revoked and models suspended while calls are made
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

MODELS = ("helper", "pair")
TIGHT_NANO_USD = {"organization": 6_000_000, "team": 5_000_000, "key": 2_000_000}
_AMPLE_NANO_USD = 10**12


def main(upstream: str) -> None:
    django.setup()
    from kit.scoping import within
    from tenants.models import Period
    from tenants.services import allotments
    from tenants.services.allotments import Level
    from tenants.services.organizations import Limits
    from tests.support import world as worlds
    from tests.support.world import World

    def filled() -> World:
        world = worlds.build()
        world.serve("helper", upstream)
        pair = world.model("pair")
        for position, script in enumerate(("dummy+status=503", "dummy")):
            world.deploy(pair, world.provider(upstream), upstream_model=script, position=position)
        return world

    def budget(world: World, limit: int, level: Level) -> dict[str, Any]:
        with within(world.system.scope):
            made = allotments.add_budget(
                actor=world.system,
                name="chaos",
                limit_nano_usd=limit,
                now=world.now,
                period=Period.TOTAL,
                level=level,
            )
        return {"id": str(made.id), "level": made.level, "limit_nano_usd": limit}

    def described(world: World, budgets: list[dict[str, Any]], keys: list[str]) -> dict[str, Any]:
        return {"id": str(world.organization.id), "keys": keys, "budgets": budgets}

    open_, tight, limited, policy = (filled() for _ in range(4))
    second_key, second_text = tight.new_key()
    levels = {
        "organization": Level(),
        "team": Level.of(tight.team),
        "key": Level(tight.team, tight.project, second_key),
    }
    with within(limited.system.scope):
        limits = Limits(requests_per_minute=120, tokens_per_minute=60_000, concurrency=2)
        allotments.set_limits(actor=limited.system, limits=limits, now=limited.now)
    found = {
        "open": described(open_, [budget(open_, _AMPLE_NANO_USD, Level())], [open_.key_text]),
        "tight": described(
            tight,
            [budget(tight, TIGHT_NANO_USD[name], level) for name, level in levels.items()],
            [tight.key_text, second_text],
        ),
        "limited": described(limited, [budget(limited, _AMPLE_NANO_USD, Level())], [limited.key_text]),
        "policy": described(policy, [budget(policy, _AMPLE_NANO_USD, Level())], [policy.key_text]),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
