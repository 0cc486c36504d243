"""`manage.py apply` and `export`, in the name of a token's holder; and the same under `/api`."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from governance.models import ApprovalRequest
from kit.scoping import within
from tests.portal.api.caller import Script, refusal
from tests.portal.declared.test_declaration import PROVIDER, a_register
from tests.support.cast import Cast, Person


@pytest.fixture
def token(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("CHANCERY_TOKEN", acme.ada.token())
    return acme.ada


def run(name: str, *arguments: str) -> str:
    said = StringIO()
    call_command(name, *arguments, stdout=said)
    return said.getvalue()


def test_what_is_exported_can_be_applied(acme: Cast, token: Person, tmp_path: Path) -> None:
    acme.world.serve("helper")
    file = tmp_path / "acme.yaml"
    run("export", "--output", str(file))

    assert file.read_text() == run("export")
    last = run("apply", str(file)).splitlines()[-1]

    assert last.startswith("0 made, 0 changed, 0 asked for, ")


def test_what_it_did_is_said_line_by_line(acme: Cast, token: Person, tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(json.dumps(a_register()))
    dry = run("apply", str(file), "--dry-run")
    with within(acme.ada.actor.scope):
        assert not ApprovalRequest.objects.exists()

    said = run("apply", str(file))

    assert said == dry
    assert "+ provider Upstream\n" in said
    assert "? approval of helper, asked for\n" in said
    assert said.endswith("5 made, 0 changed, 1 asked for, 0 same\n")
    with within(acme.ada.actor.scope):
        assert ApprovalRequest.objects.get().requested_by_id == acme.ada.user.id


def test_differences_are_shown_and_credentials_are_not(
    acme: Cast, token: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_UPSTREAM", "s1")
    file = tmp_path / "acme.yaml"
    file.write_text(json.dumps({"chancery": 1, "providers": [{**PROVIDER, "credential": {"env": "KEY_OF_UPSTREAM"}}]}))
    run("apply", str(file))
    monkeypatch.setenv("KEY_OF_UPSTREAM", "s2")

    said = run("apply", str(file), "--code", token.code())

    assert said == "~ provider Upstream\n    credential: another\n0 made, 1 changed, 0 asked for, 0 same\n"


def test_secrets_of_new_keys_go_where_they_are_told(acme: Cast, token: Person, tmp_path: Path) -> None:
    file, secrets = tmp_path / "acme.yaml", tmp_path / "secrets.json"
    file.write_text("chancery: 1\nkeys:\n- {team: payments, project: app, name: of the file}\n")
    with pytest.raises(CommandError, match="say with --secrets"):
        run("apply", str(file))

    said = run("apply", str(file), "--secrets", str(secrets))

    [secret] = json.loads(secrets.read_text()).values()
    assert secret not in said
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert said.endswith("1 made, 0 changed, 0 asked for, 0 same\n"), "the attempt without --secrets made none"


def test_acts_that_ask_for_a_code_get_one(acme: Cast, token: Person, tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(f"chancery: 1\norganization: {{slug: {acme.world.organization.slug}, name: Renamed}}\n")
    with pytest.raises(CommandError, match="needs a one-time password"):
        run("apply", str(file))
    code = token.code()
    assert "name:" in run("apply", str(file), "--code", code)
    with pytest.raises(CommandError, match="wrong or used up"):
        run("apply", str(file), "--code", code)


@pytest.mark.parametrize("token", ["", "chp_nonsense"])
def test_nobody_applies_without_a_good_token(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANCERY_TOKEN", token)
    with pytest.raises(CommandError, match="token"):
        run("export")


def test_a_file_that_is_not_there_or_no_yaml_is_said_in_a_line(token: Person, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("apply", str(tmp_path / "none.yaml"))
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(CommandError, match="Line 1"):
        run("apply", str(tmp_path / "broken.yaml"))


def test_the_same_goes_over_the_management_api(acme: Cast) -> None:
    script = Script(acme.ada)

    dry = script.put("declaration/?dry_run=true", a_register())
    assert script.get("models/").json()["count"] == 0
    made = script.put("declaration/", a_register())

    assert dry.json() == made.json()
    assert made.json()["changes"][-1] == {"entry": "approval of helper", "verb": "asked for", "differences": []}
    again = script.put("declaration/", script.get("declaration/").json()).json()
    assert {change["verb"] for change in again["changes"]} == {"same"}
    assert refusal(script.put("declaration/", {"chancery": 1, "model": []})) == (400, "invalid_request")
    assert refusal(Script(acme.rob).put("declaration/", a_register())) == (403, "permission_denied")
