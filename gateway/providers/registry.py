"""From the provider kind in the register to what speaks it."""

from __future__ import annotations

from gateway.providers.base import Provider
from gateway.providers.dummy.provider import Dummy
from gateway.providers.hosted import Hosted
from gateway.providers.openai_compatible import DEFAULT_MAX_ANSWER_BYTES, OpenAICompatible
from kit.egress import EgressPolicy


class Registry:
    """One per process and event loop. `hosted_socket` is where the hosted process listens; without it there is none."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        hosted_socket: str | None = None,
        max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES,
    ) -> None:
        self._providers: dict[str, Provider] = {
            "openai_compatible": OpenAICompatible(policy, max_answer_bytes=max_answer_bytes),
            "hosted": Hosted(hosted_socket, max_answer_bytes=max_answer_bytes),
            "dummy": Dummy(),
        }

    def provider(self, kind: str) -> Provider:
        """Raises `KeyError` for a kind the register does not have."""
        return self._providers[kind]

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()
