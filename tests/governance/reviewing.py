"""Reviewing in a test's words: who decides how, and several people at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connections

from governance.models import ApprovalRequest, RiskTier
from governance.services import approvals
from governance.services.approvals import Terms
from kit import clock
from kit.context import Actor
from kit.scoping import within
from tests.support.world import World


def decide(actor: Actor, request: ApprovalRequest, verdict: str = "approve", **told: Any) -> Any:
    """In the service's answer; `told` stands in for what the person was shown or says."""
    words = {"reason": "fine", "signed_hash": request.content_hash, "now": clock.now(), **told}
    if verdict == "approve":
        words.setdefault("waiver", "no letters to evaluate it with")
    with within(actor.scope):
        return getattr(approvals, verdict)(actor=actor, request=request, **words)


def fresh(world: World, request: ApprovalRequest) -> ApprovalRequest:
    with within(world.system.scope):
        return ApprovalRequest.objects.select_related("model").get(id=request.id)


def revise(actor: Actor, request: ApprovalRequest, **terms: Any) -> ApprovalRequest:
    with within(actor.scope):
        return approvals.revise(actor=actor, request=request, justification="letters", terms=Terms(**terms))


def override_tier(
    actor: Actor, request: ApprovalRequest, tier: RiskTier, reason: str = "as much care as it takes"
) -> ApprovalRequest:
    with within(actor.scope):
        return approvals.override_tier(actor=actor, request=request, risk_tier=tier, reason=reason, now=clock.now())


def send(actor: Actor, request: ApprovalRequest) -> ApprovalRequest:
    with within(actor.scope):
        return approvals.send(actor=actor, request=request)


def together(*acts: Callable[[], Any]) -> list[Any]:
    """What each act gave, or the error it raised; all of them begin at the same moment."""
    outcomes: list[Any] = [None] * len(acts)
    start = Barrier(len(acts))

    def run(number: int) -> None:
        start.wait()
        try:
            outcomes[number] = acts[number]()
        except Exception as error:  # noqa: BLE001 - it is the outcome
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
