"""The end of a model's life: what leads where, in the services and past them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError

from governance import selectors
from governance.models import Approval, Life, Model
from governance.services import approvals, life
from governance.services.approvals import Terms
from governance.workflows import LIFE
from kit import clock, errors
from kit.scoping import within
from tests.governance.reviewing import decide, together
from tests.governance.test_four_eyes_in_the_database import act_as, execute
from tests.support.acts import acts_of, ask, new_model
from tests.support.world import World

DAY = timedelta(days=1)
END = "life = 'deprecated', deprecated_at = now(), sunset_at = now() + interval '1 day', deprecation_reason = 'x'"
SET = {
    Life.REGISTERED: "life = 'registered', deprecated_at = NULL, sunset_at = NULL, deprecation_reason = ''",
    Life.DEPRECATED: END,
    Life.RETIRED: END.replace("deprecated'", "retired'"),
}


def deprecate(world: World, model: Model, **told: Any) -> Model:
    now = clock.now()
    words = {"sunset_at": now + DAY, "reason": "older", "now": now, **told}
    with within(world.officer.scope):
        return life.deprecate(actor=world.officer, model=model, **words)


def revoke(world: World, model: Model) -> Model:
    with within(world.officer.scope):
        return life.revoke_deprecation(actor=world.officer, model=model, now=clock.now())


def retire(world: World, model: Model) -> Model:
    with within(world.officer.scope):
        return life.retire(actor=world.officer, model=model, now=clock.now())


def set_by_hand(world: World, model: Model, assignments: str) -> int:
    with within(act_as(world, world.officer.id)):
        return execute("UPDATE governance_model SET " + assignments + " WHERE id = %s", model.id)  # noqa: S608


def test_what_is_announced_is_changed_and_taken_back(world: World) -> None:
    model, successor = new_model(world), new_model(world)
    first = deprecate(world, model)
    later = clock.now() + 5 * DAY
    changed = deprecate(world, model, sunset_at=later, successor=successor)
    assert (changed.life, changed.sunset_at, changed.successor) == (Life.DEPRECATED, later, successor)
    assert changed.deprecated_at == first.deprecated_at
    back = revoke(world, model)
    assert (back.life, back.sunset_at, back.successor, back.deprecation_reason) == (Life.REGISTERED, None, None, "")
    acts = [act.action for act in acts_of(world) if act.object_id == model.id]
    assert acts[1:] == [f"governance.model.{each}" for each in ("deprecated", "deprecated", "deprecation_revoked")]


def test_a_retired_model_is_so_for_good(world: World) -> None:
    model = world.model("helper")
    deprecate(world, model)
    before = clock.now()
    retired = retire(world, model)
    assert retired.is_over(clock.now())
    assert retired.sunset_at is not None
    assert retired.sunset_at >= before
    with within(world.system.scope):
        assert not selectors.live_approvals(clock.now()).exists()
    for act in (deprecate, revoke, retire):
        with pytest.raises(errors.Conflict):
            act(world, model)


def test_nothing_is_announced_once_the_sunset_has_passed(world: World) -> None:
    model = new_model(world)
    deprecate(world, model)
    with clock.shifted(2 * DAY):
        for act in (deprecate, revoke):
            with pytest.raises(errors.Conflict, match="only be retired"):
                act(world, model)
        retire(world, model)


def test_a_retired_model_is_asked_for_and_approved_no_more(world: World) -> None:
    model, waiting = world.model("helper"), new_model(world)
    request = ask(world, model=waiting)
    for each in (model, waiting):
        deprecate(world, each)
        retire(world, each)
    for act in (approvals.submit, approvals.draft):
        with pytest.raises(errors.Conflict, match="retired"), within(world.admin.scope):
            act(actor=world.admin, model=model, justification="letters", terms=Terms(), now=clock.now())
    with pytest.raises(errors.Conflict, match="retired"):
        decide(world.officer, request)


def test_the_database_grants_nothing_for_a_retired_model(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    model = new_model(world)
    request = ask(world, model=model)
    deprecate(world, model)
    retire(world, model)
    monkeypatch.setattr(life, "require_in_service", lambda *_: None)
    with pytest.raises(errors.Conflict) as told:
        decide(world.officer, request)
    assert isinstance(told.value.__cause__, IntegrityError)
    assert "retired model" in str(told.value.__cause__)


@pytest.mark.parametrize("sunset", [-DAY, timedelta(seconds=-1)])
def test_a_sunset_lies_ahead(world: World, sunset: timedelta) -> None:
    with pytest.raises(errors.InvalidRequest, match="past"):
        deprecate(world, new_model(world), sunset_at=clock.now() + sunset)


def test_a_successor_is_another_model_that_goes_on(world: World) -> None:
    model, successor = new_model(world), new_model(world)
    with pytest.raises(errors.Conflict):
        deprecate(world, model, successor=model)
    deprecate(world, model, successor=successor)
    with pytest.raises(errors.Conflict):
        deprecate(world, successor, successor=model)
    deprecate(world, successor)
    with pytest.raises(errors.Conflict):
        deprecate(world, model, successor=successor)


@pytest.mark.parametrize(("before", "after"), list(product(Life, Life)))
def test_the_database_takes_the_steps_of_the_table_alone(world: World, before: Life, after: Life) -> None:
    model = new_model(world)
    if before != Life.REGISTERED:
        deprecate(world, model)
    if before == Life.RETIRED:
        retire(world, model)
    if after in LIFE[before] or before == after == Life.REGISTERED:
        assert set_by_hand(world, model, SET[after]) == 1
    else:
        with pytest.raises(IntegrityError, match="does not become"):
            set_by_hand(world, model, SET[after])


def test_the_database_keeps_the_sunset(world: World) -> None:
    model = new_model(world)
    set_by_hand(world, model, END.replace("now() + interval '1 day'", "now()"))
    for assignments in (SET[Life.REGISTERED], "sunset_at = now() + interval '9 days'"):
        with pytest.raises(IntegrityError, match="sunset has passed"):
            set_by_hand(world, model, assignments)


@pytest.mark.parametrize(
    "assignments",
    [
        END.replace("sunset_at = now() + interval '1 day', ", ""),
        END.replace("deprecation_reason = 'x'", "deprecation_reason = ''"),
        END.replace("now() + interval '1 day'", "now() - interval '1 day'"),
        "sunset_at = now() + interval '1 day'",
        f"{END}, successor_id = id",
    ],
)
def test_the_database_takes_no_half_a_deprecation(world: World, assignments: str) -> None:
    with pytest.raises(IntegrityError):
        set_by_hand(world, new_model(world), assignments)


def test_the_database_takes_no_successor_of_somebody_else_or_that_ends(world: World, other_world: World) -> None:
    model, ending = new_model(world), new_model(world)
    deprecate(world, ending)
    for successor in (new_model(other_world), ending):
        with pytest.raises(IntegrityError):
            set_by_hand(world, model, f"{END}, successor_id = '{successor.id}'")


def test_what_a_model_is_stays_what_it_was(world: World) -> None:
    with pytest.raises(ProgrammingError):
        set_by_hand(world, new_model(world), "version = '2'")


def test_a_model_begins_as_registered(world: World) -> None:
    now: datetime = clock.now()
    with pytest.raises(IntegrityError, match="begins as registered"), within(world.admin.scope):
        Model.objects.create(
            organization=world.organization,
            slug="born-old",
            name="x",
            publisher="x",
            version="1",
            context_window=2,
            max_output_tokens=1,
            life=Life.RETIRED,
            deprecated_at=now,
            sunset_at=now,
            deprecation_reason="x",
        )


@pytest.mark.parametrize("attempt", range(3))
def test_a_model_is_not_approved_while_it_is_retired(world: World, attempt: int) -> None:
    request = ask(world)
    deprecate(world, request.model)
    signed, retired = together(lambda: decide(world.officer, request), lambda: retire(world, request.model))
    assert retired.life == Life.RETIRED
    assert isinstance(signed, Approval | errors.Conflict)
    with within(world.admin.scope):
        assert not Approval.objects.filter(model=request.model, ended_at__isnull=True).exists()
