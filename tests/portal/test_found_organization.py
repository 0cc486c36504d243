"""The first organisation of an installation, and who signs in to it first."""

from __future__ import annotations

from io import StringIO
from secrets import token_hex

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Membership, Organization, Role
from tests.support.cast import Browser


def found(slug: str, email: str) -> str:
    said = StringIO()
    call_command("found_organization", slug, "Initech", "--region", "eu", "--administrator", email, stdout=said)
    return said.getvalue()


def test_whoever_founds_an_organisation_can_sign_in_to_administer_it() -> None:
    slug, email = f"initech-{token_hex(4)}", f"{token_hex(4)}@initech.example"
    password = found(slug, email).rsplit(maxsplit=1)[-1]
    organization = Organization.across_tenants.using("system").get(slug=slug)
    membership = Membership.across_tenants.using("system").get(organization=organization)
    assert (membership.role, membership.team_id) == (Role.ADMINISTRATOR, None)
    client = Browser()
    assert client.post("/sign-in/", {"email": email, "password": password}).status_code == 302
    assert client.get("/").headers["Location"].startswith("/sign-in/enrol/"), "an administrator needs a second factor"
    with pytest.raises(CommandError, match="already"):
        found(slug, email)
    assert Organization.across_tenants.using("system").filter(slug=slug).count() == 1
