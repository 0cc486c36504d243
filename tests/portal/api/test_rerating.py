"""Rating calls anew over the management API and by command."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from audit.models import Correction
from kit import clock
from tests.portal.api.caller import Script, refusal
from tests.support import rerated
from tests.support.cast import Cast


def corrections(acme: Cast) -> int:
    return Correction.across_tenants.using("system").filter(organization_id=acme.world.organization.id).count()


def test_calls_are_looked_at_and_then_rated_anew_with_a_one_time_password(acme: Cast) -> None:
    path = f"deployments/{rerated.wrongly_rated(acme.world).id}/rerate/"
    now, ada = clock.now(), Script(acme.ada)
    period = {"since": (now - timedelta(days=1)).isoformat(), "until": now.isoformat()}

    looked = ada.post(path, {**period, "only_looks": True}).json()
    assert (looked["looked_at"], looked["corrected"], looked["after"]) == (1, 1, None)
    assert refusal(ada.post(path, period)) == (403, "otp_required")
    assert refusal(Script(acme.olga).post(path, period, otp=True)) == (403, "permission_denied")
    assert corrections(acme) == 0

    done = ada.post(path, period, otp=True).json()
    assert done == looked
    assert corrections(acme) == 1


def test_the_command_rates_every_deployment_with_more_than_one_price(
    acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rerated.wrongly_rated(acme.world)
    rerated.wrongly_rated(acme.world)
    monkeypatch.setenv("CHANCERY_TOKEN", acme.ada.token())
    out, since = StringIO(), (clock.now() - timedelta(days=1)).isoformat()

    call_command("usage", "rerate", first=since, code=acme.ada.code(), stdout=out)

    assert "2 of 2 calls are corrected" in out.getvalue()
    assert corrections(acme) == 2
