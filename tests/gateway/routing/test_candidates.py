"""A name stands for deployments in an order, and for nothing where it is somebody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.pricing.quantities import Component
from gateway.routing.candidates import resolve
from kit import errors
from tests.gateway.routing.catalogue import (
    NOW,
    ORGANIZATION,
    OTHER_ORGANIZATION,
    OTHER_TEAM,
    TEAM,
    a_candidate,
    a_deployment,
    a_model,
    a_price,
    a_provider,
    a_route,
    snapshot_of,
)


@given(st.permutations(range(5)))
def test_a_models_deployments_are_tried_in_the_order_of_their_positions(positions: list[int]) -> None:
    model, provider = a_model(), a_provider()
    deployments = [a_deployment(model, provider, position=position) for position in positions]
    found = resolve(snapshot_of(model, provider, *deployments), ORGANIZATION, "helper", TEAM, NOW)
    assert [candidate.deployment.position for candidate in found] == [0, 1, 2, 3, 4]


@given(st.permutations(range(4)))
def test_a_route_has_an_order_of_its_own(order: list[int]) -> None:
    model, other, provider = a_model(), a_model("other"), a_provider()
    deployments = [a_deployment(model if place % 2 else other, provider, position=place) for place in range(4)]
    route = a_route("fast", *(deployments[place] for place in order))
    found = resolve(snapshot_of(model, other, provider, route, *deployments), ORGANIZATION, "fast", TEAM, NOW)
    assert [candidate.deployment.position for candidate in found] == order
    assert all(candidate.model.id == candidate.deployment.model_id for candidate in found)


def test_a_route_comes_before_a_model_of_the_same_name() -> None:
    model, other, provider = a_model("helper"), a_model("other"), a_provider()
    own, routed = a_deployment(model, provider), a_deployment(other, provider)
    snapshot = snapshot_of(model, other, provider, own, routed, a_route("helper", routed))
    assert [one.model.slug for one in resolve(snapshot, ORGANIZATION, "helper", TEAM, NOW)] == ["other"]


def test_a_teams_route_is_for_that_team_and_others_get_the_model_of_the_name() -> None:
    model, other, provider = a_model("helper"), a_model("other"), a_provider()
    own, routed = a_deployment(model, provider), a_deployment(other, provider)
    snapshot = snapshot_of(model, other, provider, own, routed, a_route("helper", routed, team_id=TEAM))
    assert [one.model.slug for one in resolve(snapshot, ORGANIZATION, "helper", TEAM, NOW)] == ["other"]
    assert [one.model.slug for one in resolve(snapshot, ORGANIZATION, "helper", OTHER_TEAM, NOW)] == ["helper"]


def test_what_does_not_exist_and_what_is_somebody_elses_are_told_alike() -> None:
    model, provider = a_model(), a_provider()
    deployment = a_deployment(model, provider)
    route = a_route("fast", deployment)
    teams = a_route("theirs", deployment, team_id=OTHER_TEAM)
    snapshot = snapshot_of(model, provider, deployment, route, teams)
    told = []
    asked = (
        (ORGANIZATION, "nothing"),
        (ORGANIZATION, "theirs"),
        (OTHER_ORGANIZATION, "helper"),
        (OTHER_ORGANIZATION, "fast"),
    )
    for organization, name in asked:
        with pytest.raises(errors.NotFound) as raised:
            resolve(snapshot, organization, name, TEAM, NOW)
        told.append((raised.value.code, raised.value.param, raised.value.message, raised.value.details))
    assert told == [told[0]] * 4
    assert told[0][:2] == ("model_not_found", "model")


def test_a_deployment_that_is_gone_or_has_lost_its_provider_is_left_out() -> None:
    model, provider, gone = a_model(), a_provider(), a_provider()
    there, orphan, absent = a_deployment(model, provider), a_deployment(model, gone), a_deployment(model, provider)
    snapshot = snapshot_of(model, provider, there, orphan, a_route("fast", absent, orphan, there))
    assert [one.deployment.id for one in resolve(snapshot, ORGANIZATION, "fast", TEAM, NOW)] == [there.id]
    assert [one.deployment.id for one in resolve(snapshot, ORGANIZATION, "helper", TEAM, NOW)] == [there.id]


def test_a_model_without_deployments_has_no_candidates() -> None:
    assert resolve(snapshot_of(a_model()), ORGANIZATION, "helper", TEAM, NOW) == ()


@pytest.mark.parametrize("suspended", ["deployment", "provider", "model"])
def test_a_suspension_anywhere_suspends_the_candidate(suspended: str) -> None:
    assert not a_candidate().is_suspended
    candidate = a_candidate(
        a_model(is_suspended=suspended == "model"),
        provider=a_provider(is_suspended=suspended == "provider"),
        is_suspended=suspended == "deployment",
    )
    assert candidate.is_suspended


@given(st.lists(st.integers(-10, 10), unique=True, max_size=6))
def test_the_price_is_the_newest_in_force(days: list[int]) -> None:
    """One that takes effect this very moment is in force; later ones are not."""
    prices = tuple(a_price(effective_from=NOW + timedelta(days=day)) for day in sorted(days, reverse=True))
    model, provider = a_model(), a_provider()
    deployment = a_deployment(model, provider, prices=prices)
    (candidate,) = resolve(snapshot_of(model, provider, deployment), ORGANIZATION, "helper", TEAM, NOW)
    in_force = [day for day in days if day <= 0]
    if in_force:
        assert candidate.price is not None
        assert candidate.price.effective_from == NOW + timedelta(days=max(in_force))
        assert candidate.rates().band("standard", 0).rate(Component.REQUEST) == 7
    else:
        with pytest.raises(errors.Unavailable) as raised:
            candidate.rates()
        assert raised.value.code == "price_missing"
