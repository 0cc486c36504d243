"""The timeline of an object: its acts beside what they changed, by whom, when, from where and why."""

from __future__ import annotations

import pytest
from django.db import connection, connections
from django.utils import timezone

from kit.ids import new_id
from kit.scoping import within
from portal.history import Step, timeline
from portal.values import readable
from portal.words import Piece, compared
from tenants.models import Budget
from tenants.services import allotments
from tests.support.cast import Cast, browser
from tests.support.history import last_change


def _steps(acme: Cast, object_id: object) -> list[Step]:
    with within(acme.ann.actor.scope):
        return timeline(object_id).steps  # type: ignore[arg-type]


def _budget(acme: Cast) -> Budget:
    with within(acme.ada.actor.scope):
        return allotments.add_budget(
            actor=acme.ada.actor, name="Letters", limit_nano_usd=7_000_000_000, now=acme.world.now,
            level=allotments.Level(),
        )  # fmt: skip


def test_an_act_stands_beside_what_it_changed(acme: Cast) -> None:
    budget = _budget(acme)
    with within(acme.ada.actor.scope):
        allotments.change_budget(actor=acme.ada.actor, budget=budget, limit_nano_usd=9_000_000_000)

    changed, made = _steps(acme, budget.id)

    assert [act.action for act in changed.acts] == ["tenants.budget.changed"]
    assert changed.who == "Ada"
    [altered] = changed.altered
    assert [(one.name, one.before, one.after) for one in altered.differences] == [("limit", "$7.00", "$9.00")]
    assert altered.title == "Budget changed"
    assert made.altered[0].title == "Budget made"


def test_a_page_of_it_says_from_where_to_those_who_may_know(acme: Cast) -> None:
    budget = _budget(acme)
    form = {"limit": "11", "at_stop": "block", "downgrade_at_percent": "100", "thresholds": "50,80,100"}
    address = f"/admin/tenants/budget/{budget.id}/change/"
    saved = browser(acme.ada).post(address, form, REMOTE_ADDR="192.0.2.44")
    assert last_change(budget.id).address == "192.0.2.44"
    assert str(last_change(budget.id).request_id) == saved.headers["X-Request-Id"]

    page = browser(acme.ann).get("/history/", {"object": str(budget.id)}).content.decode()
    history = browser(acme.ada).get(f"/admin/tenants/budget/{budget.id}/history/").content.decode()

    assert "192.0.2.44" in page
    assert "192.0.2.44" not in history
    for text in ("tenants.budget.changed", "$7.00", "$11.00", "Ada", "UTC"):
        assert text in page
        assert text in history


def test_a_change_past_the_services_is_a_step_without_an_act(acme: Cast) -> None:
    budget = _budget(acme)
    with connections["system"].cursor() as cursor:
        cursor.execute("UPDATE tenants_budget SET name = 'Past us' WHERE id = %s", [budget.id])
    with within(acme.ada.actor.scope), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_budget SET name = 'Raw' WHERE id = %s", [budget.id])

    raw, past, _ = _steps(acme, budget.id)
    page = browser(acme.ann).get("/history/", {"object": str(budget.id)}).content.decode()

    assert (raw.acts, raw.who, raw.role) == ([], "Ada", "")
    assert (past.acts, past.role) == ([], "chancery_system")
    assert page.count("Changed past Chancery") == 2
    assert "the database role <code>chancery_system</code>" in page


def test_values_are_read_as_people_say_them(acme: Cast) -> None:
    approval = acme.world.approve(acme.world.model("helper", approved=False), teams=[acme.world.team.id])

    [granted] = _steps(acme, approval.id)
    [altered] = [one for one in granted.altered if one.change.object_id == approval.id]
    said = {one.name: one.after for one in altered.differences}

    assert (said["model"], said["teams"], said["max data class"]) == ("helper", "Payments", "confidential")
    assert said["granted at"].endswith("UTC")
    assert "regions" not in said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max_data_class", 99, "99"),
        ("expires_at", "9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59+00:00"),
        ("expires_at", "infinity", "infinity"),
        ("limit_nano_usd", None, ""),
        ("jwks", {"keys": []}, '{"keys": []}'),
        ("name", "2026-11-21T99:99:99", "2026-11-21T99:99:99"),
    ],
)
def test_values_that_only_sql_puts_in_are_shown_too(name: str, value: object, said: str) -> None:
    with timezone.override("Asia/Tokyo"):
        assert readable(name, value, {}) == said


def test_what_is_deleted_is_found_by_its_id(acme: Cast) -> None:
    budget = _budget(acme)
    with within(acme.ada.actor.scope):
        Budget.objects.filter(id=budget.id).delete()

    page = browser(acme.ann).get("/history/", {"object": str(budget.id)}).content.decode()

    assert "Budget deleted" in page
    assert "Letters" in page
    assert browser(acme.ada).get(f"/admin/tenants/budget/{budget.id}/history/").status_code == 404


def test_a_decision_says_why(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    approval = acme.world.approve(model)

    [granted] = _steps(acme, approval.id)
    asked = next(step for step in _steps(acme, model.id) if "governance.approval.requested" in _actions(step))

    assert granted.why == ["fine"]
    assert asked.why == ["for tests"]
    assert "governance.approval.approved" in _actions(granted)


def test_parts_are_in_the_history_of_the_whole(acme: Cast) -> None:
    model = acme.world.serve("helper")

    kinds = {altered.change.object_kind for step in _steps(acme, model.id) for altered in step.altered}

    assert kinds == {"model", "deployment", "approval_request", "approval"}


def test_pages_go_on_where_the_one_before_ended(acme: Cast) -> None:
    budget = _budget(acme)
    for number in range(4):
        with within(acme.ada.actor.scope):
            allotments.change_budget(actor=acme.ada.actor, budget=budget, limit_nano_usd=number)

    seen, before = [], None
    with within(acme.ann.actor.scope):
        while True:
            page = timeline(budget.id, before=before, limit=2)
            seen += [altered.change.id for step in page.steps for altered in step.altered]
            if page.following is None:
                break
            before = page.following

    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


def test_nothing_of_djangos_own_log_is_shown(acme: Cast) -> None:
    page = browser(acme.ada).get(f"/admin/tenants/team/{acme.world.team.id}/history/").content.decode()

    assert "Team made" in page
    assert "change history" not in page


def test_an_id_of_nobody_has_no_history(acme: Cast) -> None:
    page = browser(acme.ann).get("/history/", {"object": str(new_id())}).content.decode()

    assert "Nothing is recorded about it that you may see." in page


def test_texts_are_compared_word_by_word() -> None:
    assert compared("letters to our customers", "letters to all customers") == [
        Piece("same", "letters to"),
        Piece("gone", "our"),
        Piece("new", "all"),
        Piece("same", "customers"),
    ]


def test_texts_that_share_too_little_stand_side_by_side() -> None:
    assert compared("one two three", "four five six") == []
    assert compared("word " * 3_000, "word " * 3_001) == []


def _actions(step: Step) -> list[str]:
    return [act.action for act in step.acts]
