"""The admin calls the services and nothing else, and tells what they refuse."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.urls import reverse

import portal.urls  # noqa: F401 - registers with the admin
from audit.models import Record
from governance import price_lines
from governance.models import Price, Provider, Route
from kit import clock
from kit.scoping import within
from tenants.admin.base import GovernedAdmin
from tenants.models import ApiKey, IdentityProvider, Organization, Team
from tests.support import issuers
from tests.support.cast import Cast, browser


def _add(acme: Cast, name: str, model: str, form: dict[str, Any]) -> Any:
    return browser(getattr(acme, name)).post(reverse(f"admin:{model}_add"), form)


def _errors(answer: Any) -> list[str]:
    form = answer.context_data["adminform"].form
    return [str(error) for errors in form.errors.values() for error in errors]


def _acts(acme: Cast) -> list[str]:
    with within(acme.world.system.scope):
        return list(Record.objects.filter(kind="act").order_by("id").values_list("action", flat=True))


def test_every_class_of_the_admin_is_governed() -> None:
    for registered in admin.site._registry.values():
        kind = type(registered)
        assert isinstance(registered, GovernedAdmin), kind
        for name in ("save_model", "save_related", "delete_model", "delete_queryset", "has_delete_permission"):
            assert getattr(kind, name) is getattr(GovernedAdmin, name), f"{kind.__name__}.{name}"
        assert not kind.list_editable
        assert not kind.inlines
        assert kind.actions is None
        assert registered.purpose, f"{kind.__name__} does not say what its list is for"


def test_what_a_form_makes_is_in_the_ledger_under_the_persons_name(acme: Cast) -> None:
    assert _add(acme, "ada", "tenants_team", {"name": "Research", "slug": "research"}).status_code == 302

    with within(acme.world.system.scope):
        record = Record.objects.filter(action="tenants.team.created").latest("id")
    assert record.actor_id == acme.ada.user.id


def test_a_name_that_is_taken_is_told_at_its_field(acme: Cast) -> None:
    answer = _add(acme, "ada", "tenants_team", {"name": "Payments", "slug": "payments"})

    assert answer.status_code == 200
    assert answer.context_data["adminform"].form.errors["slug"] == ["There is one of this name already."]
    with within(acme.world.system.scope):
        assert Team.objects.count() == 1


def test_an_act_without_a_fresh_code_says_where_to_give_one_and_keeps_what_was_entered(acme: Cast) -> None:
    form = {"email": "nina@example.com", "person_name": "Nina", "role": "auditor", "team": ""}
    client = browser(acme.ada)
    with clock.shifted(timedelta(hours=2)):
        answer = client.post(reverse("admin:tenants_membership_add"), form)

    assert any("Give a one-time password" in error for error in _errors(answer))
    assert b'value="nina@example.com"' in answer.content


def test_nobody_becomes_an_administrator_for_want_of_a_choice(acme: Cast) -> None:
    form = {"email": "nina@example.com", "person_name": "Nina", "team": ""}
    answer = _add(acme, "ada", "tenants_membership", {**form, "role": ""})
    assert '<option value="" selected>choose</option>' in answer.rendered_content
    assert answer.context_data["adminform"].form.errors["role"] == ["This field is required."]


def test_a_role_of_a_team_is_asked_for_its_team(acme: Cast) -> None:
    form = {"email": "nina@example.com", "person_name": "Nina", "role": "developer", "team": ""}
    answer = _add(acme, "ada", "tenants_membership", form)
    assert answer.context_data["adminform"].form.errors == {"team": ["This role is held in a team."]}


def test_looking_at_an_acts_page_does_nothing(acme: Cast) -> None:
    client, row = browser(acme.dev), acme.world.key
    change = reverse("admin:tenants_apikey_change", args=[row.id])
    page = client.get(change).content.decode()
    revoke = next(part.split('"')[0] for part in page.split('href="') if "/revoke" in part.split('"')[0])

    asked = client.get(revoke)

    assert b"It cannot be undone" in asked.content
    with within(acme.world.system.scope):
        assert ApiKey.objects.get(id=row.id).revoked_at is None
    done = client.post(revoke)
    assert done.status_code == 302, done.content
    with within(acme.world.system.scope):
        assert ApiKey.objects.get(id=row.id).revoked_at is not None


def test_an_act_of_another_role_is_refused_past_its_button(acme: Cast) -> None:
    row = acme.world.key
    page = browser(acme.dev).get(reverse("admin:tenants_apikey_change", args=[row.id])).content.decode()
    revoke = next(part.split('"')[0] for part in page.split('href="') if "/revoke" in part.split('"')[0])

    assert browser(acme.ann).post(revoke).status_code == 403
    with within(acme.world.system.scope):
        assert ApiKey.objects.get(id=row.id).revoked_at is None


def test_a_credential_is_taken_and_never_shown(acme: Cast) -> None:
    form = {
        "name": "Elsewhere",
        "kind": "openai_compatible",
        "base_url": "https://api.example.com/v1",
        "credential_text": "sk-very-secret",
    }
    assert _add(acme, "ada", "governance_provider", form).status_code == 302
    with within(acme.world.system.scope):
        provider = Provider.objects.get()

    page = browser(acme.ada).get(reverse("admin:governance_provider_change", args=[provider.id]))

    assert b"sk-very-secret" not in page.content
    assert b"sk-very-secret" not in bytes(provider.credential or b"")


def test_a_routes_deployments_are_tried_in_the_order_of_the_form(acme: Cast) -> None:
    first, second = (
        acme.world.deploy(acme.world.model(slug), acme.world.provider()) for slug in ("spare", "preferred")
    )
    form = {"slug": "letters", "description": "", "team": "", "first": str(second.id), "second": str(first.id)}

    twice = _add(acme, "ada", "governance_route", {**form, "second": str(second.id)})
    assert _errors(twice) == ["It is in the order already."]
    assert _add(acme, "ada", "governance_route", form).status_code == 302

    with within(acme.world.system.scope):
        candidates = [candidate.deployment_id for candidate in Route.objects.get().candidates.order_by("position")]
    assert candidates == [second.id, first.id]


def test_a_price_is_entered_with_all_its_rates(acme: Cast) -> None:
    deployment = acme.world.deploy(acme.world.model("helper"), acme.world.provider())
    form = {"deployment": str(deployment.id), "effective_from_0": "2026-12-01", "effective_from_1": "00:00"}
    form |= {"input": "3", "output": "15", "discount": "12.5", "reference": "contract 7"}

    half = _add(acme, "ada", "governance_price", {**form, "more_rates": "batch input 1.5"})
    assert "batch above 0 input tokens" in _errors(half)[0]
    nothing = _add(acme, "ada", "governance_price", {**form, "more_rates": "tips 5"})
    assert _errors(nothing)[0].startswith("“tips 5”: tips has no rate")
    whole = {**form, "more_rates": "batch input 1.5\nbatch output 7.5\ncache_write 3.75"}
    assert _add(acme, "ada", "governance_price", whole).status_code == 302

    with within(acme.world.system.scope):
        price = Price.objects.latest("effective_from")
    assert [price_lines.written(rate) for rate in price.further()] == whole["more_rates"].splitlines()
    assert (price.discount_ppm, price.reference) == (125_000, "contract 7")


def test_estimates_of_a_model_are_set_on_a_page_that_says_what_they_are(acme: Cast) -> None:
    model = acme.world.model("helper")
    address = reverse("admin:governance_model_estimates", args=[model.id])
    script = browser(acme.ada)
    assert "16,384" in script.get(address).content.decode()

    assert script.post(address, {"usual_output_tokens": "2048", "image_tokens": ""}).status_code == 302

    with within(acme.world.system.scope):
        model.refresh_from_db()
    assert (model.usual_output_tokens, model.image_tokens) == (2_048, None)


def test_settings_of_the_organisation_change_on_its_page(acme: Cast) -> None:
    organization = acme.world.organization
    address = reverse("admin:tenants_organization_change", args=[organization.id])
    form = {"name": "Acme", "time_zone": "Europe/Berlin", "cors_origins": "https://app.example.com\n"}

    wrong = browser(acme.ada).post(address, {**form, "time_zone": "Europe/Nowhere"})
    assert _errors(wrong) == ["Not a time zone of the IANA database."]
    assert browser(acme.alice).post(address, form).status_code == 403
    assert browser(acme.ada).post(address, {**form, "monthly_budget": "12.50"}).status_code == 302

    with within(acme.world.system.scope):
        changed = Organization.objects.get()
    assert (changed.name, changed.time_zone) == ("Acme", "Europe/Berlin")
    assert changed.cors_origins == ["https://app.example.com"]
    assert changed.default_monthly_budget_nano_usd == 12_500_000_000
    assert _acts(acme)[-1] == "tenants.organization.changed"


def test_an_identity_provider_is_registered_by_pasting_its_key_set_which_is_replaced_and_revoked_likewise(
    acme: Cast,
) -> None:
    first, second = issuers.new_jwks("first"), issuers.new_jwks("second")
    form = {
        "project": str(acme.world.project.id),
        "name": "Our directory",
        "issuer": f"https://{acme.world.organization.slug}.example.com",
        "audience": "chancery",
        "jwks": json.dumps(first),
        "algorithms": ["ES256"],
        "scopes": ["inference"],
        "max_data_class": "1",
        "networks": "",
    }
    assert _errors(_add(acme, "ada", "tenants_identityprovider", {**form, "jwks": "{"})) == ["This is not JSON."]
    assert "key set" in str(_errors(_add(acme, "ada", "tenants_identityprovider", {**form, "jwks": '{"keys": []}'})))
    assert _add(acme, "ada", "tenants_identityprovider", form).status_code == 302
    assert len(_errors(_add(acme, "ada", "tenants_identityprovider", form))) == 1

    with within(acme.world.system.scope):
        row = IdentityProvider.objects.get()
    client = browser(acme.ada)
    page = client.get(reverse("admin:tenants_identityprovider_change", args=[row.id])).content.decode()
    addresses = [part.split('"')[0] for part in page.split('href="')]
    replace, revoke = (next(each for each in addresses if word in each) for word in ("/replace", "/revoke"))
    assert b"Key first: ES256." in client.get(replace).content
    assert client.post(replace, {"jwks": json.dumps({"keys": []})}).status_code == 200
    assert client.post(replace, {"jwks": json.dumps(second)}).status_code == 302
    assert client.post(revoke).status_code == 302

    with within(acme.world.system.scope):
        row.refresh_from_db()
    assert (row.jwks, row.revoked_at is None) == (second, False)
