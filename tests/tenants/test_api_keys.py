"""API keys: what is stored of them, how two secrets overlap, what they may be made for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import override_settings

from kit import clock, errors, secrets
from kit.data_class import DataClass
from kit.scoping import within
from tenants import snapshot
from tenants.models import ApiKey, ApiKeySecret, Role, Scope
from tenants.peppers import peppers
from tenants.services import api_keys
from tests.support.acts import acts_of
from tests.support.world import World


def secrets_of(world: World) -> list[ApiKeySecret]:
    with within(world.system.scope):
        return list(ApiKeySecret.objects.filter(api_key=world.key).order_by("created_at"))


def rotate(world: World, **options: Any) -> str:
    with within(world.system.scope):
        return api_keys.rotate(actor=world.system, key=world.key, now=clock.now(), **options).text


def test_of_a_secret_only_a_digest_is_kept(world: World) -> None:
    [secret] = secrets_of(world)
    assert bytes(secret.digest) in peppers().digests(world.key_text)
    assert secret.pepper_number == peppers().current
    body = world.key_text.removeprefix(world.key.prefix)
    with connections["system"].cursor() as cursor:
        for table in ("tenants_apikey", "tenants_apikeysecret", "audit_record"):
            cursor.execute(f"SELECT count(*) FROM {table} r WHERE to_jsonb(r)::text LIKE %s", [f"%{body}%"])  # noqa: S608
            assert cursor.fetchone() == (0,)


def test_the_prefix_is_what_is_shown_of_it(world: World) -> None:
    assert world.key_text.startswith(f"{world.key.prefix}_")
    assert world.key.prefix.startswith("chy_")
    assert secrets.well_formed(world.key_text)


@pytest.fixture
def next_pepper() -> Iterator[None]:
    present = {int(number): key for number, key in settings.KEY_PEPPERS.items()}
    peppers.cache_clear()
    with override_settings(KEY_PEPPERS={**present, max(present) + 1: "ab" * 32}):
        yield
    peppers.cache_clear()


def test_a_new_pepper_leaves_old_secrets_good(world: World, next_pepper: None) -> None:
    text = rotate(world)
    old, new = secrets_of(world)
    assert new.pepper_number == old.pepper_number + 1
    assert bytes(old.digest) in peppers().digests(world.key_text)
    assert bytes(new.digest) in peppers().digests(text)


def test_two_secrets_overlap(world: World) -> None:
    before = clock.now()
    rotate(world)
    old, new = secrets_of(world)
    assert old.expires_at is not None
    assert before + api_keys.OVERLAP <= old.expires_at <= clock.now() + api_keys.OVERLAP
    assert new.expires_at is None


def test_an_overlap_is_shortened_and_never_lengthened(world: World) -> None:
    rotate(world, overlap=timedelta(hours=1))
    [first, _] = [secret.expires_at for secret in secrets_of(world)]
    rotate(world, overlap=timedelta(hours=5))
    assert secrets_of(world)[0].expires_at == first
    rotate(world, overlap=timedelta())
    ends = [secret.expires_at for secret in secrets_of(world)]
    assert all(end is not None and end <= clock.now() for end in ends[:3])
    assert ends[3] is None


def test_each_secret_remembers_when_it_was_last_seen(world: World) -> None:
    rotate(world)
    _, new = secrets_of(world)
    ApiKeySecret.across_tenants.using("gateway").filter(id=new.id).update(last_seen_at=clock.now())
    assert [secret.last_seen_at is not None for secret in secrets_of(world)] == [False, True]


def test_a_revoked_key_stays_revoked(world: World) -> None:
    with within(world.system.scope):
        for _ in range(2):
            api_keys.revoke(actor=world.system, key=world.key, now=clock.now())
    assert [act.action for act in acts_of(world)].count("tenants.api_key.revoked") == 1
    with pytest.raises(errors.Conflict):
        rotate(world)
    [entry] = snapshot.api_keys([world.key.id])
    assert entry.is_revoked


def test_what_a_key_is_made_for_reaches_the_gateway(world: World) -> None:
    end = clock.now() + timedelta(days=1)
    key, text = world.new_key(
        scopes=["models:read"],
        networks=["10.0.0.0/8", "2001:db8::/32"],
        max_data_class=DataClass.PUBLIC,
        expires_at=end,
    )
    [entry] = snapshot.api_keys([key.id])
    assert entry.scopes == {"models:read"}
    assert [str(network) for network in entry.networks] == ["10.0.0.0/8", "2001:db8::/32"]
    assert (entry.max_data_class, entry.expires_at, entry.is_revoked) == (DataClass.PUBLIC, end, False)
    assert (entry.team_id, entry.project_id) == (world.team.id, world.project.id)
    assert next(secret.digest for secret in entry.secrets) in peppers().digests(text)


@pytest.mark.parametrize("network", ["10.0.0.1/8", "example.com", "", "10.0.0.0/33", "::/129"])
def test_what_is_no_network_is_refused(world: World, network: str) -> None:
    with pytest.raises(errors.InvalidRequest) as refusal:
        world.new_key(networks=[network])
    assert refusal.value.param == "networks"


@pytest.mark.parametrize("terms", [{"scopes": ["everything"]}, {"scopes": []}, {"max_data_class": 9}])
def test_terms_that_mean_nothing_are_refused(world: World, terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        world.new_key(**terms)


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.TEAM_LEAD])
def test_nobody_makes_a_key_that_sees_more_than_they_do(world: World, role: Role) -> None:
    actor = world.person("somebody", role, world.team)
    terms = api_keys.Terms(scopes=[Scope.INFERENCE, Scope.COSTS_ORGANIZATION])
    with within(actor.scope), pytest.raises(errors.Forbidden):
        api_keys.issue(actor=actor, project=world.project, name="wide", now=world.now, terms=terms)
    admin = world.admin
    with within(admin.scope):
        key, _ = api_keys.issue(actor=admin, project=world.project, name="wide", now=world.now, terms=terms)
    assert Scope.COSTS_ORGANIZATION in key.scopes


def test_a_key_of_another_team_or_organisation_is_not_made(world: World, other_world: World) -> None:
    _, sister = world.new_team("research")
    developer = world.person("dev", Role.DEVELOPER, world.team)
    for project in (sister, other_world.project):
        with within(developer.scope), pytest.raises(ValidationError):
            api_keys.issue(actor=developer, project=project, name="theirs", now=world.now)
    with within(world.system.scope):
        assert ApiKey.objects.filter(name="theirs").count() == 0
