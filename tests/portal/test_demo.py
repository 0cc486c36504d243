"""The demo: every page of it has something to show."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import override_settings
from django_otp.plugins.otp_totp.models import TOTPDevice

from kit.context import Actor
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role, User
from tests.support.cast import Person, browser

# What a page shows on the first start, to an officer of the demo.
SHOWN = {
    "/approvals/": "smollm2-360m-instruct",
    "/exceptions/?tab=waiting": "credit-limits",
    "/exceptions/?tab=in_force": "dummy-echo",
    "/exceptions/?tab=ended": "smollm2-360m-instruct",
    "/due/": "Recertification due",
    "/notices/": "For you to review: smollm2-360m-instruct",
    "/revocations/": "tinyllama-1.1b-chat",
    "/evidence/": "Letters of last year",
    "/third-parties/": "Nimbus AI",
    "/admin/governance/usecase/": "Credit limits",
    "/admin/governance/othersystem/": "Meeting notes",
}


@pytest.fixture
def demo(tmp_path: Path) -> dict[str, Any]:
    quick = ["tests.support.world.QuickHasher"]
    with override_settings(HOME=tmp_path, PASSWORD_HASHERS=quick):
        call_command("seed_demo", stdout=StringIO())
    seeded: dict[str, Any] = json.loads((tmp_path / "demo.json").read_text())
    return seeded


def _person(demo: dict[str, Any], email: str) -> Person:
    """Somebody of the demo, for the browser of a test."""
    organization_id = UUID(demo["organizations"]["acme"])
    with within(Actor("system", new_id(), organization_id).scope):
        user = User.objects.get(email=email)
        device = TOTPDevice.objects.get(user=user)
    return Person(user, Role.COMPLIANCE_OFFICER, organization_id, None, device)


def test_every_page_has_something_to_show(demo: dict[str, Any]) -> None:
    officer = browser(_person(demo, "oscar@acme.example"))

    missing = [page for page, text in SHOWN.items() if text not in officer.get(page).content.decode()]

    assert missing == []
