"""Onboarding a team as people and scripts do it: the page, the management API, the command."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.html import escape

from governance.models import Model
from kit import clock
from kit.ids import new_id
from kit.scoping import within
from tenants.models import ApiKey, Each, Team
from tenants.services import allotments
from tenants.services.organizations import Limits
from tests.portal.api.caller import Script, refusal
from tests.support.asked import ask
from tests.support.cast import Cast, browser

ADDRESS = "/teams/new/"


def bound(acme: Cast, slug: str = "helper") -> Model:
    """Approved for the team that is there."""
    model = acme.world.model(slug, approved=False)
    acme.world.approve(model, teams=[acme.world.team.id])
    return model


def entered(**said: Any) -> dict[str, Any]:
    form = {
        "team": "Claims & Letters",
        "lead_email": f"lena.{new_id().hex[-12:]}@example.com",
        "lead_name": "Lena",
        "project": "Letters",
        "max_data_class": "2",
    }
    return {**form, **said}


def body(acme: Cast, **said: Any) -> dict[str, Any]:
    return {
        "team": {"name": "Claims", "slug": "claims"},
        "lead": {"email": acme.olga.user.email, "name": "Olga"},
        "project": {"name": "Letters", "slug": "letters"},
        **said,
    }


def teams(acme: Cast) -> set[str]:
    with within(acme.ada.actor.scope):
        return set(Team.objects.values_list("slug", flat=True))


def test_it_says_what_will_be_made_before_anything_is(acme: Cast) -> None:
    model = bound(acme)
    form = entered(models=[str(model.id)], reason="Letters.", monthly_budget="250", concurrency="4")
    shown = browser(acme.ada).post(ADDRESS, form).content.decode()
    assert "Nothing is made yet" in shown
    assert "claims-letters" in shown
    assert "$250.00 a month" in shown
    assert "4 calls at once" in shown
    assert "officers are asked to let the team call helper" in shown
    assert teams(acme) == {"payments"}


def test_what_was_made_is_shown_once_with_its_key(acme: Cast) -> None:
    model, client = bound(acme), browser(acme.ada)
    form = entered(models=[str(model.id)], reason="Letters.", confirmed="1")
    made = client.post(ADDRESS, form)
    shown = made.content.decode()
    assert (made.status_code, "no-store" in made.headers["Cache-Control"]) == (201, True)
    with within(acme.ada.actor.scope):
        [key] = ApiKey.objects.filter(team__slug="claims-letters")
        assert key.max_data_class == 2
    assert shown.count(f">{key.prefix}") == 1
    assert "First password of the lead" in shown
    assert "asked for" in shown.partition("What waits for approval")[2]

    again = client.post(ADDRESS, form)
    assert again.status_code == 200
    assert "There is such a team already" in again.content.decode()
    assert "The secret of" not in again.content.decode()


def test_what_is_wrong_is_said_at_its_field_and_what_was_entered_stays(acme: Cast) -> None:
    client = browser(acme.ada)
    wrong = client.post(ADDRESS, entered(lead_email="nobody", without_budget="on", monthly_budget="3"))
    shown = wrong.content.decode()
    assert wrong.status_code == 400
    assert "Enter a valid email address" in shown
    assert "Either a budget or none." in shown
    assert escape("Claims & Letters") in shown
    back = client.post(ADDRESS, entered(change="1"))
    assert (back.status_code, "See what will be made" in back.content.decode()) == (200, True)


def test_a_refusal_is_shown_and_nothing_is_made(acme: Cast) -> None:
    own = browser(acme.ada).post(ADDRESS, entered(lead_email=acme.ada.user.email, confirmed="1"))
    assert (own.status_code, "Nobody gives themselves a role" in own.content.decode()) == (409, True)
    client = browser(acme.ada)
    with clock.shifted(timedelta(hours=2)):
        late = client.post(ADDRESS, entered(confirmed="1"))
    assert (late.status_code, "Give a code" in late.content.decode()) == (403, True)
    assert teams(acme) == {"payments"}


def test_what_is_usual_here_is_said(acme: Cast) -> None:
    with within(acme.world.system.scope):
        limits = Limits(requests_per_minute=100)
        allotments.set_limits(actor=acme.world.system, limits=limits, now=acme.world.now, each=Each.TEAM)
    shown = browser(acme.ada).get(ADDRESS).content.decode()
    assert "As every team here, it has 100 requests per minute." in shown
    assert "Empty: none." in shown
    assert "Models to ask for" not in shown, "there are none"


@pytest.mark.parametrize("name", ["alice", "ann", "bob", "dev", "rob"])
def test_administrators_alone_onboard(acme: Cast, name: str) -> None:
    person = getattr(acme, name)
    assert browser(person).get(ADDRESS).status_code == 403
    assert refusal(Script(person).post("teams/onboard/", body(acme), otp=True)) == (403, "permission_denied")


def test_over_the_api_it_takes_a_code_and_is_done_once(acme: Cast) -> None:
    ada, model = Script(acme.ada), bound(acme)
    form = body(acme, models=[str(model.id)], reason="Letters.", monthly_budget_usd="12.5", limits={"concurrency": 3})
    assert refusal(ada.post("teams/onboard/", form)) == (403, "otp_required")
    made = ada.post("teams/onboard/", form, otp=True)
    shown = made.json()
    assert (made.status_code, shown["is_new"], shown["first_password"]) == (201, True, None)
    assert shown["secret"].startswith(shown["keys"][0]["prefix"])
    assert [each["limit_usd"] for each in shown["budgets"]] == ["12.5"]
    assert [each["concurrency"] for each in shown["rate_limits"]] == [3]
    assert [each["model"] for each in shown["waiting"]] == [str(model.id)]
    assert shown["callable"] == []

    again = ada.post("teams/onboard/", form, otp=True)
    assert (again.status_code, again.json()["is_new"], again.json()["secret"]) == (200, False, None)
    assert {**again.json(), "is_new": True, "secret": shown["secret"]} == shown


def test_over_the_api_a_refusal_says_which_model(acme: Cast) -> None:
    ada, model = Script(acme.ada), bound(acme)
    ask(acme.world, model=model, teams=[acme.world.team.id])
    answer = ada.post("teams/onboard/", body(acme, models=[str(model.id)], reason="Letters."), otp=True)
    assert refusal(answer) == (409, "conflict")
    assert (answer.json()["param"], answer.json()["detail"].split(":")[0]) == ("models", str(model))
    assert teams(acme) == {"payments"}


def test_the_command_leaves_the_secret_in_a_file_and_says_the_rest(
    acme: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANCERY_TOKEN", acme.ada.token())
    bound(acme)

    def run(file: str, *more: str) -> str:
        said = StringIO()
        told = ["--lead", acme.olga.user.email, "--project", "letters", "--monthly-budget", "40", *more]
        call_command(
            "onboard_team", "claims", "Claims", *told, code=acme.ada.code(), secrets=tmp_path / file, stdout=said
        )
        return said.getvalue()

    with pytest.raises(CommandError, match="No such model: helpr"):
        run("none.json", "--model", "helpr")
    said = run("secrets.json", "--model", "helper", "--reason", "Letters.")
    [secret] = json.loads((tmp_path / "secrets.json").read_text()).values()
    assert said.startswith("claims is made.\n")
    assert "Claims monthly: $40.00 per month" in said
    assert "waits for a decision: helper\n" in said
    assert secret not in said
    assert run("again.json").startswith("There is a team claims already; nothing is made.\n")
    assert not (tmp_path / "again.json").exists()
