"""Exchanges as they are after admission, made without a database: what they cost is then a matter of arithmetic."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from gateway.caller import Caller
from gateway.exchange.exchange import Exchange
from gateway.exchange.stages import admit
from gateway.guards.policy import GuardPolicy
from gateway.providers.base import FailureClass, UpstreamAnswer, UpstreamFailure
from gateway.routing.attempts import Attempt
from gateway.routing.candidates import Candidate
from gateway.services import Services
from gateway.wire.chat import read_chat
from kit.ids import new_id
from tests.gateway.routing.catalogue import ORGANIZATION, a_candidate, a_credential

HELLO = [{"role": "user", "content": "Hello"}]
AN_ANSWER = cast(UpstreamAnswer, object())
SERVICES = cast(Services, SimpleNamespace(guard_policy=GuardPolicy()))


def admitted(*candidates: Candidate, **asked: Any) -> Exchange:
    """An exchange whose worst case is known, before its first attempt."""
    chat = read_chat({"model": "helper", "messages": HELLO, **asked})
    caller = Caller(a_credential(), ORGANIZATION, "api_key")
    exchange = Exchange(SERVICES, new_id(), {}, caller, chat, b"")
    exchange.candidates = candidates or (a_candidate(),)
    exchange.input_bound, exchange.text_only = admit.input_bound(exchange)
    exchange.output_bound = admit.output_bound(exchange)
    exchange.held_nano_usd = admit.worst_case(exchange)
    return exchange


def attempt_failed(exchange: Exchange, candidate: Candidate, failure_class: FailureClass, **failure: Any) -> None:
    exchange.attempts.append(Attempt(candidate, 1.0, UpstreamFailure(failure_class, "it failed", **failure)))
    exchange.trying = None


def attempt_begins(exchange: Exchange, candidate: Candidate) -> None:
    exchange.trying = candidate


def attempt_answers(exchange: Exchange, candidate: Candidate) -> None:
    exchange.trying = exchange.answered_by = candidate
    exchange.attempts.append(Attempt(candidate, 1.0))
    exchange.answer = AN_ANSWER
