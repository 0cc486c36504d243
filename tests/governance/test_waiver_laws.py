"""What the database holds to about waivers, past every service: by whatever rows anybody puts in."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.models import Approval, UseCase, WaivedCondition, Waiver, WaiverSignature
from governance.services import use_cases
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tenants.models import Role
from tests.governance.test_break_glass_laws import told
from tests.support import world as worlds
from tests.support.acts import granted, new_use_case
from tests.support.breaking_glass import fourth, third
from tests.support.waiving import ask, fresh, run_out, waived
from tests.support.world import World


def put(actor: Actor, waiver: Waiver, kind: str, **changed: Any) -> None:
    """A signature, past the services."""
    row = {
        "organization_id": actor.organization_id,
        "waiver_id": waiver.id,
        "kind": kind,
        "signed_by_id": actor.id,
        "reason": "So I say.",
        "signed_hash": waiver.content_hash,
    }
    with within(actor.scope), transaction.atomic():
        WaiverSignature.objects.create(**{**row, **changed})


def put_waiver(actor: Actor, approval: Approval, use_case: UseCase, **changed: Any) -> Waiver:
    row = {
        "organization_id": actor.organization_id,
        "approval_id": approval.id,
        "use_case_id": use_case.id,
        "condition": "region",
        "days": 30,
        "reason": "So I say.",
        "compensating_control": "None.",
        "asked_by_id": actor.id,
        "content_hash": "0" * 64,
    }
    with within(actor.scope), transaction.atomic():
        return fresh(Waiver.objects.create(**{**row, **changed}))


def asked(world: World, **described: Any) -> Waiver:
    return ask(world.admin, granted(world), new_use_case(world, **described))


def now_of(world: World, waiver: Waiver) -> Waiver:
    with within(world.system.scope):
        return fresh(waiver)


def test_nobody_signs_their_own_or_twice_or_in_anothers_name(world: World) -> None:
    waiver = asked(world)
    assert "does not sign it" in told(lambda: put(world.admin, waiver, "sign"))
    assert "row-level security" in told(lambda: put(world.officer, waiver, "sign", signed_by_id=third(world).id))
    put(world.officer, waiver, "sign")
    assert "nobody_signs_a_waiver_twice" in told(lambda: put(world.officer, waiver, "sign"))
    assert now_of(world, waiver).status == "asked"


@pytest.mark.parametrize("kind", ["sign", "end"])
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.DEVELOPER, Role.TEAM_LEAD, Role.READ_ONLY])
def test_nobody_signs_or_ends_whose_role_does_not_decide(world: World, role: Role, kind: str) -> None:
    waiver = asked(world, team=world.team)
    somebody = world.person("somebody", role, None if role == Role.AUDITOR else world.team)
    assert "role decides" in (words := told(lambda: put(somebody, waiver, kind))) or "by an officer" in words


def test_an_officer_of_another_team_signs_nothing_for_this_one(world: World) -> None:
    other, _ = world.new_team("research")
    theirs = world.person("tim", Role.COMPLIANCE_OFFICER, other)
    for waiver in (asked(world), asked(world, team=world.team)):
        assert told(partial(put, theirs, waiver, "sign"))


def test_what_is_signed_is_what_is_asked(world: World) -> None:
    waiver, another = asked(world), asked(world)
    for hashed in ("0" * 64, another.content_hash):
        assert "what is asked" in told(partial(put, world.officer, waiver, "sign", signed_hash=hashed))


def test_half_a_year_is_the_most_whatever_the_row_says(world: World) -> None:
    approval, use_case, later = granted(world), new_use_case(world), clock.now().replace(year=2099)
    for days in (0, 181, 9_000):
        with pytest.raises(IntegrityError, match="waiver_lasts_days"):
            put_waiver(world.officer, approval, use_case, days=days)

    made = put_waiver(world.officer, approval, use_case, ends_at=later, in_force_at=later, status="in_force")

    assert (made.status, made.in_force_at) == ("asked", None)
    assert (made.ends_at - made.asked_at).days == 30


@pytest.mark.parametrize("condition", ["suspension", "model_suspended", "not_approved", "version", ""])
def test_nothing_else_is_waived(world: World, condition: str) -> None:
    with pytest.raises(IntegrityError, match="known_condition"):
        put_waiver(world.officer, granted(world), new_use_case(world), condition=condition)


@pytest.mark.parametrize("terms", [{"condition": "data_class"}, {"condition": "team", "max_data_class": 3}])
def test_a_class_is_said_of_the_data_class_alone(world: World, terms: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="up_to_which"):
        put_waiver(world.officer, granted(world), new_use_case(world), **terms)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE governance_waiver SET ends_at = ends_at + interval '1 day'",
        "UPDATE governance_waiver SET days = 180",
        "UPDATE governance_waiver SET condition = 'region'",
        "UPDATE governance_waiver SET status = 'in_force', in_force_at = now()",
        "UPDATE governance_waiversignature SET reason = 'another'",
        "DELETE FROM governance_waiversignature",
        "DELETE FROM governance_waiver",
    ],
)
def test_nothing_is_prolonged_rewritten_or_removed(world: World, change: str) -> None:
    waived(world, granted(world), new_use_case(world), WaivedCondition.RECERTIFICATION)
    with (
        within(world.officer.scope),
        pytest.raises(DatabaseError, match="denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


def test_what_is_over_is_neither_signed_nor_ended(world: World) -> None:
    waiver = asked(world)
    run_out(waiver)
    for kind in ("sign", "end"):
        assert "is over" in told(partial(put, world.officer, waiver, kind))
    assert put_waiver(world.admin, waiver.approval, waiver.use_case, condition="recertification").status == "asked"


def test_one_at_a_time_of_a_condition(world: World) -> None:
    approval, use_case = granted(world), new_use_case(world)
    put_waiver(world.officer, approval, use_case)
    with pytest.raises(IntegrityError, match="one_live_waiver_of_a_condition"):
        put_waiver(world.admin, approval, use_case)
    put_waiver(world.admin, approval, use_case, condition="team")
    put_waiver(world.admin, approval, new_use_case(world))


def test_nothing_is_waived_of_what_has_ended(world: World) -> None:
    approval, use_case, retired = granted(world), new_use_case(world), new_use_case(world)
    with within(world.admin.scope):
        use_cases.retire(actor=world.admin, use_case=retired, now=clock.now())
    assert "has ended" in told(lambda: put_waiver(world.admin, approval, retired))
    world.approve(approval.model)
    assert "has ended" in told(lambda: put_waiver(world.admin, approval, use_case))


def test_no_row_points_into_another_organisation(world: World, other_world: World) -> None:
    foreign, theirs = granted(other_world), new_use_case(other_world)
    assert "same_tenant" in told(lambda: put_waiver(world.officer, foreign, new_use_case(world)))
    assert "same_tenant" in told(lambda: put_waiver(world.officer, granted(world), theirs))
    waiver = asked(other_world)
    assert told(lambda: put(world.officer, waiver, "sign"))


PEOPLE = ["ada", "olivia", "theo", "fay", "rita"]
OFFICERS = {"olivia", "theo"}


def _people(world: World) -> dict[str, Actor]:
    return {
        "ada": world.admin,
        "olivia": world.officer,
        "theo": third(world),
        "fay": fourth(world),
        "rita": world.person("rita", Role.AUDITOR),
    }


class Rules:
    """What should become of one waiver that Ada asked for."""

    def __init__(self) -> None:
        self.status, self.signers, self.is_over = "asked", set[str](), False

    def takes(self, person: str, kind: str) -> bool:
        """Whether the signature counts; if so, what follows."""
        if self.is_over or self.status == "ended":
            return False
        if kind == "end":
            counts = person in {"ada", *self.signers, *OFFICERS}
            self.status = "ended" if counts else self.status
            return counts
        if self.status != "asked" or person in {"ada", "rita", *self.signers}:
            return False
        self.signers.add(person)
        if len(self.signers) >= 2 and self.signers & OFFICERS:
            self.status = "in_force"
        return True


STEP = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["sign", "sign", "sign", "end", "time runs out"]))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=2, max_size=7))
def test_whatever_is_signed_in_whatever_order_comes_to_what_the_rules_say(steps: list[tuple[str, str]]) -> None:
    world, rules = worlds.build(), Rules()
    people, waiver = _people(world), asked(world)
    for person, kind in steps:
        if kind == "time runs out":
            run_out(waiver)
            rules.is_over = True
            continue
        try:
            put(people[person], waiver, kind)
        except IntegrityError:
            counted = False
        else:
            counted = True
        assert counted == rules.takes(person, kind), (person, kind)
        assert now_of(world, waiver).status == rules.status
