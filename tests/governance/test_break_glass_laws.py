"""What the database holds to about break glass, past every service: by whatever rows anybody puts in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.models import BreakGlass, BreakGlassSignature, ExceptionStatus, Finding, SignatureKind
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role
from tests.support import world as worlds
from tests.support.acts import new_model
from tests.support.breaking_glass import ask, fourth, fresh, opened, run_out, third
from tests.support.world import World


def put(actor: Actor, glass: BreakGlass, kind: str, **changed: Any) -> None:
    """A signature, past the services."""
    row = {
        "organization_id": actor.organization_id,
        "break_glass_id": glass.id,
        "kind": kind,
        "signed_by_id": actor.id,
        "reason": "So I say.",
        "signed_hash": glass.content_hash,
    }
    with within(actor.scope), transaction.atomic():
        BreakGlassSignature.objects.create(**{**row, **changed})


def put_glass(actor: Actor, **changed: Any) -> BreakGlass:
    row = {
        "organization_id": actor.organization_id,
        "reason": "So I say.",
        "hours": 4,
        "asked_by_id": actor.id,
        "content_hash": "0" * 64,
    }
    with within(actor.scope), transaction.atomic():
        return fresh(BreakGlass.objects.create(**{**row, **changed}))


def told(act: Callable[[], Any]) -> str:
    """What the database refuses it with."""
    with pytest.raises(DatabaseError) as refusal:
        act()
    return str(refusal.value)


def test_nobody_signs_twice_or_in_anothers_name(world: World) -> None:
    glass = ask(world.admin, new_model(world))
    assert "three different people" in told(lambda: put(world.admin, glass, "countersign"))
    assert "row-level security" in told(lambda: put(world.officer, glass, "countersign", signed_by_id=third(world).id))
    put(world.officer, glass, "countersign")
    for one_of_the_two, finding in product((world.admin, world.officer), ("justified", "unjustified")):
        assert "three different people" in told(partial(put, one_of_the_two, glass, finding))


@pytest.mark.parametrize("kind", ["countersign", "justified", "unjustified", "end"])
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.DEVELOPER, Role.TEAM_LEAD, Role.READ_ONLY])
def test_nobody_signs_whose_role_does_not_decide(world: World, role: Role, kind: str) -> None:
    begin = partial(ask, world.admin) if kind == "countersign" else partial(opened, world)
    glass = begin(new_model(world), team=world.team)
    somebody = world.person("somebody", role, None if role == Role.AUDITOR else world.team)
    assert "role decides" in (words := told(lambda: put(somebody, glass, kind))) or "by an officer" in words


def test_an_officer_of_another_team_signs_nothing_for_this_one(world: World) -> None:
    other, _ = world.new_team("research")
    theirs = world.person("tim", Role.COMPLIANCE_OFFICER, other)
    for glass in (ask(world.admin, new_model(world)), ask(world.admin, new_model(world), team=world.team)):
        assert told(partial(put, theirs, glass, "countersign"))


def test_what_is_signed_is_what_is_asked(world: World) -> None:
    glass = ask(world.admin, new_model(world))
    assert "what is asked" in told(lambda: put(world.officer, glass, "countersign", signed_hash="0" * 64))


def test_a_day_is_the_most_whatever_the_row_says(world: World) -> None:
    model, later = new_model(world), clock.now().replace(year=2099)
    for hours in (0, 25, 9_000):
        with pytest.raises(IntegrityError, match="break_glass_lasts_hours"):
            put_glass(world.officer, model=model, hours=hours)

    made = put_glass(world.officer, model=model, ends_at=later, asked_at=later, in_force_at=later, status="in_force")

    assert (made.status, made.in_force_at) == ("asked", None)
    assert (made.ends_at - made.asked_at).total_seconds() == 4 * 3600
    assert made.asked_at < later


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE governance_breakglass SET ends_at = ends_at + interval '1 hour'",
        "UPDATE governance_breakglass SET hours = 24",
        "UPDATE governance_breakglass SET status = 'in_force', in_force_at = now()",
        "UPDATE governance_breakglass SET finding = 'justified'",
        "UPDATE governance_breakglasssignature SET reason = 'another'",
        "DELETE FROM governance_breakglasssignature",
        "DELETE FROM governance_breakglass",
    ],
)
def test_nothing_is_prolonged_rewritten_or_removed(world: World, change: str) -> None:
    opened(world, new_model(world))
    with (
        within(world.officer.scope),
        pytest.raises(DatabaseError, match="denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


def test_what_is_over_is_neither_opened_nor_ended_again(world: World) -> None:
    late, running = ask(world.admin, new_model(world)), opened(world, new_model(world))
    run_out(late)
    run_out(running)
    assert "does not wait" in told(lambda: put(world.officer, late, "countersign"))
    assert "is over" in told(lambda: put(world.officer, running, "end"))
    put(third(world), running, "unjustified")
    assert "reviewed once" in told(lambda: put(fourth(world), running, "justified"))


def test_one_at_a_time_for_a_model(world: World) -> None:
    model = new_model(world)
    glass = opened(world, model)
    for _ in range(2):
        with pytest.raises(IntegrityError, match="one_unsettled_break_glass_per_model"):
            put_glass(third(world), model=model)
        run_out(glass)


def test_no_row_points_into_another_organisation(world: World, other_world: World) -> None:
    foreign = new_model(other_world)
    with pytest.raises(IntegrityError, match="same_tenant"):
        put_glass(world.officer, model_id=foreign.id)
    with pytest.raises(IntegrityError):
        put_glass(world.officer, model=new_model(world), team_id=other_world.team.id)


KINDS = [kind.value for kind in SignatureKind]
PEOPLE = ["ada", "olivia", "theo", "fay", "rita"]


def _people(world: World) -> dict[str, Actor]:
    return {
        "ada": world.admin,
        "olivia": world.officer,
        "theo": third(world),
        "fay": fourth(world),
        "rita": world.person("rita", Role.AUDITOR),
    }


class Rules:
    """What should become of one break glass that Ada asked for."""

    def __init__(self) -> None:
        self.status, self.finding, self.countersigner, self.is_over = "asked", "", "", False

    def takes(self, person: str, kind: str) -> bool:
        """Whether the signature counts; if so, what follows."""
        involved = {"ada", self.countersigner}
        if kind == "end":
            counts = person in {*involved, "olivia", "theo"} and not self.is_over and self.status != "ended"
            self.status = "ended" if counts else self.status
            return counts
        if person in {*involved, "rita"}:
            return False
        if kind == "countersign":
            counts = self.status == "asked" and not self.is_over
            self.status, self.countersigner = ("in_force", person) if counts else (self.status, self.countersigner)
            return counts
        if not self.countersigner or self.finding:
            return False
        self.finding = kind
        if kind == "unjustified" and not self.is_over:
            self.status = "ended"
        return True


STEP = st.tuples(st.sampled_from(PEOPLE), st.sampled_from([*KINDS, "time runs out"]))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=2, max_size=8))
def test_whatever_is_signed_in_whatever_order_comes_to_what_the_rules_say(steps: list[tuple[str, str]]) -> None:
    world, rules = worlds.build(), Rules()
    people = _people(world)
    glass = ask(world.admin, new_model(world))
    for person, kind in steps:
        if kind == "time runs out":
            run_out(glass)
            rules.is_over = True
            continue
        try:
            put(people[person], glass, kind)
        except IntegrityError:
            counted = False
        else:
            counted = True
        assert counted == rules.takes(person, kind), (person, kind)
        with within(world.system.scope):
            now = fresh(glass)
        assert (now.status, now.finding) == (rules.status, rules.finding)


def test_the_rules_know_every_word() -> None:
    assert {*ExceptionStatus.values} == {"asked", "in_force", "ended"}
    assert {*Finding.values} < {*KINDS}
