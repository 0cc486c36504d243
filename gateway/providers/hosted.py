"""Providers that do not speak OpenAI's dialect, through the hosted process: to the gateway one more upstream."""

from __future__ import annotations

from dataclasses import replace

from gateway.providers.base import FailureClass, UpstreamAnswer, UpstreamCall, UpstreamFailure
from gateway.providers.openai_compatible import DEFAULT_MAX_ANSWER_BYTES, OpenAICompatible
from kit.egress import EgressPolicy

# Between the gateway and its hosted process only. The socket is readable by their user alone.
MODEL_HEADER = "x-chancery-upstream-model"
CREDENTIAL_HEADER = "x-chancery-upstream-credential"
BASE_URL_HEADER = "x-chancery-upstream-base-url"
TIMEOUT_HEADER = "x-chancery-upstream-timeout"


class Hosted:
    """`socket_path` is absolute; None where no hosted process is run."""

    def __init__(self, socket_path: str | None, *, max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES) -> None:
        self._socket_path = socket_path
        policy = EgressPolicy(allowed_unix_sockets=frozenset({socket_path} if socket_path else ()))
        self._local = OpenAICompatible(policy, max_answer_bytes=max_answer_bytes)

    async def open(self, call: UpstreamCall) -> UpstreamAnswer:
        """`call.model` names provider and model as litellm does (`anthropic/claude-...`), `call.base_url` may be empty.

        `call.credential` is a key, or a JSON object for providers that need more than one value.
        """
        if self._socket_path is None:
            raise UpstreamFailure(FailureClass.CONNECT_FAILED, "no process for hosted providers is running", sent=False)
        return await self._local.open(_local_call(call, self._socket_path))

    async def close(self) -> None:
        await self._local.close()


def _local_call(call: UpstreamCall, socket_path: str) -> UpstreamCall:
    internal = {
        MODEL_HEADER: call.model,
        CREDENTIAL_HEADER: call.credential,
        BASE_URL_HEADER: call.base_url,
        TIMEOUT_HEADER: f"{call.timeouts.total:g}",
    }
    others = tuple((name, value) for name, value in call.headers if name.lower() not in internal)
    headers = others + tuple((name, value) for name, value in internal.items() if value)
    return replace(call, base_url=f"unix:{socket_path}:/v1", credential="", headers=headers)
