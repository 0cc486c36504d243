"""Who gets in, who may do what, and how a refusal is worded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kit import clock
from kit.scoping import within
from tenants.models import PersonalAccessToken
from tenants.services import people
from tests.portal.api.caller import Script, refusal
from tests.support import cast, issuers
from tests.support.cast import Browser, Cast
from tests.support.world import World

EVERYBODY = "ada alice ann bob dev rob"
READERS = {
    "organizations/": EVERYBODY,
    "teams/": EVERYBODY,
    "projects/": EVERYBODY,
    "providers/": EVERYBODY,
    "models/": EVERYBODY,
    "deployments/": EVERYBODY,
    "prices/": EVERYBODY,
    "routes/": EVERYBODY,
    "use-cases/": EVERYBODY,
    "third-party-files/": EVERYBODY,
    "agreements/": EVERYBODY,
    "model-cards/": EVERYBODY,
    "other-systems/": EVERYBODY,
    "approval-requests/": EVERYBODY,
    "approvals/": EVERYBODY,
    "evidence/": EVERYBODY,
    "evaluation-plans/": EVERYBODY,
    "evaluation-cases/": EVERYBODY,
    "evaluation-runs/": EVERYBODY,
    "questionnaires/": EVERYBODY,
    "questionnaires/in-force/": EVERYBODY,
    "memberships/": "ada alice ann bob",
    "api-keys/": "ada alice ann bob dev",
    "identity-providers/": "ada alice ann bob dev",
    "budgets/": "ada alice ann bob rob",
    "budget-increases/": EVERYBODY,
    "alerts/": "ada alice ann bob",
    "alert-rules/": "ada alice ann bob",
    "alert-channels/": "ada bob",
    "rate-limits/": "ada alice ann bob rob",
    "requests/": "ada alice ann bob dev",
    "shadow-use/": "ada alice ann bob dev",
    "claims/": EVERYBODY,
    "comments/": EVERYBODY,
    "notices/": EVERYBODY,
    "break-glass/": EVERYBODY,
    "waivers/": EVERYBODY,
    "suspensions/": "ada alice ann",
    "declaration/": EVERYBODY,
    "due/": EVERYBODY,
    "revocations/": "ada alice ann",
    "history/?object=00000000-0000-0000-0000-000000000001": "alice ann",
}
WRITERS = {
    "team": "ada",
    "project": "ada bob",
    "key": "ada bob dev",
    "budget of the organisation": "ada",
    "budget of the team": "ada bob",
    "rate limit of the team": "ada bob",
    "provider": "ada alice",
    "model": "ada alice",
    "use case": "ada alice",
    "approval": "ada alice bob dev",
    "evidence": "ada alice bob dev",
}


def _forms(acme: Cast, name: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """What each kind of row is made with, under a name of its own for each caller."""
    team, project = str(acme.world.team.id), str(acme.world.project.id)
    limits = {"requests_per_minute": 60, "tokens_per_minute": None, "concurrency": 2}
    described = {"slug": name, "name": name, "publisher": "Somebody", "version": "1"}
    use = {"name": name, "purpose": "letters", "ai_act_class": "minimal"}
    measured = {"kind": "evaluation", "title": name, "metric": "accuracy", "passed": True}
    model = acme.world.model(f"asked-by-{name}", approved=False)
    return {
        "team": ("teams/", {"name": name, "slug": name}),
        "project": ("projects/", {"team": team, "name": name, "slug": name}),
        "key": ("api-keys/", {"project": project, "name": name}),
        "budget of the organisation": ("budgets/", {"name": name, "limit_usd": "5"}),
        "budget of the team": ("budgets/", {"name": name, "limit_usd": "5", "team": team}),
        "rate limit of the team": ("rate-limits/level/", {"team": team, **limits}),
        "provider": ("providers/", {"name": name, "kind": "dummy"}),
        "model": ("models/", {**described, "context_window": 4096, "max_output_tokens": 512}),
        "use case": ("use-cases/", {**use, "slug": name}),
        "evidence": ("evidence/", {"model": str(model.id), **measured}),
        "approval": ("approval-requests/", {"model": str(model.id), "justification": "letters"}),
    }


def test_each_role_reads_what_it_may(acme: Cast) -> None:
    seen: dict[str, list[str]] = {path: [] for path in READERS}
    for name in EVERYBODY.split():
        script = Script(getattr(acme, name))
        for path in READERS:
            answer = script.get(path)
            if answer.status_code == 200:
                seen[path].append(name)
            else:
                assert refusal(answer) == (403, "permission_denied")

    assert {path: " ".join(names) for path, names in seen.items()} == READERS


def test_each_role_makes_what_it_may(acme: Cast) -> None:
    made: dict[str, list[str]] = {kind: [] for kind in WRITERS}
    for name in EVERYBODY.split():
        script = Script(getattr(acme, name))
        for kind, (path, body) in _forms(acme, name).items():
            answer = script.put(path, body) if path.endswith("level/") else script.post(path, body)
            if answer.status_code < 300:
                made[kind].append(name)
            else:
                assert refusal(answer) == (403, "permission_denied")

    assert {kind: " ".join(names) for kind, names in made.items()} == WRITERS


def test_a_key_comes_with_its_secret_once(acme: Cast) -> None:
    script = Script(acme.dev)
    issued = script.post("api-keys/", {"project": str(acme.world.project.id), "name": "nightly"}).json()

    shown = script.get(f"api-keys/{issued['id']}/").json()

    assert issued["secret"].startswith(issued["prefix"])
    assert "secret" not in shown
    assert issued["secret"] not in str(script.get("api-keys/").json())


def test_roles_change_only_with_a_one_time_password(acme: Cast) -> None:
    script = Script(acme.ada)
    body = {"email": "nina@example.com", "name": "Nina", "role": "auditor"}

    assert refusal(script.post("memberships/", body)) == (403, "otp_required")
    added = script.post("memberships/", body, otp=True)

    assert added.status_code == 201
    assert added.json()["first_password"]
    assert refusal(Script(acme.bob).post("memberships/", body, otp=True)) == (403, "permission_denied")
    assert refusal(script.delete(f"memberships/{added.json()['id']}/")) == (403, "otp_required")
    assert script.delete(f"memberships/{added.json()['id']}/", otp=True).status_code == 204


def test_the_organisations_settings_change_with_a_one_time_password(acme: Cast) -> None:
    path, script = f"organizations/{acme.world.organization.id}/", Script(acme.ada)
    body = {"cors_origins": ["https://app.example.com"], "default_monthly_budget_usd": "12.5"}

    assert refusal(script.patch(path, body)) == (403, "otp_required")
    assert refusal(Script(acme.alice).patch(path, body, otp=True)) == (403, "permission_denied")
    answer = script.patch(path, body, otp=True).json()

    assert answer["cors_origins"] == ["https://app.example.com"]
    assert answer["default_monthly_budget_usd"] == "12.5"
    assert answer["time_zone"] == "UTC"


@pytest.mark.parametrize("origin", ["app.example.com", "https://app.example.com/", "*", "null", "https://a b"])
def test_what_is_no_origin_is_not_let_in(acme: Cast, origin: str) -> None:
    answer = Script(acme.ada).patch(
        f"organizations/{acme.world.organization.id}/", {"cors_origins": [origin]}, otp=True
    )

    assert refusal(answer) == (400, "invalid_request")
    assert answer.json()["param"] == "cors_origins"


def test_nobody_gets_in_without_a_good_token(acme: Cast) -> None:
    script = Script(acme.dev)
    with within(acme.dev.actor.scope):
        people.revoke_access_token(
            actor=acme.dev.actor, token=PersonalAccessToken.objects.get(user=acme.dev.user), now=clock.now()
        )

    without = Browser().get("/api/models/")
    malformed = Browser().get("/api/models/", headers={"Authorization": "Bearer chp_nonsense"})

    assert refusal(without) == (401, "missing_api_key")
    assert refusal(malformed) == (401, "invalid_api_key")
    assert refusal(script.get("models/")) == (401, "invalid_api_key")
    assert without.headers["WWW-Authenticate"] == 'Bearer realm="chancery"'


def test_a_token_ends_by_itself(acme: Cast) -> None:
    script = Script(acme.dev)

    with clock.shifted(timedelta(days=91)):
        assert refusal(script.get("models/")) == (401, "invalid_api_key")


def test_a_gateway_key_is_no_access_token(acme: Cast) -> None:
    answer = Browser().get("/api/models/", headers=acme.world.headers)

    assert refusal(answer) == (401, "invalid_api_key")


def test_a_token_is_not_a_session(acme: Cast) -> None:
    answer = Browser().get("/requests/", headers={"Authorization": f"Bearer {acme.dev.token()}"})

    assert answer.headers["Location"].startswith("/sign-in/")


def test_what_is_somebody_elses_is_not_there(acme: Cast, other_world: World) -> None:
    foreign = other_world.model("foreign", approved=False)
    script = Script(acme.ada)

    assert refusal(script.get(f"models/{foreign.id}/")) == (404, "not_found")
    assert refusal(script.post(f"models/{foreign.id}/suspend/")) == (404, "not_found")
    asked = script.post("approval-requests/", {"model": str(foreign.id), "justification": "x"})
    assert refusal(asked) == (400, "invalid_request")


def test_a_lead_reaches_the_own_team_only(acme: Cast) -> None:
    other, project = acme.world.new_team("research")
    script = Script(acme.bob)

    assert refusal(script.get(f"teams/{other.id}/")) == (404, "not_found")
    issued = script.post("api-keys/", {"project": str(project.id), "name": "theirs"})
    assert refusal(issued) == (400, "invalid_request")
    assert refusal(script.post("budgets/", {"name": "all", "limit_usd": "1"})) == (403, "permission_denied")


def test_every_wrong_field_is_named(acme: Cast) -> None:
    answer = Script(acme.ada).post("models/", {"slug": "no spaces please", "name": "x", "context_window": -1})

    assert refusal(answer) == (400, "invalid_request")
    wrong = {error["param"] for error in answer.json()["errors"]}
    assert wrong == {"slug", "publisher", "version", "context_window", "max_output_tokens"}


def test_what_is_wrong_in_a_list_is_said_in_words(acme: Cast) -> None:
    answer = Script(acme.ada).post("approval-requests/", {"regions": ["eu", ""], "justification": "letters"})

    told = {error["param"]: error["detail"] for error in answer.json()["errors"]}
    assert told["regions"] == "1: This field may not be blank."


def test_what_is_not_json_is_said_to_be_none(acme: Cast) -> None:
    headers = {"Authorization": f"Bearer {acme.ada.token()}"}
    answer = Browser().post("/api/teams/", "{", content_type="application/json", headers=headers)

    assert refusal(answer) == (400, "invalid_json")
    deep = Browser().post("/api/teams/", "[" * 100_000, content_type="application/json", headers=headers)
    assert refusal(deep) == (400, "invalid_json")
    assert refusal(Script(acme.ada).delete("teams/")) == (405, "method_not_allowed")


def test_what_is_refused_leaves_nothing_behind(acme: Cast) -> None:
    script = Script(acme.ada)
    assert script.post("teams/", {"name": "Twice", "slug": "twice"}).status_code == 201

    assert refusal(script.post("teams/", {"name": "Twice", "slug": "twice"})) == (400, "invalid_request")

    budgets = script.get("budgets/", search="Twice").json()["results"]
    assert len(budgets) == 0
    assert script.get("teams/", slug="twice").json()["count"] == 1


def test_a_session_that_writes_needs_its_token_against_forgery(acme: Cast) -> None:
    client = cast.browser(acme.ada)
    client.handler.enforce_csrf_checks = True

    answer = client.post("/api/teams/", {"name": "Forged", "slug": "forged"}, content_type="application/json")

    assert refusal(answer) == (403, "permission_denied")


def test_an_issuer_is_registered_given_other_keys_and_revoked_with_a_code_each(acme: Cast) -> None:
    ada, jwks = Script(acme.ada), issuers.new_jwks("next")
    form = {
        "project": str(acme.world.project.id),
        "name": "directory",
        "issuer": f"https://{acme.world.organization.slug}.example.com",
        "audience": "chancery",
        "jwks": issuers.new_jwks(),
    }
    assert refusal(ada.post("identity-providers/", form)) == (403, "otp_required")
    assert refusal(Script(acme.bob).post("identity-providers/", form)) == (403, "permission_denied")
    assert refusal(ada.post("identity-providers/", {**form, "jwks": {}}, otp=True)) == (400, "invalid_request")
    made = ada.post("identity-providers/", form, otp=True).json()
    assert (made["jwks"], made["algorithms"]) == (form["jwks"], ["ES256", "RS256"])
    address = f"identity-providers/{made['id']}"
    assert refusal(ada.put(f"{address}/keys/", {"jwks": jwks})) == (403, "otp_required")
    assert ada.put(f"{address}/keys/", {"jwks": jwks}, otp=True).json()["jwks"] == jwks
    assert ada.post(f"{address}/revoke/", otp=True).json()["revoked_at"]
    assert refusal(ada.put(f"{address}/keys/", {"jwks": jwks}, otp=True)) == (409, "conflict")
