"""Content leaves the process: one candidate after another until one answers."""

from __future__ import annotations

from gateway.exchange.exchange import Exchange
from gateway.providers.base import UpstreamAnswer, UpstreamCall, UpstreamFailure
from gateway.routing.attempts import open_first
from gateway.routing.candidates import Candidate
from gateway.wire.chat import upstream_body


async def dispatch(exchange: Exchange) -> None:
    """Sets the upstream's answer, accepted and about to be read. Raises an `errors.ChanceryError`."""

    async def open_candidate(candidate: Candidate) -> UpstreamAnswer:
        provider = exchange.services.providers.provider(candidate.provider.kind)
        exchange.trying = candidate
        try:
            return await provider.open(call_of(exchange, candidate))
        except UpstreamFailure:
            exchange.trying = None
            raise

    exchange.answer = await open_first(exchange.candidates, open_candidate, exchange.attempts)
    exchange.answered_by = exchange.attempts[-1].candidate
    exchange.goes_by(exchange.answered_by)
    exchange.leaving.append(close)


async def close(exchange: Exchange) -> None:
    """Ends the upstream call; one not yet complete is aborted, which stops the generation."""
    if exchange.answer is not None:
        await exchange.answer.close()


def call_of(exchange: Exchange, candidate: Candidate) -> UpstreamCall:
    """What is sent: serialised from what was inspected, with the held output bound as its maximum."""
    chat = exchange.chat
    return UpstreamCall(
        base_url=candidate.provider.base_url,
        model=candidate.deployment.upstream_model,
        body=upstream_body(
            chat,
            model=candidate.deployment.upstream_model,
            max_output_tokens=min(exchange.output_bound, candidate.model.max_output_tokens),
            force_usage=True,
        ),
        credential=candidate.provider.credential,
        stream=chat.stream,
        timeouts=exchange.services.timeouts,
        headers=() if exchange.trace is None else exchange.trace.begin_attempt(),
    )
