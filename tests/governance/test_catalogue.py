"""The register: prices from a moment on, suspension, and rows that stay within their organisation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from governance import credentials, selectors
from governance.models import Deployment, Notice, NoticeKind, Price, Provider, RouteCandidate
from governance.services import catalogue, suspensions
from governance.services.catalogue import Rates
from kit import clock, errors
from kit.context import Actor
from kit.crypto import SealBroken
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role
from tests.support.acts import acts_of, new_deployment, new_model
from tests.support.world import World, without_second_factor


def price(world: World, deployment: Deployment, days: int, cost: int) -> Price:
    with within(world.admin.scope):
        return catalogue.set_price(
            actor=world.admin,
            deployment=deployment,
            rates=Rates(input=cost, output=cost),
            effective_from=world.now + timedelta(days=days),
            now=world.now,
        )


def test_at_every_moment_one_price_is_in_force(world: World) -> None:
    deployment = new_deployment(world)
    for days, cost in [(0, 1), (10, 3), (5, 2)]:
        price(world, deployment, days, cost)
    with within(world.system.scope):
        moments = [-1, 0, 4, 5, 9, 10, 99]
        found = [selectors.price_at(deployment, world.now + timedelta(days=days)) for days in moments]
    costs = [each and each.input_nano_usd_per_million for each in found]
    assert costs == [None, 1, 1, 2, 2, 3, 3]


def test_two_prices_do_not_begin_at_one_moment(world: World) -> None:
    deployment = new_deployment(world)
    first = price(world, deployment, 0, 1)
    with pytest.raises(ValidationError):
        price(world, deployment, 0, 2)
    with within(world.admin.scope), pytest.raises(IntegrityError, match="price_once_per_moment"), transaction.atomic():
        Price.objects.bulk_create([_twin(first)])


def _twin(row: Price) -> Price:
    return Price(**{each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields} | {"id": new_id()})


@pytest.mark.parametrize("rates", [Rates(-1, 0), Rates(0, -1), Rates(0, 0, -1), Rates(0, 0, per_request=-1)])
def test_a_price_is_not_negative(world: World, rates: Rates) -> None:
    deployment = new_deployment(world)
    with within(world.admin.scope), pytest.raises(errors.InvalidRequest, match="not negative"):
        catalogue.set_price(
            actor=world.admin, deployment=deployment, rates=rates, effective_from=world.now, now=world.now
        )


def test_cached_input_costs_as_other_input_unless_said(world: World) -> None:
    assert price(world, new_deployment(world), 0, 7).cached_input_nano_usd_per_million == 7


def test_suspending_twice_is_one_act(world: World) -> None:
    model, admin = new_model(world), world.admin
    before = len(acts_of(world))
    with within(admin.scope):
        for _ in range(2):
            suspensions.suspend(actor=admin, subject=model, reason="for tests", now=clock.now())
        for _ in range(2):
            suspensions.resume(actor=admin, subject=model, reason="for tests", now=clock.now())
    assert [act.action.rpartition(".")[2] for act in acts_of(world)[before:]] == ["suspended", "resumed"]


def test_another_organisations_rows_are_not_suspended(world: World, other_world: World) -> None:
    model, admin = new_model(other_world), world.admin
    with within(admin.scope), pytest.raises(ObjectDoesNotExist):
        suspensions.suspend(actor=admin, subject=model, reason="for tests", now=clock.now())


def test_nothing_is_deployed_across_organisations(world: World, other_world: World) -> None:
    ours, theirs = (new_model(world), world.provider()), (new_model(other_world), other_world.provider())
    for model, provider in [(ours[0], theirs[1]), (theirs[0], ours[1])]:
        with within(world.admin.scope), pytest.raises(ValidationError):
            catalogue.register_deployment(
                actor=world.admin, model=model, provider=provider, upstream_model="m", region="eu", now=world.now
            )


def test_no_row_points_into_another_organisation(world: World, other_world: World) -> None:
    """Even as the role that sees all of them."""
    deployment, route = new_deployment(other_world), _route(world)
    crossing: list[tuple[Any, dict[str, Any]]] = [
        (RouteCandidate, {"route_id": route.id, "deployment_id": deployment.id, "position": 9}),
        (Deployment, {"model_id": deployment.model_id, "provider_id": world.provider().id, "upstream_model": "m"}),
    ]
    for model, columns in crossing:
        rows = model.across_tenants.using("system")
        with pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic(using="system"):
            rows.create(organization_id=world.organization.id, **columns)


def _route(world: World) -> Any:
    deployment = new_deployment(world)
    with within(world.admin.scope):
        return catalogue.create_route(actor=world.admin, slug="route", deployments=[deployment], now=world.now)


def test_a_route_over_another_organisations_deployment_is_not_made(world: World, other_world: World) -> None:
    deployment = new_deployment(other_world)
    with within(world.admin.scope), pytest.raises(DatabaseError), transaction.atomic():
        catalogue.create_route(actor=world.admin, slug="route", deployments=[deployment], now=world.now)
    assert not any(act.action == "governance.route.registered" for act in acts_of(world))


def test_what_goes_on_record_is_not_free_text(world: World) -> None:
    model, provider, admin = new_model(world), world.provider(), world.admin
    with within(admin.scope), pytest.raises((errors.InvalidRequest, ValidationError)):
        catalogue.register_deployment(
            actor=admin, model=model, provider=provider, upstream_model="m", region="here and there", now=world.now
        )


def test_a_credential_is_sealed_and_bound_to_its_provider(world: World) -> None:
    first, second = world.provider(), world.provider()
    with within(world.system.scope):
        sealed = bytes(Provider.objects.get(id=first.id).credential)
    assert b"upstream-secret" not in sealed
    assert credentials.reveal(first.id, sealed) == "upstream-secret"
    with pytest.raises(SealBroken):
        credentials.reveal(second.id, sealed)


def test_whoever_decides_is_told_that_a_provider_is_called_elsewhere(world: World) -> None:
    provider, other = world.provider(), world.person("oscar", Role.COMPLIANCE_OFFICER)
    to = {"kind": "openai_compatible", "base_url": "https://models.example.com/v1", "credential": "other"}

    def told(of: Actor) -> list[str]:
        with within(of.scope):
            return [notice.kind for notice in Notice.objects.filter(person_id=of.id, subject_id=provider.id)]

    for mover, expected in [(world.system, []), (world.officer, [NoticeKind.MOVED])]:
        with within(mover.scope):
            catalogue.move_provider(actor=mover, provider=provider, now=world.now, **to)
        assert told(other) == expected
    assert told(world.officer) == []


def test_a_deployment_that_an_approval_covers_at_once_takes_a_code_and_is_told_of(world: World) -> None:
    oscar, admin = world.person("oscar", Role.COMPLIANCE_OFFICER), world.admin
    model, provider = new_model(world), world.provider()

    def deploy(actor: Actor, region: str = "eu") -> set[UUID]:
        with within(actor.scope):
            made = catalogue.register_deployment(
                actor=actor, model=model, provider=provider, upstream_model=new_id().hex, region=region, now=world.now
            )
        with within(world.system.scope):
            return {notice.person_id for notice in Notice.objects.filter(subject_id=made.id)}

    hurried = without_second_factor(admin)
    assert deploy(hurried) == set()
    world.approve(model, regions=["eu"])
    assert deploy(hurried, region="us") == set()
    with pytest.raises(errors.Forbidden) as told:
        deploy(hurried)
    assert told.value.code == "otp_required"
    assert deploy(admin) == {world.officer.id, oscar.id}
    assert deploy(world.system) == set()


def test_another_credential_takes_a_code(world: World) -> None:
    provider, hurried = world.provider(), without_second_factor(world.admin)
    with within(hurried.scope), pytest.raises(errors.Forbidden) as told:
        catalogue.replace_credential(actor=hurried, provider=provider, credential="theirs")
    assert told.value.code == "otp_required"
