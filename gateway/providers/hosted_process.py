"""Serves OpenAI's chat completions on a unix socket by calling litellm, for providers with a dialect of their own.

`python -m gateway.providers.hosted_process --socket PATH [--allow-host HOST:PORT] [--allow-network CIDR]`

`--fd N` takes a listening socket of whoever starts it instead, so that nobody is refused while litellm loads.

The only importer of litellm, and a process of its own: the import takes seconds, a call milliseconds of CPU, and it
would open connections to wherever a message points. Here it inherits no environment, every socket passes the egress
guard, and nothing of a request is logged. Which provider is called, where and with which key is said by the gateway
in headers of its own; the socket belongs to the user both run as.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from gateway.providers.hosted_wire import HostedCall, Refused, call_of, chunk_bytes, error_body, error_of, event_bytes
from kit.egress import EgressPolicy
from kit.egress.process_guard import install_process_guard

_MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_HEADER_BYTES = 64 * 1024  # a service account's key is sent in one
LEFT_OUT_HEADER = "x-chancery-left-out"
# Provider keys in the environment would be used where the gateway sent none; proxies would go around the guard.
_KEPT_ENVIRONMENT = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"})
_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else prices are fetched at import
    "LITELLM_MODE": "PRODUCTION",  # else a .env file is read
    "HF_HUB_OFFLINE": "1",
    "MAX_IMAGE_URL_DOWNLOAD_SIZE_MB": "0",  # media by address are refused before; this is the second lock
    "DISABLE_AIOHTTP_TRUST_ENV": "True",
}


class HostedServer:
    """`litellm` is the imported module."""

    def __init__(self, litellm: Any) -> None:
        self._litellm = litellm

    def application(self) -> web.Application:
        application = web.Application(
            client_max_size=_MAX_BODY_BYTES,
            handler_args={"max_field_size": _MAX_HEADER_BYTES, "access_log": None},
        )
        application.router.add_post("/v1/chat/completions", self._complete)
        application.router.add_get("/health", _health)
        return application

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        try:
            call = call_of(request.headers, await request.read())
            answer = await self._litellm.acompletion(**call.arguments, max_retries=0, num_retries=0, drop_params=False)
            if call.stream:
                return await _stream(request, call, answer)
            body = orjson.dumps(answer.model_dump(exclude_none=True))
        except Refused as refusal:
            return _json(400, error_body(400, str(refusal), refusal.param, refusal.code))
        except Exception as failure:  # noqa: BLE001 - litellm raises what its providers' clients raise
            status, body = error_of(failure)
            return _json(status, body, _retry_after(failure))
        return _json(200, body, _told(call))


async def _stream(request: web.Request, call: HostedCall, chunks: Any) -> web.StreamResponse:
    """Status and head wait for the first chunk, so that a refused call is answered with its status."""
    async with contextlib.aclosing(_payloads(chunks)) as payloads:
        first = await anext(payloads, b"")
        headers = {"content-type": "text/event-stream", "cache-control": "no-cache"} | _told(call)
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(first)
        try:
            async for payload in payloads:
                await response.write(payload)
            await response.write(event_bytes(b"[DONE]"))
        except Exception as failure:  # noqa: BLE001 - the head is sent: the failure is an event
            await response.write(event_bytes(error_of(failure)[1]))
        return response


async def _payloads(chunks: Any) -> AsyncGenerator[bytes, None]:
    try:
        async for chunk in chunks:
            yield chunk_bytes(chunk.model_dump(exclude_none=True))
    finally:
        await chunks.aclose()  # a reader that leaves ends the provider's generation


async def _health(request: web.Request) -> web.Response:
    return _json(200, b'{"status":"ok"}')


def _json(status: int, body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def _told(call: HostedCall) -> dict[str, str]:
    return {LEFT_OUT_HEADER: ", ".join(call.left_out)} if call.left_out else {}


def _retry_after(failure: Exception) -> dict[str, str]:
    headers = getattr(failure, "litellm_response_headers", None) or {}
    return {"retry-after": str(headers["retry-after"])} if "retry-after" in headers else {}


def import_litellm(policy: EgressPolicy) -> Any:
    """litellm, under the guard from its first line on and with everything off that reports to somebody."""
    for name in set(os.environ) - _KEPT_ENVIRONMENT:
        del os.environ[name]
    os.environ.update(_ENVIRONMENT)
    install_process_guard(policy)
    import litellm

    _refuse_redirects()
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.disable_hf_tokenizer_download = True
    litellm.drop_params = False
    for callbacks in ("callbacks", "input_callback", "success_callback", "failure_callback"):
        setattr(litellm, callbacks, [])
    for name in ("LiteLLM", "litellm", "httpx", "openai", "asyncio"):
        logging.getLogger(name).disabled = True  # they would log content and URLs
    return litellm


def _refuse_redirects() -> None:
    """What was approved is one endpoint; httpx, which litellm calls providers with, is told to follow redirects."""
    import httpx

    send = httpx.AsyncClient.send

    async def send_here_only(client: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        return await send(client, request, **(options | {"follow_redirects": False}))

    httpx.AsyncClient.send = send_here_only  # type: ignore[assignment, method-assign]


async def serve(litellm: Any, where: Path | socket.socket) -> None:
    """Until the process is told to stop. A socket given as a path is there once calls can be served."""
    runner = web.AppRunner(HostedServer(litellm).application(), handler_cancellation=True)
    await runner.setup()
    if isinstance(where, Path):
        where.unlink(missing_ok=True)
        os.umask(0o177)
        await web.UnixSite(runner, str(where)).start()
    else:
        await web.SockSite(runner, where).start()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await runner.cleanup()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m gateway.providers.hosted_process", description=__doc__)
    listening = options.add_mutually_exclusive_group(required=True)
    listening.add_argument("--socket", type=Path)
    listening.add_argument("--fd", type=int)
    options.add_argument("--allow-host", action="append", default=[], metavar="HOST:PORT")
    options.add_argument("--allow-network", action="append", default=[], metavar="CIDR")
    chosen = options.parse_args()
    policy = EgressPolicy.listing(chosen.allow_host, chosen.allow_network)
    where = chosen.socket or socket.socket(fileno=chosen.fd)
    asyncio.run(serve(import_litellm(policy), where))


if __name__ == "__main__":
    main()
