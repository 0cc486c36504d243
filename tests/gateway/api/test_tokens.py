"""Signed tokens: whose are believed, for how long, and whom they call for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from kit import clock
from tenants.models import IdentityProvider
from tenants.services.credentials import Bounds
from tests.support import issuers
from tests.support.gateway import RunningGateway
from tests.support.ledger import envelope, records, settlement_of
from tests.support.world import World

AUDIENCE = "chancery"
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC = ec.generate_private_key(ec.SECP256R1())
RSA_JWK = {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "rsa", "use": "sig", "alg": "RS256"}
OTHER_RSA_JWK = {**RSAAlgorithm.to_jwk(OTHER_RSA.public_key(), as_dict=True), "kid": "other", "alg": "RS256"}
EC_JWK = {**ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), "kid": "ec", "use": "sig", "alg": "ES256"}
HELLO = [{"role": "user", "content": "Hello"}]


def register(world: World, bounds: Bounds | None = None, **changed: Any) -> IdentityProvider:
    """An issuer of the world's project."""
    keys = {"keys": [RSA_JWK, EC_JWK]}
    return issuers.register(world, bounds=bounds, **{"audience": AUDIENCE, "jwks": keys, **changed})


def update(provider: IdentityProvider, **changed: Any) -> None:
    IdentityProvider.across_tenants.using("system").filter(id=provider.id).update(**changed)


def unchecked(world: World, **changed: Any) -> IdentityProvider:
    """A row that no service would have made."""
    provider = register(world)
    update(provider, **changed)
    return provider


def claims(provider: IdentityProvider, **changed: Any) -> dict[str, Any]:
    """Good claims; a claim that is set to none is left out."""
    now = int(clock.now().timestamp())
    good = {"iss": provider.issuer, "aud": AUDIENCE, "sub": "anna", "iat": now, "exp": now + 600, **changed}
    return {name: value for name, value in good.items() if value is not None}


def signed(
    content: dict[str, Any], key: PrivateKeyTypes = RSA, algorithm: str = "RS256", kid: str | None = "rsa"
) -> str:
    return jwt.encode(content, key, algorithm=algorithm, headers={"kid": kid} if kid else None)  # type: ignore[arg-type]


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def call(gateway: RunningGateway, token: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return gateway.post(
        "/v1/chat/completions",
        headers={"authorization": f"Bearer {token}", **(headers or {})},
        json={"model": "helper", "messages": HELLO, **body},
    )


def requested(world: World, answer: httpx.Response) -> dict[str, Any]:
    """What the ledger says of the request, written before the call was made."""
    (record,) = [row for row in records(world, "requested") if str(row.id) == answer.headers["x-request-id"]]
    return envelope(record)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


UNKNOWN = (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (RSA, "RS256", None), (EC, "ES256", None)],
    ids=["RS256", "ES256", "RS256 without kid", "ES256 without kid"],
)
def test_a_token_of_a_registered_issuer_calls_as_its_project(
    gateway: RunningGateway, world: World, upstream: str, key: PrivateKeyTypes, algorithm: str, kid: str | None
) -> None:
    world.serve("helper", upstream)
    provider = register(world)
    answer = call(gateway, signed(claims(provider), key, algorithm, kid))
    assert answer.status_code == 200, answer.text
    assert settlement_of(world, answer.headers["x-request-id"]).project_id == world.project.id
    assert requested(world, answer)["actor"] == {"id": str(provider.id), "kind": "identity_provider"}


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": None},
        {"iss": None},
        {"aud": None},
        {"aud": "somebody else"},
        {"aud": ["somebody", "else"]},
        {"iss": "https://nobody.example.com"},
        {"iss": ["https://nobody.example.com"]},
        {"exp": 1},
        {"exp": "never"},
        {"exp": float("inf")},
        {"nbf": 99_999_999_999},
        {"iat": 99_999_999_999},
        {"sub": 7},
        {"sub": {"name": "anna"}},
    ],
    ids=str,
)
def test_claims_that_are_wrong_are_refused(gateway: RunningGateway, world: World, changed: dict[str, Any]) -> None:
    provider = register(world)
    content = json.dumps(claims(provider, **changed)).encode()
    assert code_of(call(gateway, jwt.api_jws.encode(content, RSA, "RS256", {"kid": "rsa"}))) == UNKNOWN


def test_a_token_may_name_more_audiences_than_ours(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    provider = register(world)
    assert call(gateway, signed(claims(provider, aud=["other", AUDIENCE]))).status_code == 200


def test_a_signature_by_another_key_is_refused(gateway: RunningGateway, world: World) -> None:
    content = claims(register(world))
    assert code_of(call(gateway, signed(content, OTHER_RSA))) == UNKNOWN
    assert code_of(call(gateway, signed(content, OTHER_RSA, kid=None))) == UNKNOWN
    assert code_of(call(gateway, signed(content, kid="unheard of"))) == UNKNOWN
    assert code_of(call(gateway, signed(content, kid="ec"))) == UNKNOWN


def test_a_changed_content_is_refused(gateway: RunningGateway, world: World) -> None:
    provider = register(world)
    head, _, signature = signed(claims(provider)).split(".")
    forged = b64(json.dumps(claims(provider, sub="root")).encode())
    assert code_of(call(gateway, f"{head}.{forged}.{signature}")) == UNKNOWN


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(gateway: RunningGateway, world: World, algorithm: str) -> None:
    content = b64(json.dumps(claims(register(world))).encode())
    head = b64(json.dumps({"alg": algorithm, "kid": "rsa", "typ": "JWT"}).encode())
    assert code_of(call(gateway, f"{head}.{content}.")) == UNKNOWN


@pytest.mark.parametrize("registered", [["RS256"], ["RS256", "HS256"]])
def test_a_public_key_is_no_shared_secret(gateway: RunningGateway, world: World, registered: list[str]) -> None:
    content = b64(json.dumps(claims(unchecked(world, algorithms=registered))).encode())
    head = b64(json.dumps({"alg": "HS256", "kid": "rsa"}).encode())
    public = RSA.public_key()
    for secret in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(RSA_JWK).encode(),
    ):
        signature = hmac.digest(secret, f"{head}.{content}".encode(), hashlib.sha256)
        assert code_of(call(gateway, f"{head}.{content}.{b64(signature)}")) == UNKNOWN


def test_a_key_that_comes_with_the_token_is_not_used(gateway: RunningGateway, world: World) -> None:
    provider = register(world)
    head = {"jwk": OTHER_RSA_JWK, "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/chain"}
    for kid in ("other", "rsa"):
        token = jwt.encode(claims(provider), OTHER_RSA, "RS256", headers={**head, "kid": kid})
        assert code_of(call(gateway, token)) == UNKNOWN


def test_an_algorithm_that_is_not_registered_is_refused(gateway: RunningGateway, world: World) -> None:
    content = claims(register(world, algorithms=["ES256"]))
    assert code_of(call(gateway, signed(content))) == UNKNOWN


@pytest.mark.parametrize(
    "token",
    [
        "..",
        "a.b.c",
        "a.b",
        f"{b64(b'[' * 6_000)}.{b64(b'{}')}.",
        f"{b64(b'{}')}.{b64(b'[' * 6_000)}.",
        f"{b64(json.dumps({'alg': 'RS256'}).encode())}.{b64(b'[' * 6_000)}.AA",
        f"{b64(json.dumps({'alg': 'RS256'}).encode())}.{b64(b'[]')}.AA",
        f"{b64(json.dumps({'alg': 'RS256'}).encode())}.{b64(bytes(range(128, 256)))}.AA",
        f"{b64(b'{}')}.{'A' * 20_000}.AA",
        "x" * 20_000,
    ],
    ids=lambda token: token[:16],
)
def test_what_is_no_token_is_refused(gateway: RunningGateway, token: str) -> None:
    assert code_of(call(gateway, token)) == UNKNOWN


def test_a_remembered_token_ends_with_its_issuer(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    provider = register(world)
    token = signed(claims(provider))
    assert call(gateway, token).status_code == 200
    update(provider, revoked_at=clock.now())
    assert code_of(call(gateway, token)) == UNKNOWN


def test_an_issuer_that_is_registered_anew_is_accepted_again(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    provider = register(world)
    token = signed(claims(provider))
    assert call(gateway, token).status_code == 200
    update(provider, revoked_at=clock.now())
    assert code_of(call(gateway, token)) == UNKNOWN
    anew = register(world, issuer=provider.issuer)
    answer = call(gateway, token)
    assert answer.status_code == 200
    assert requested(world, answer)["actor"]["id"] == str(anew.id)


def test_a_remembered_token_ends_with_the_key_that_signed_it(
    gateway: RunningGateway, world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    provider = register(world)
    token = signed(claims(provider))
    assert call(gateway, token).status_code == 200
    update(provider, jwks={"keys": [OTHER_RSA_JWK, EC_JWK]})
    assert code_of(call(gateway, token)) == UNKNOWN
    assert call(gateway, signed(claims(provider), OTHER_RSA, kid="other")).status_code == 200


def test_a_remembered_token_ends_by_itself(gateway: RunningGateway, world: World, upstream: str) -> None:
    """Thirty seconds later than it says, for the clocks of others; this one has five of them left."""
    world.serve("helper", upstream)
    provider = register(world)
    token = signed(claims(provider, exp=int((clock.now() - timedelta(seconds=25)).timestamp())))
    answer = call(gateway, token)
    assert answer.status_code == 200
    while answer.status_code == 200:
        time.sleep(0.2)
        answer = call(gateway, token)
    assert code_of(answer) == (401, "expired_api_key")


def test_an_issuer_is_bound_like_a_key(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    elsewhere = register(world, Bounds(networks=["10.0.0.0/8"]))
    assert code_of(call(gateway, signed(claims(elsewhere)))) == (403, "network_not_allowed")
    reader = register(world, Bounds(scopes=["models:read"]))
    assert code_of(call(gateway, signed(claims(reader)))) == (403, "scope_missing")


def test_issuers_of_one_name_are_told_apart_by_audience(
    gateway: RunningGateway, world: World, other_world: World, upstream: str
) -> None:
    world.serve("helper", upstream)
    theirs = register(other_world, audience="theirs", jwks={"keys": [OTHER_RSA_JWK]})
    ours = register(world, issuer=theirs.issuer)
    assert call(gateway, signed(claims(ours))).status_code == 200
    assert code_of(call(gateway, signed(claims(ours, aud="theirs")))) == UNKNOWN


def test_the_end_user_is_who_is_surest(gateway: RunningGateway, world: World, upstream: str) -> None:
    """The token's subject, then the header, `safety_identifier`, `user` and `metadata.user_id`."""
    world.serve("helper", upstream)
    provider = register(world)

    def subject_of(token: str, headers: dict[str, str], **body: Any) -> object:
        answer = call(gateway, token, headers, **body)
        assert answer.status_code == 200, answer.text
        return requested(world, answer)["subject"]

    anna = signed(claims(provider, sub="anna"))
    nobody = signed(claims(provider, sub=None))
    body = {"safety_identifier": "by-identifier", "user": "by-user", "metadata": {"user_id": "by-metadata"}}
    header = {"x-chancery-end-user": "by-header"}

    names = ("anna", "by-header", "by-identifier", "by-user", "by-metadata")
    alone = {name: subject_of(nobody, {}, user=name) for name in names}
    assert len({*alone.values()}) == len(names)
    assert subject_of(anna, header, **body) == alone["anna"]
    assert subject_of(nobody, header, **body) == alone["by-header"]
    assert subject_of(nobody, {}, **body) == alone["by-identifier"]
    assert subject_of(nobody, {}, user="by-user", metadata={"user_id": "by-metadata"}) == alone["by-user"]
    assert subject_of(nobody, {}, metadata={"user_id": "by-metadata"}) == alone["by-metadata"]
    assert subject_of(nobody, {}) is None
