"""Evidence on the pages and over the API: sent, shown, taken home, and out of anybody else's reach."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.documents import MOST_BYTES
from governance.models import Evidence, EvidenceKind
from kit import clock
from kit.scoping import within
from tests.portal.api.caller import Script
from tests.support.acts import add_evidence, new_model
from tests.support.cast import Cast, assemble, browser

PDF = b"%PDF-1.7\nof letters"


def send(acme: Cast, content: bytes, name: str = "dpia.pdf", **entered: str) -> Any:
    form = {"subject": str(new_model(acme.world).id), "kind": "dpia", "title": "Letters", **entered}
    return browser(acme.dev).post(
        "/evidence/new/", {**form, "file": SimpleUploadedFile(name, content, "application/pdf")}
    )


def added(acme: Cast, **offered: Any) -> Evidence:
    return add_evidence(acme.world, acme.dev.actor, new_model(acme.world), EvidenceKind.DPIA, **offered)


def test_a_file_is_sent_and_taken_home_as_something_to_save(acme: Cast) -> None:
    page = send(acme, PDF, valid_through="2099-06-30").headers["Location"]
    assert b"application/pdf" in browser(acme.alice).get(page).content
    answer = browser(acme.alice).get(f"{page}file/")
    assert answer.content == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="dpia-')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"<html><script>alert(1)</script>", "A file is PDF"), (PDF.ljust(MOST_BYTES + 1), "10 MiB at most")],
    ids=["html that is called a pdf", "one byte too long"],
)
def test_what_is_not_taken_is_said_beside_the_file(acme: Cast, content: bytes, said: str) -> None:
    answer = send(acme, content)
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_a_result_without_its_verdict_is_asked_for_it(acme: Cast) -> None:
    answer = send(acme, PDF, metric="accuracy", value="0.9")
    assert answer.status_code == 400
    assert b"whether it passed" in answer.content
    assert send(acme, PDF, metric="accuracy", value="0.9", passed="no").status_code == 302


def test_the_list_points_out_what_expires(acme: Cast) -> None:
    assert b"No evidence yet" in browser(acme.rob).get("/evidence/").content
    added(acme, title="Good for long")
    added(acme, title="Good for days", expires_at=clock.now() + timedelta(days=20))
    failed = added(acme, title="Not good enough", content=PDF, expires_at=clock.now() + timedelta(days=90))
    page = browser(acme.alice).get("/evidence/?tab=expiring").content.decode()
    assert "Good for days" in page
    assert "Good for long" not in page
    assert "expires soon" in page
    assert b"Nothing has expired" in browser(acme.alice).get("/evidence/?tab=expired").content
    assert browser(acme.bob).post(f"/evidence/{failed.id}/withdraw/", {"reason": "mine?"}).status_code == 403
    assert browser(acme.alice).post(f"/evidence/{failed.id}/withdraw/", {}).status_code == 400
    assert browser(acme.alice).post(f"/evidence/{failed.id}/withdraw/", {"reason": "Wrong."}).status_code == 302
    assert "Not good enough" in browser(acme.ann).get("/evidence/?tab=withdrawn").content.decode()
    assert "Wrong." in browser(acme.ann).get(f"/evidence/{failed.id}/").content.decode()


def test_another_organisations_evidence_is_not_there(acme: Cast) -> None:
    found, stranger = added(acme, content=PDF), assemble()
    for page in ("", "file/"):
        assert browser(stranger.alice).get(f"/evidence/{found.id}/{page}").status_code == 404
        assert Script(stranger.alice).get(f"evidence/{found.id}/{page}").status_code == 404
    assert Script(stranger.alice).get("evidence/").json()["results"] == []


def test_a_file_comes_over_the_api(acme: Cast) -> None:
    model = new_model(acme.world)
    form = {"model": str(model.id), "kind": "red_team", "title": "Attacks", "metric": "refused", "passed": "true"}
    client, headers = browser(acme.rob), {"Authorization": f"Bearer {acme.dev.token()}"}
    client.cookies.clear()
    file = SimpleUploadedFile("attacks.json", b'{"refused": 41}', "text/html")
    made = client.post("/api/evidence/", {**form, "file": file}, headers=headers)
    assert made.status_code == 201, made.content
    assert (made.json()["media_type"], made.json()["passed"]) == ("application/json", True)
    taken = client.get(f"/api/evidence/{made.json()['id']}/file/", headers=headers)
    assert taken.content == b'{"refused": 41}'
    assert taken.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    large = SimpleUploadedFile("large.pdf", PDF.ljust(MOST_BYTES + 1), "application/pdf")
    assert client.post("/api/evidence/", {**form, "file": large}, headers=headers).status_code == 413
    for missing in ({**form, "passed": ""}, {**form, "model": ""}):
        assert client.post("/api/evidence/", missing, headers=headers).status_code == 400


def test_withdrawing_over_the_api_takes_a_reason(acme: Cast) -> None:
    found = added(acme)
    script = Script(acme.dev)
    assert script.post(f"evidence/{found.id}/withdraw/", {}).status_code == 400
    assert script.post(f"evidence/{found.id}/withdraw/", {"reason": "Wrong."}).json()["withdrawn_at"]
    with within(acme.world.system.scope):
        assert Evidence.objects.get().withdrawal_reason == "Wrong."
