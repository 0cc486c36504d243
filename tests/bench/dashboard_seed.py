"""Makes the organisation that `tests.bench.dashboard` looks at. A program of its own, run with the portal's
environment: prints whose calls they were and who looks as JSON.

Eight teams with five keys each in projects of their own, five models, and a budget for each team.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from governance.models import Deployment
from kit import clock, money
from kit.scoping import within
from tenants.services import allotments
from tests.support import cast

TEAMS, KEYS_EACH, MODELS = 8, 5, 5


def seed() -> dict[str, Any]:
    company = cast.assemble()
    world = company.world
    places = [(world.team, world.project), *(world.new_team(f"team-{number}") for number in range(1, TEAMS))]
    keys = [(team, project, world.new_key(project)[0]) for team, project in places for _ in range(KEYS_EACH)]
    for number in range(MODELS):
        world.serve(f"model-{number}")
    with within(world.system.scope):
        for team, _ in places:
            limit, level = 10**6 * money.NANO, allotments.Level(team)
            allotments.add_budget(
                actor=world.system, level=level, name="monthly", limit_nano_usd=limit, now=clock.now()
            )
        deployments = list(Deployment.objects.select_related("model"))
    people = {"administrator": company.ada, "auditor": company.ann, "team lead": company.bob}
    return {
        "sessions": {name: cast.browser(person).cookies["sessionid"].value for name, person in people.items()},
        "organization": str(world.organization.id),
        "team": str(world.team.id),
        "key": str(keys[0][2].id),
        "deployment": str(deployments[0].id),
        "teams": [str(team.id) for team, _, _ in keys],
        "projects": [str(project.id) for _, project, _ in keys],
        "keys": [str(key.id) for _, _, key in keys],
        "models": [row.model.slug for row in deployments],
        "deployments": [str(row.id) for row in deployments],
        "providers": [str(row.provider_id) for row in deployments],
    }


def main() -> None:
    json.dump(seed(), sys.stdout)
