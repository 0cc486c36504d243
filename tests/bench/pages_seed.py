"""Fills one organisation for `tests.bench.pages`. A program of its own, run with the portal's environment: takes how
many models, prints a `Seeded` as JSON.

All models have a deployment, a price and a request. One in ten is approved; the others wait for a decision, so that the
inbox is as full as the register. There are half as many systems that run elsewhere and pieces of evidence, and a
twentieth as many teams, keys, providers and notices.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

from governance.models import ApprovalRequest, Model
from tests.support import cast, filling
from tests.support.cast import Person

_BATCH = 1000
_APPROVED = 10


@dataclass(frozen=True, slots=True)
class Seeded:
    """`sessions` are cookies of signed-in people by name; the others are ids of some in the middle."""

    sessions: dict[str, str]
    model: str
    request: str
    provider: str


def seed(number: int) -> Seeded:
    company = cast.assemble()
    projects = filling.teams(company, number // 20)
    filling.use_cases(company, projects)
    providers = filling.providers(company, number // 20)
    models: list[Model] = []
    requests: list[ApprovalRequest] = []
    for first in range(0, number, _BATCH):
        made = filling.models(company, providers[first % len(providers)], range(first, min(first + _BATCH, number)))
        requests += filling.requests(company, made)
        models += made
    filling.evidence(company, models[::2])
    filling.other_systems(company, number // 2)
    filling.notices(company, requests[: number // 20])
    filling.approve(company, requests[::_APPROVED])
    middle = requests[number // 2 + 1]
    people = {"officer": company.alice, "administrator": company.ada, "auditor": company.ann, "team lead": company.bob}
    sessions = {name: _cookie(person) for name, person in people.items()}
    return Seeded(sessions, str(middle.model_id), str(middle.id), str(providers[len(providers) // 2].id))


def _cookie(person: Person) -> str:
    return cast.browser(person).cookies["sessionid"].value


def main() -> None:
    json.dump(asdict(seed(int(sys.argv[1]))), sys.stdout)
