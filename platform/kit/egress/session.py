"""An aiohttp session under the egress policy: webhooks, key sets, identity providers, anchors."""

from __future__ import annotations

import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from kit.egress.connections import addresses
from kit.egress.policy import EgressPolicy, EgressRefused, parsed

_REDIRECTS = {301, 302, 303, 307, 308}


def guarded_session(policy: EgressPolicy, *, unix_socket: str | None = None, **options: Any) -> aiohttp.ClientSession:
    """A session the caller closes, without cookies and without a proxy from the environment.

    What the policy refuses, and any redirect, raises an `aiohttp.ClientError` caused by `EgressRefused`. `options` are
    `aiohttp.ClientSession`'s (headers, timeout); those that would replace the guard are refused.
    """
    if refused := {"connector", "middlewares", "trust_env", "proxy"} & options.keys():
        raise TypeError(f"a guarded session does not take {sorted(refused)}")
    if unix_socket is not None:
        policy.check_unix_socket(unix_socket)
        connector: aiohttp.BaseConnector = aiohttp.UnixConnector(unix_socket)
        middleware = _Guard(None)
    else:
        connector = aiohttp.TCPConnector(resolver=_Resolver(policy), use_dns_cache=False)
        middleware = _Guard(policy)
    options.setdefault("cookie_jar", aiohttp.DummyCookieJar())
    return aiohttp.ClientSession(connector=connector, middlewares=(middleware,), trust_env=False, **options)


class _Resolver(AbstractResolver):
    """aiohttp connects to exactly the addresses this returns."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [_resolved(host, port, address) for address in await addresses(self._policy, host, port)]

    async def close(self) -> None:
        """Nothing is held open."""


class _Guard:
    """What the resolver does not see: hosts written as addresses, and redirects."""

    def __init__(self, policy: EgressPolicy | None) -> None:
        self._policy = policy

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        host = request.url.host or ""
        if self._policy is not None and parsed(host) is not None:
            await addresses(self._policy, host, request.url.port or 0)
        response = await handler(request)
        if response.status in _REDIRECTS:
            response.close()
            raise EgressRefused("the answer is a redirect, and redirects are not followed")
        return response


def _resolved(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)
