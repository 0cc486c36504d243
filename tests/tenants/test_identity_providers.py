"""Identity providers: whose tokens may be accepted, and what is kept of their keys."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.core.exceptions import ValidationError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from kit import clock, errors
from kit.data_class import DataClass
from kit.scoping import within
from tenants import snapshot
from tenants.models import IdentityProvider, Role, Scope
from tenants.services import identity_providers
from tenants.services.credentials import Bounds
from tenants.services.key_sets import ALGORITHMS
from tests.support.acts import acts_of
from tests.support.issuers import new_issuer, new_jwks, register
from tests.support.world import World

RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
SHORT_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - to be refused
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
RSA_JWK = RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True)
EC_JWK = ECAlgorithm.to_jwk(EC.public_key(), as_dict=True)
ED_JWK = OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True)
PRIVATE = {
    "RSA": RSAAlgorithm.to_jwk(RSA, as_dict=True),
    "EC": ECAlgorithm.to_jwk(EC, as_dict=True),
    "Ed25519": OKPAlgorithm.to_jwk(ED, as_dict=True),
    "a shared secret": {"kty": "oct", "k": "c2VjcmV0"},
    "a secret called RSA": {**RSA_JWK, "k": "c2VjcmV0"},
    "a prime": {**RSA_JWK, "p": "AQAB"},
}
NO_KEY_SETS: dict[str, Any] = {
    "nothing": None,
    "a list": [EC_JWK],
    "a text": "keys",
    "no keys": {},
    "an empty list": {"keys": []},
    "keys by name": {"keys": {"ec": EC_JWK}},
    "a key that is a text": {"keys": ["ec"]},
    "a certificate": {"keys": [{"x5c": ["MIIB"]}]},
    "an unknown kind": {"keys": [{"kty": "XYZ"}]},
    "a kind that is no text": {"keys": [{**EC_JWK, "kty": ["EC"]}]},
    "an algorithm that is no text": {"keys": [{**EC_JWK, "alg": ["ES256"]}]},
    "no algorithm": {"keys": [{**EC_JWK, "alg": "none"}]},
    "an HMAC of a public key": {"keys": [{**RSA_JWK, "alg": "HS256"}]},
    "only a key to encrypt with": {"keys": [{**RSA_JWK, "alg": "RSA-OAEP"}]},
    "a point off the curve": {"keys": [{**EC_JWK, "x": EC_JWK["y"]}]},
    "half a key": {"keys": [{"kty": "RSA", "n": RSA_JWK["n"]}]},
    "a number as modulus": {"keys": [{**RSA_JWK, "n": 5}]},
    "a short RSA key": {"keys": [RSAAlgorithm.to_jwk(SHORT_RSA.public_key(), as_dict=True)]},
    "an id with a NUL": {"keys": [{**EC_JWK, "kid": "a\0b"}]},
    "half of a surrogate pair": {"keys": [{**EC_JWK, "kid": "\ud800"}]},
    "a novel": {"keys": [{**EC_JWK, "kid": "x" * 5_000}]},
    "too many": {"keys": [EC_JWK] * 51},
    "keys for other algorithms": {"keys": [ED_JWK]},
}


def refused(world: World, **changed: Any) -> errors.InvalidRequest:
    with pytest.raises(errors.InvalidRequest) as refusal:
        register(world, **changed)
    assert acts_of(world)[-1].action != "tenants.identity_provider.registered"
    return refusal.value


def test_what_is_registered_reaches_the_gateway(world: World) -> None:
    bounds = Bounds(["models:read"], ["10.0.0.0/8"], DataClass.PUBLIC)
    provider = register(world, bounds=bounds)

    [entry] = snapshot.identity_providers([provider.id])

    assert (entry.issuer, entry.audience, entry.jwks) == (provider.issuer, "chancery", provider.jwks)
    assert (entry.team_id, entry.project_id) == (world.team.id, world.project.id)
    assert (entry.scopes, entry.max_data_class, entry.is_revoked) == (
        frozenset({"models:read"}),
        DataClass.PUBLIC,
        False,
    )
    assert [str(network) for network in entry.networks] == ["10.0.0.0/8"]


def test_of_a_key_only_what_verifies_is_kept(world: World) -> None:
    signing = {**RSA_JWK, "kid": "rsa", "use": "sig"}
    others = [{**RSA_JWK, "alg": "RSA-OAEP", "use": "enc"}, {**EC_JWK, "alg": "ECDH-ES"}]
    document = {"keys": [{**signing, "x5c": ["MIIB"], "note": {"any": 1}}, *others], "more": True}

    kept = register(world, jwks=document).jwks

    assert kept == {"keys": [{name: signing[name] for name in ("kty", "kid", "use", "n", "e")}]}


@pytest.mark.parametrize("document", NO_KEY_SETS.values(), ids=NO_KEY_SETS)
def test_what_is_no_key_set_is_refused(world: World, document: Any) -> None:
    assert refused(world, jwks=document).param == "jwks"


@pytest.mark.parametrize("key", PRIVATE.values(), ids=PRIVATE)
def test_private_and_secret_keys_are_refused_and_not_repeated(world: World, key: dict[str, Any]) -> None:
    refusal = refused(world, jwks={"keys": [EC_JWK, key]})
    assert "private" in refusal.message
    assert not any(str(key[name]) in refusal.message for name in ("d", "k", "p") if name in key)


@pytest.mark.parametrize(
    "issuer",
    [
        *("", " ", "http://id.example.com", "ftp://id.example.com", "https://", "https:///path", "https://:443"),
        *("https://id.example.com?tenant=1", "https://id.example.com#top", "https://user@id.example.com"),
        *("https://id.example.com:0", "https://id.example.com:port", "https://[::1", "https://id example.com"),
        *("a name", "urn:issuer", "-issuer", "issuer\n", "https://id.example.com\n", "issuér", "x" * 201),
    ],
)
def test_what_is_no_issuer_is_refused(world: World, issuer: str) -> None:
    assert refused(world, issuer=issuer).param == "issuer"


@pytest.mark.parametrize(
    "issuer", ["https://id.example.com", "https://id.example.com:8443/realms/a/", "https://[2001:db8::1]/", "corp.id-1"]
)
def test_an_issuer_is_an_https_address_or_a_name(world: World, issuer: str) -> None:
    assert register(world, issuer=issuer, audience=world.organization.slug).issuer == issuer


@pytest.mark.parametrize("audience", ["", "  ", "a\0b", "a\nb"])
def test_what_is_no_audience_is_refused(world: World, audience: str) -> None:
    assert refused(world, audience=audience).param == "audience"


@pytest.mark.parametrize("algorithms", [[], ["HS256"], ["none"], ["RS256", "HS512"], ["rs256"], ["ES256K"]])
def test_only_algorithms_with_a_public_key_are_accepted(world: World, algorithms: list[str]) -> None:
    assert refused(world, algorithms=algorithms).param == "algorithms"


def test_a_key_of_any_kind_that_is_accepted_will_do(world: World) -> None:
    for key, algorithm in ((RSA_JWK, "RS256"), ({**RSA_JWK, "alg": "PS512"}, "PS512"), (ED_JWK, "EdDSA")):
        assert register(world, jwks={"keys": [key]}, algorithms=[algorithm]).algorithms == [algorithm]
    assert register(world, algorithms=ALGORITHMS).algorithms == list(ALGORITHMS)


@pytest.mark.parametrize(
    "bounds",
    [Bounds(scopes=["everything"]), Bounds(scopes=[]), Bounds(max_data_class=9)],  # type: ignore[arg-type]
    ids=["an unknown scope", "no scope", "an unknown data class"],
)
def test_bounds_that_mean_nothing_are_refused(world: World, bounds: Bounds) -> None:
    with pytest.raises(ValidationError):
        register(world, bounds=bounds)


def test_what_is_no_network_is_refused(world: World) -> None:
    assert refused(world, bounds=Bounds(networks=["10.0.0.1/8"])).param == "networks"


def test_an_administrator_of_a_team_registers_for_that_team_and_sees_its_costs_alone(world: World) -> None:
    _, sister = world.new_team("research")
    admin = world.person("teams-admin", Role.ADMINISTRATOR, world.team)
    assert register(world, admin).team_id == world.team.id
    with pytest.raises(errors.Forbidden):
        register(world, admin, Bounds(scopes=[Scope.COSTS_ORGANIZATION]))
    with within(admin.scope), pytest.raises(errors.Forbidden):
        identity_providers.register(actor=admin, project=sister, name="x", issuer=new_issuer(), now=world.now)


def test_a_project_of_another_organisation_is_not_called_as(world: World, other_world: World) -> None:
    admin, theirs = world.admin, other_world.project
    with within(admin.scope), pytest.raises(ValidationError):
        identity_providers.register(actor=admin, project=theirs, name="x", issuer=new_issuer(), now=world.now)
    assert not IdentityProvider.across_tenants.using("system").filter(project=theirs).exists()


def test_a_token_calls_as_one_project_whoever_registers_its_issuer(world: World, other_world: World) -> None:
    provider = register(world)
    for whose in (world, other_world):
        with pytest.raises(errors.Conflict) as refusal:
            register(whose, issuer=provider.issuer)
        assert refusal.value.param == "audience"
    assert register(other_world, issuer=provider.issuer, audience="theirs").issuer == provider.issuer


def test_a_revoked_issuer_stays_revoked_and_may_be_registered_anew(world: World) -> None:
    provider, admin = register(world), world.admin
    with within(admin.scope):
        for _ in range(2):
            identity_providers.revoke(actor=admin, provider=provider, now=clock.now())
        with pytest.raises(errors.Conflict):
            identity_providers.replace_keys(actor=admin, provider=provider, jwks=new_jwks())
    assert [act.action for act in acts_of(world)].count("tenants.identity_provider.revoked") == 1

    anew = register(world, issuer=provider.issuer)

    entries = {entry.id: entry.is_revoked for entry in snapshot.identity_providers([provider.id, anew.id])}
    assert entries == {provider.id: True, anew.id: False}


def test_keys_are_replaced_by_keys_that_would_have_been_registered(world: World) -> None:
    provider, admin, jwks = register(world), world.admin, new_jwks("next")
    with within(admin.scope):
        for wrong in ({"keys": [ED_JWK]}, {"keys": [PRIVATE["EC"]]}, {}):
            with pytest.raises(errors.InvalidRequest):
                identity_providers.replace_keys(actor=admin, provider=provider, jwks=wrong)
        identity_providers.replace_keys(actor=admin, provider=provider, jwks=jwks)
    [entry] = snapshot.identity_providers([provider.id])
    assert entry.jwks == jwks
