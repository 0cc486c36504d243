"""Seven weeks of past usage, so that the demo's charts have something to show, and in the last days something to find.
Settlements only: nobody saw the calls, so nothing attests them, and no budget is charged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from audit.models import Settlement
from audit.usage.history import import_settlements
from governance.models import Deployment, Price
from kit import clock
from kit.ids import new_id
from kit.scoping import within
from portal.demo.cast import DUMMY_MODEL, ENDING_MODEL, LOCAL_MODEL
from portal.demo.seed import Founded
from tenants.models import ApiKey

DAYS = 49
_BUSIEST = 20  # calls a key makes on a working day, at the most
_BUSY_DAYS, _BUSY_TIMES = 4, 5  # for so many days one key makes so many times as many
_SHARES = {LOCAL_MODEL: 75, DUMMY_MODEL: 17, ENDING_MODEL: 8}  # of them, in percent


def write(organizations: list[Founded], now: datetime) -> int:
    """Gives the number of settlements written."""
    chance = random.Random(2026)  # noqa: S311 - the same demo everywhere
    settlements = [settlement for founded in organizations for settlement in _of(founded, now, chance)]
    import_settlements(settlements, owner="migrator", system="system")
    return len(settlements)


def _of(founded: Founded, now: datetime, chance: random.Random) -> Iterator[Settlement]:
    with within(founded.system.scope):
        keys = list(ApiKey.objects.all())
        called = Deployment.objects.select_related("model").filter(model__slug__in=_SHARES)
        deployments = {row.model.slug: row for row in called}
        prices = {slug: row.prices.latest("effective_from") for slug, row in deployments.items()}
    for days_ago in range(DAYS, 0, -1):
        day = now - timedelta(days=days_ago)
        for key in keys:
            calls = chance.randint(1, 4) if day.weekday() >= 5 else chance.randint(5, _BUSIEST)
            if key == keys[0] and days_ago <= _BUSY_DAYS:
                calls *= _BUSY_TIMES
            for _ in range(calls):
                slug = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
                moment = day.replace(hour=chance.randint(7, 18), minute=chance.randint(0, 59), second=0)
                yield _settlement(key, deployments[slug], prices[slug], min(moment, now), chance)


def _settlement(
    key: ApiKey, deployment: Deployment, price: Price, moment: datetime, chance: random.Random
) -> Settlement:
    with clock.fixed(moment):
        request_id, record_id = new_id(), new_id()
    input_tokens, output_tokens = chance.randint(80, 1500), chance.randint(20, 400)
    cost = -(
        -(input_tokens * price.input_nano_usd_per_million + output_tokens * price.output_nano_usd_per_million)
        // 1_000_000
    )
    latency_ms = round(250 + 12 * output_tokens * chance.lognormvariate(0, 0.4))
    return Settlement(
        request_id=request_id,
        organization_id=key.organization_id,
        team_id=key.team_id,
        project_id=key.project_id,
        api_key_id=key.id,
        deployment_id=deployment.id,
        price_id=price.id,
        outcome_record_id=record_id,
        model=deployment.model.slug,
        outcome="completed",
        estimated=False,
        input_tokens=input_tokens,
        cached_input_tokens=0,
        output_tokens=output_tokens,
        reasoning_tokens=0,
        cost_nano_usd=cost,
        held_nano_usd=cost,
        provider_id=deployment.provider_id,
        latency_ms=latency_ms,
        first_event_ms=latency_ms // chance.randint(3, 6),
        admitted_at=moment,
        settled_at=moment,
        budgets={},
    )
