"""Fills a stack of its own: an organisation with two budgets, a team, a key and two approved models; and one without.

`python -m tests.support.stack_seed UPSTREAM` in the stack's environment; prints what a caller needs as JSON.
"""

from __future__ import annotations

import json
import sys

import django

BUDGET_USD = 1_000


def main(upstream: str) -> None:
    django.setup()
    from kit import money
    from kit.scoping import within
    from tenants.models import Period, User
    from tenants.services import allotments, people
    from tenants.services.allotments import Level
    from tests.support import world as worlds

    world = worlds.build()
    models = [world.serve(slug, upstream) for slug in ("helper", "spare")]
    admin = world.admin
    with within(admin.scope):
        budgets = [
            allotments.add_budget(
                actor=admin,
                name=name,
                limit_nano_usd=money.from_usd(BUDGET_USD),
                now=world.now,
                period=Period.TOTAL,
                level=level,
            )
            for name, level in (("all", Level()), ("team", Level.of(world.team)))
        ]
        own = User.objects.get(id=admin.id)
        _, token = people.issue_access_token(actor=admin, user=own, name="script", now=world.now)
    unbudgeted = worlds.build()
    unbudgeted.serve("helper", upstream)
    json.dump(
        {
            "organization_id": str(world.organization.id),
            "key": world.key_text,
            "token": token.text,
            "unbudgeted_key": unbudgeted.key_text,
            "model_ids": {model.slug: str(model.id) for model in models},
            "budget_ids": [str(budget.id) for budget in budgets],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
