"""Pages of third parties, model cards and systems that run elsewhere."""

from __future__ import annotations

import base64
from html import unescape

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from governance.intake.table import MOST_BYTES
from governance.models import OtherSystem
from kit.scoping import within
from tests.governance.intake_files import MODEL, SYSTEM, csv_of
from tests.portal.api.caller import Script
from tests.support.cast import Cast, browser
from tests.support.world import World


def test_what_is_missing_of_a_provider_is_said_in_the_list_on_its_page_and_where_it_is_decided(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    provider = acme.world.provider("https://models.example.com/v1")
    acme.world.deploy(model, provider)
    asked = Script(acme.dev).post("approval-requests/", {"model": str(model.id), "justification": "letters"}).json()
    pages = [
        reverse("third-parties"),
        reverse("third-party", args=[provider.id]),
        reverse("admin:governance_provider_change", args=[provider.id]),
        reverse("approval", args=[asked["id"]]),
    ]

    client = browser(acme.alice)

    for page in pages:
        assert "No data processing agreement is on file." in client.get(page).content.decode(), page


def test_an_agreement_is_put_on_file_and_ended_on_the_page(acme: Cast) -> None:
    provider = acme.world.provider("https://models.example.com/v1")
    client, page = browser(acme.alice), reverse("third-party", args=[provider.id])
    form = {"kind": "dpa", "reference": "Contract 12", "signed_on": "2026-01-31", "valid_until": "2025-01-31"}

    refused = client.post(reverse("third-party-agree", args=[provider.id]), form)
    client.post(reverse("third-party-agree", args=[provider.id]), {**form, "valid_until": ""})

    assert refused.status_code == 400
    assert "Contract 12" in client.get(page).content.decode()
    ending = client.get(page).content.decode().split('action="/agreements/')[1].split('"')[0]
    assert client.post(f"/agreements/{ending}").status_code == 302
    assert ">ended<" in client.get(page).content.decode()


def test_what_is_known_of_a_provider_is_kept_with_its_lines(acme: Cast) -> None:
    provider = acme.world.provider("https://models.example.com/v1")
    form = {"location": "Ireland", "sub_processors": "Hoster, Ireland, servers\nMailer, France, mail"}

    browser(acme.ada).post(reverse("third-party-describe", args=[provider.id]), {**form, "trains_on_data": "false"})

    [file] = Script(acme.rob).get("third-party-files/").json()["results"]
    assert file["sub_processors"] == ["Hoster, Ireland, servers", "Mailer, France, mail"]
    assert file["trains_on_data"] is False
    assert "No data processing agreement is on file." in file["gaps"]


def test_a_card_is_written_anew_and_compared_with_the_one_before(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    client, address = browser(acme.ada), reverse("model-card-write", args=[model.id])
    client.post(address, {"based_on": 0, "intended_use": "It writes letters in German for customers."})
    client.post(address, {"based_on": 1, "intended_use": "It writes letters in French for customers."})
    stale = client.post(address, {"based_on": 1, "intended_use": "It writes anything."})

    page = browser(acme.rob).get(reverse("model-card", args=[model.id])).content.decode()

    assert stale.status_code == 409
    assert "<del>German</del>" in page
    assert "<ins>French</ins>" in page
    assert "Keep as a new version" not in page


def test_markup_in_a_card_is_text(acme: Cast) -> None:
    model = acme.world.model("helper", approved=False)
    form = {"based_on": 0, "intended_use": "<script>alert(1)</script>", "text": "[link](javascript:alert(1))"}
    client = browser(acme.ada)
    client.post(reverse("model-card-write", args=[model.id]), form)

    page = client.get(reverse("model-card", args=[model.id])).content.decode()

    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_a_near_duplicate_is_pointed_out_before_it_is_listed_twice(acme: Cast) -> None:
    client, address = browser(acme.ada), reverse("admin:governance_othersystem_add")
    form = {
        "name": "Copilot",
        "vendor": "Contoso",
        "purpose": "Drafts mail.",
        "owner": str(acme.dev.user.id),
        "ai_act_class": "limited",
        "max_data_class": "1",
    }
    assert client.post(address, form).status_code == 302

    warned = client.post(address, {**form, "name": "Co-Pilot"})
    taken = client.post(address, {**form, "name": "Co-Pilot", "is_another": "on"})

    assert "reads alike: Copilot (Contoso)" in warned.content.decode()
    assert taken.status_code == 302
    with within(acme.world.system.scope):
        assert OtherSystem.objects.count() == 2


def test_the_answer_to_a_script_names_what_reads_alike(acme: Cast) -> None:
    acme.world.model("gpt-4o", approved=False)
    form = {"name": "gpt 4o", "publisher": "Somebody", "version": "2", "context_window": 8, "max_output_tokens": 4}

    answer = Script(acme.ada).post("models/", {**form, "slug": "gpt4o"})

    assert [each["slug"] for each in answer.json()["similar"]] == ["gpt-4o"]


def test_a_retired_system_stays_as_it_was(acme: Cast) -> None:
    script = Script(acme.ada)
    form = {"name": "Copilot", "vendor": "Contoso", "purpose": "Drafts mail.", "ai_act_class": "limited"}
    made = script.post("other-systems/", {**form, "owner": str(acme.dev.user.id)}).json()

    retired = script.post(f"other-systems/{made['id']}/retire/").json()

    assert retired["retired_at"]
    assert script.patch(f"other-systems/{made['id']}/", {"purpose": "Drafts all."}).status_code == 409
    page = browser(acme.ada).get(reverse("admin:governance_othersystem_change", args=[made["id"]]))
    assert b"Drafts mail." in page.content


def test_an_owner_is_somebody_of_the_organisation(acme: Cast, other_world: World) -> None:
    form = {"name": "Copilot", "vendor": "Contoso", "purpose": "Drafts mail.", "ai_act_class": "limited"}

    answer = Script(acme.ada).post("other-systems/", {**form, "owner": str(other_world.admin.id)})

    assert answer.status_code == 400


def test_a_file_is_looked_at_and_then_taken_in(acme: Cast) -> None:
    client = browser(acme.ada)
    file = SimpleUploadedFile("inventory.csv", csv_of(MODEL, [*SYSTEM[:1], 'Bot "one"', *SYSTEM[2:]]))

    look = client.post(reverse("inventory"), {"file": file})
    table = unescape(look.content.decode().split('name="table" value="')[1].split('"')[0])
    taken = client.post(reverse("inventory-take-in"), {"table": table})

    assert "1 model and 1 other system." in look.content.decode()
    assert taken.status_code == 302
    with within(acme.world.system.scope):
        assert OtherSystem.objects.get().name == 'Bot "one"'


def test_a_file_with_mistakes_shows_them_and_offers_nothing_to_press(acme: Cast) -> None:
    file = SimpleUploadedFile("inventory.csv", csv_of(MODEL, ["model", "<b>Other</b>", "Somebody"]))

    page = browser(acme.ada).post(reverse("inventory"), {"file": file}).content.decode()

    assert "<code>version</code>: Missing." in page
    assert "&lt;b&gt;Other" in page
    assert "List all" not in page


def test_what_is_no_table_is_refused_on_the_page(acme: Cast) -> None:
    client = browser(acme.ada)

    answers = [
        client.post(reverse("inventory"), {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04 no")}),
        client.post(reverse("inventory"), {"file": SimpleUploadedFile("a.csv", b"a,b\n1,2")}),
        client.post(reverse("inventory"), {}),
        client.post(reverse("inventory-take-in"), {"table": "[1"}),
        client.post(reverse("inventory-take-in"), {"table": '[["kind"], 7]'}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 5


def test_the_template_can_be_taken_in_as_it_is(acme: Cast) -> None:
    client = browser(acme.ada)
    template = client.get(reverse("inventory-template")).content.replace(
        b"somebody@example.com", acme.dev.user.email.encode()
    )

    look = client.post(reverse("inventory"), {"file": SimpleUploadedFile("inventory.csv", template)})

    assert b"List all 2" in look.content


def test_a_script_takes_in_what_it_has_looked_at(acme: Cast) -> None:
    script, file = Script(acme.alice), base64.b64encode(csv_of(MODEL, SYSTEM)).decode()

    looked = script.post("inventory/", {"file": file}).json()
    taken = script.post("inventory/", {"file": file, "is_dry_run": False}).json()
    again = script.post("inventory/", {"file": file, "is_dry_run": False})

    assert (looked["is_listed"], looked["models"], looked["systems"]) == (False, 1, 1)
    assert taken["is_listed"]
    assert again.status_code == 400
    assert script.post("inventory/", {"file": "no base64!"}).status_code == 400


def test_a_file_of_the_largest_size_comes_through_the_api(acme: Cast) -> None:
    padding = (b" " * 1_000 + b"\n") * 2_100
    content = (csv_of(["system", "Bot", "Contoso"]) + padding)[:MOST_BYTES]

    answer = Script(acme.alice).post("inventory/", {"file": base64.b64encode(content).decode()})

    assert answer.status_code == 200
    assert [row["number"] for row in answer.json()["rows"]] == [2]


def test_who_does_not_manage_the_register_takes_nothing_in(acme: Cast) -> None:
    file = base64.b64encode(csv_of(MODEL)).decode()

    assert Script(acme.dev).post("inventory/", {"file": file}).status_code == 403
    assert browser(acme.ann).get(reverse("inventory")).status_code == 403
