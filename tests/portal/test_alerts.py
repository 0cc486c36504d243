"""Alerts on the portal: what is shown to whom, and what is done there."""

from __future__ import annotations

from django.db import connections

from governance.models import Alert, AlertChannel, AlertKind, AlertMute, AlertRule, Severity
from governance.services import alert_rules
from kit import clock, money
from kit.scoping import within
from tests.support.alerting import look, open_alert, spend
from tests.support.cast import Cast, browser


def alert_of(acme: Cast) -> Alert:
    return open_alert(acme.world)


def test_an_alert_is_listed_opened_and_acknowledged(acme: Cast) -> None:
    alert, client = alert_of(acme), browser(acme.bob)

    assert "Support" in client.get("/alerts/").content.decode()
    page = client.get(f"/alerts/{alert.id}/").content.decode()
    assert "$100.00" in page
    assert "Acknowledge" in page
    answer = client.post(f"/alerts/{alert.id}/acknowledge/", follow=True)

    assert "Bob" in answer.content.decode()
    assert "Support" in client.get("/alerts/?tab=acknowledged").content.decode()
    assert "Nothing is wrong" in client.get("/alerts/").content.decode()


def test_muting_takes_a_reason_and_moves_it_to_another_tab(acme: Cast) -> None:
    alert, client = alert_of(acme), browser(acme.ada)

    assert client.post(f"/alerts/{alert.id}/mute/", {"hours": "8", "reason": ""}).status_code == 400
    client.post(f"/alerts/{alert.id}/mute/", {"hours": "8", "reason": "A load test."})

    assert "Support" in client.get("/alerts/?tab=muted").content.decode()
    assert "A load test." in client.get(f"/alerts/{alert.id}/").content.decode()
    client.post(f"/alerts/{alert.id}/unmute/")
    assert "Support" in client.get("/alerts/").content.decode()
    assert AlertMute.across_tenants.using("system").get(subject_key=alert.subject_key).ends_at <= clock.now()


def test_whoever_only_looks_is_offered_nothing_to_do(acme: Cast) -> None:
    alert = alert_of(acme)
    page = browser(acme.ann).get(f"/alerts/{alert.id}/").content.decode()

    assert "Acknowledge</button>" not in page
    assert browser(acme.ann).post(f"/alerts/{alert.id}/acknowledge/").status_code == 403


def test_what_the_organisation_spends_is_not_for_a_teams_people(acme: Cast) -> None:
    now = clock.now().replace(hour=12)
    with within(acme.ada.actor.scope):
        alert_rules.set_rule(
            actor=acme.ada.actor,
            kind=AlertKind.DAILY_SPEND,
            severity=Severity.WARNING,
            parameters={"amount_nano_usd": money.NANO},
            roles=[],
            now=now,
        )
    spend(acme.world, [(now, 5 * money.NANO)])
    look(acme.world, now.replace(hour=13))
    alert = Alert.across_tenants.using("system").get(kind="daily_spend", organization=acme.world.organization)

    assert browser(acme.ada).get(f"/alerts/{alert.id}/").status_code == 200
    assert browser(acme.bob).get(f"/alerts/{alert.id}/").status_code == 404


def test_a_rule_is_set_by_its_form_in_usd(acme: Cast) -> None:
    client = browser(acme.ada)
    form = {"is_active": "on", "severity": "3", "roles": ["team_lead"], "percent": "250", "least_nano_usd": "12.5"}

    assert client.get("/alert-rules/daily_average/").status_code == 200
    assert client.post("/alert-rules/daily_average/", form).status_code == 302

    rule = AlertRule.across_tenants.using("system").get(organization=acme.world.organization)
    assert (rule.severity, rule.parameters) == (3, {"percent": 250, "least_nano_usd": 12_500_000_000})
    assert "$12.50" in client.get("/alert-rules/").content.decode()
    assert client.get("/alert-rules/nothing/").status_code == 404


def test_a_lead_sets_a_rule_for_their_own_team(acme: Cast) -> None:
    client = browser(acme.bob)
    assert str(acme.world.team.id) in client.get("/alert-rules/budget/").content.decode()

    answer = client.post(f"/alert-rules/budget/?team={acme.world.team.id}", {"severity": "1"})

    assert answer.status_code == 302
    assert AlertRule.across_tenants.using("system").get(organization=acme.world.organization).is_active is False


def test_a_channel_is_added_tried_and_moved_without_showing_where_it_is(acme: Cast) -> None:
    client = browser(acme.ada)
    entered = {"kind": "slack", "name": "Ops", "url": "https://hooks.example.com/T0/SECRET", "least_severity": "2"}

    assert client.post("/alert-channels/new/", {**entered, "is_active": "on"}).status_code == 302
    channel = AlertChannel.across_tenants.using("system").get(organization=acme.world.organization)
    client.post(f"/alert-channels/{channel.id}/test/")
    page = client.get(f"/alert-channels/{channel.id}/").content.decode()

    assert "hooks.example.com" in page
    assert "SECRET" not in page
    assert "Waits" in page
    assert client.post(f"/alert-channels/{channel.id}/move/", {"url": "http://x"}).status_code == 400
    assert client.post(f"/alert-channels/{channel.id}/move/", {"url": "https://other.example"}).status_code == 302
    assert (
        client.post(f"/alert-channels/{channel.id}/change/", {"name": "Ops", "least_severity": "3"}).status_code == 302
    )


def test_a_channel_needs_a_one_time_password(acme: Cast) -> None:
    client = browser(acme.bob, otp=False)
    entered = {"kind": "slack", "name": "Ops", "url": "https://hooks.example.com/x", "least_severity": "2"}

    answer = client.post("/alert-channels/new/", {**entered, "team": str(acme.world.team.id)})

    assert answer.status_code == 400
    assert "one-time password" in answer.content.decode()


def test_a_name_that_is_a_script_is_shown_as_it_is(acme: Cast) -> None:
    alert = alert_of(acme)
    with connections["migrator"].cursor() as cursor:
        cursor.execute("UPDATE governance_alert SET subject_name = '<script>x</script>' WHERE id = %s", [alert.id])

    page = browser(acme.ada).get(f"/alerts/{alert.id}/").content.decode()
    assert "<script>x" not in page
