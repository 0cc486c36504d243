"""No address of the management API leads to another organisation's rows, nor to a sister team's."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from governance.models import NoticeKind, RiskTier
from governance.rest.urls import router as register
from governance.review import DEFAULTS
from governance.services import (
    catalogue,
    claims,
    comments,
    delegations,
    model_cards,
    notices,
    review_rules,
    suspensions,
    systems,
    third_parties,
)
from kit.scoping import within
from tenants.models import Budget
from tenants.rest.urls import router as tenants
from tenants.services import allotments
from tenants.services.allotments import Level
from tenants.services.organizations import Limits
from tests.portal.api.caller import Script, refusal
from tests.support import alert_acts, alerting, cast, increase_acts, issuers
from tests.support.acts import PREPARED, add_evidence, ask, new_use_case, perform
from tests.support.cast import Cast

RESOURCES = [f"{prefix}/" for router in (tenants, register) for prefix, *_ in router.registry]
OF_A_TEAM = [
    "teams/",
    "projects/",
    "api-keys/",
    "identity-providers/",
    "budgets/",
    "rate-limits/",
    "routes/",
    "use-cases/",
    "alerts/",
    "alert-rules/",
    "alert-channels/",
]


def furnish(people: Cast) -> None:
    """A row of every resource, those that can be of a team being the team's."""
    world = people.world
    model = world.serve("helper")
    issuers.register(world)
    new_use_case(world, team=world.team)
    with within(world.system.scope):
        level = Level.of(world.team)
        allotments.add_budget(actor=world.system, name="monthly", limit_nano_usd=10**9, level=level, now=world.now)
        allotments.set_limits(actor=world.system, limits=Limits(60, None, 2), level=level, now=world.now)
    with within(people.bob.actor.scope):
        increase_acts.ask_for_more(people.bob.actor, Budget.objects.get(team=world.team))
    with within(world.system.scope):
        catalogue.create_route(
            actor=world.system,
            slug=f"letters-{uuid4().hex[-8:]}",
            team=world.team,
            deployments=list(model.deployments.all()),
            now=world.now,
        )
        provider = model.deployments.get().provider
        third_parties.describe(actor=world.system, provider=provider, facts={"location": "Ireland"})
        third_parties.add_agreement(
            actor=world.system,
            provider=provider,
            kind="dpa",
            reference="contracts",
            signed_on=world.now.date(),
            now=world.now,
        )
        systems.register(
            actor=world.system,
            name="assistant",
            vendor="Somebody",
            purpose="letters",
            owner_id=people.ada.user.id,
            ai_act_class="minimal",
            now=world.now,
        )
        suspensions.suspend(actor=world.system, subject=world.key, reason="It leaks.", now=world.now)
        notices.tell(
            organization_id=world.organization.id,
            people=[people.ada.user.id],
            kind=NoticeKind.SUSPENDED,
            subject_kind="api_key",
            subject_id=world.key.id,
            now=world.now,
        )
    alerting.open_alert(world)
    with within(people.bob.actor.scope):
        alert_acts.set_rule(people.bob.actor, None, team=world.team)
        alert_acts.add_channel(people.bob.actor, world.team)
    for act in ("break_glass.asked", "waiver.asked", "questionnaire.set", "evaluation_case.added", "evaluation.queued"):
        perform(PREPARED[f"governance.{act}"](world))
    add_evidence(world, people.alice.actor, model)
    with within(people.alice.actor.scope):
        stages, later = DEFAULTS[RiskTier.HIGH], world.now + timedelta(days=1)
        asked = ask(world, people.dev.actor)
        claims.claim(actor=people.alice.actor, request=asked, now=world.now)
        comments.comment(actor=people.alice.actor, request=asked, text="Which data?", now=world.now)
        review_rules.set_rule(actor=people.alice.actor, risk_tier=RiskTier.HIGH, stages=stages, now=world.now)
        model_cards.write(actor=people.alice.actor, model=model, based_on=0, intended_use="letters", now=world.now)
        delegations.delegate(actor=people.alice.actor, to=people.olga.user, starts_at=world.now, ends_at=later)


def _ids(script: Script, path: str) -> set[str]:
    answer = script.get(path)
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


@pytest.fixture(scope="module")
def furnished() -> Cast:
    """Looked at and not changed."""
    people = cast.assemble()
    furnish(people)
    return people


@pytest.fixture(scope="module")
def sister(furnished: Cast) -> Script:
    """Whoever leads another team there."""
    team, _ = furnished.world.new_team("research")
    return Script(cast.join(furnished.world, "Luis", furnished.bob.role, team))


@pytest.fixture(scope="module")
def stranger() -> Script:
    return Script(cast.assemble().ada)


@pytest.mark.parametrize("path", RESOURCES)
def test_another_organisations_rows_are_not_there(furnished: Cast, stranger: Script, path: str) -> None:
    theirs = _ids(Script(furnished.ada), path)
    assert theirs, f"nothing of {path} to look for"

    assert not theirs & _ids(stranger, path)
    for identifier in theirs:
        assert refusal(stranger.get(f"{path}{identifier}/")) == (404, "not_found")


@pytest.mark.parametrize("path", OF_A_TEAM)
def test_a_sister_teams_rows_are_not_there(furnished: Cast, sister: Script, path: str) -> None:
    ours = Script(furnished.bob)
    theirs = _ids(ours, path) - _ids(sister, path)
    assert theirs, f"nothing of {path} is the team's alone"

    for identifier in theirs:
        assert ours.get(f"{path}{identifier}/").status_code == 200
        assert refusal(sister.get(f"{path}{identifier}/")) == (404, "not_found")
