"""Public key sets (JWKS, RFC 7517) as they are pasted in: what is kept of them, and what is refused."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kit import errors

# By public key alone: with an HMAC, whoever can verify a token can make one.
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
    "EdDSA",
)
_KEPT = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
_SECRET = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_MOST_KEYS = 50
_LONGEST = 4_096  # characters of one member: a modulus of 16,384 bits has 2,731
_FEWEST_BITS = 2_048


def public_keys(document: Any, algorithms: Collection[str]) -> dict[str, Any]:
    """The set with the members that verifying needs, in the form the gateway reads.

    Raises `errors.InvalidRequest` for what is no key set, holds a private or secret part, or has no key for any of
    the algorithms.
    """
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise _refusal("A key set is an object whose `keys` is a list of keys.")
    if len(keys) > _MOST_KEYS:
        raise _refusal(f"A key set has at most {_MOST_KEYS} keys.")
    if any(_SECRET & key.keys() or key.get("kty") == "oct" for key in keys):
        raise _refusal("The set holds private or secret keys. Take the public ones, and replace those that you pasted.")
    # One for another purpose, such as encrypting, may stand beside those that sign. It is left out.
    kept = {"keys": [_kept(key) for key in keys if key.get("alg", ALGORITHMS[0]) in ALGORITHMS]}
    if not any(key.algorithm_name in algorithms for key in _parsed(kept)):
        raise _refusal("No key of the set is good for an algorithm that is accepted.")
    return kept


def _kept(key: dict[str, Any]) -> dict[str, str]:
    kept = {name: key[name] for name in _KEPT if name in key}
    for name, value in kept.items():
        if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST:
            raise _refusal(f"`{name}` of a key is not a short text.")
    return kept


def _parsed(document: dict[str, Any]) -> list[jwt.PyJWK]:
    try:
        keys = jwt.PyJWKSet.from_dict(document).keys
    except jwt.PyJWTError as wrong:
        raise _refusal("No key of the set can be read.") from wrong
    if any(isinstance(key.key, RSAPublicKey) and key.key.key_size < _FEWEST_BITS for key in keys):
        raise _refusal(f"An RSA key has {_FEWEST_BITS} bits or more.")
    return keys


def _refusal(message: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(message, param="jwks")
