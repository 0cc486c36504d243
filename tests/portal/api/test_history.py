"""The history over the management API."""

from __future__ import annotations

from kit.ids import new_id
from kit.scoping import within
from tenants.services import allotments
from tests.portal.api.caller import Script, refusal
from tests.support.cast import Cast
from tests.support.world import World


def test_each_change_names_the_act_that_made_it(acme: Cast) -> None:
    with within(acme.ada.actor.scope):
        budget = allotments.add_budget(
            actor=acme.ada.actor, name="Letters", limit_nano_usd=7, now=acme.world.now, level=allotments.Level()
        )
    patched = Script(acme.ada).patch(f"budgets/{budget.id}/", {"limit_usd": "9"})
    assert patched.status_code == 200

    changed, made = Script(acme.ann).get("history/", object=str(budget.id)).json()["results"]

    assert changed["before"] == {"limit_nano_usd": 7}
    assert changed["after"] == {"limit_nano_usd": 9_000_000_000}
    assert changed["actor_id"] == str(acme.ada.user.id)
    assert changed["address"] == "127.0.0.1"
    assert [act["action"] for act in changed["acts"]] == ["tenants.budget.changed"]
    assert (made["operation"], made["before"]) == ("insert", None)
    assert made["transaction"] != changed["transaction"]


def test_no_secret_is_told(acme: Cast) -> None:
    provider = acme.world.provider()

    [made] = Script(acme.ann).get("history/", object=str(provider.id)).json()["results"]

    assert made["secret"] == ["credential"]
    assert "credential" not in made["after"]


def test_pages_go_on_before_the_last_id(acme: Cast) -> None:
    model = acme.world.serve("helper")
    script = Script(acme.ann)
    whole = script.get("history/", object=str(model.id)).json()["results"]

    first = script.get("history/", object=str(model.id), limit=2).json()["results"]
    rest = script.get("history/", object=str(model.id), before=first[-1]["id"]).json()["results"]

    assert first + rest == whole


def test_another_organisations_object_has_none(acme: Cast, other_world: World) -> None:
    script = Script(acme.ann)
    for identifier in (other_world.team.id, new_id()):
        assert script.get("history/", object=str(identifier)).json() == {"results": []}


def test_an_object_is_asked_for(acme: Cast) -> None:
    assert refusal(Script(acme.ann).get("history/"))[0] == 400
