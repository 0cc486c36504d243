"""One way to do each act around a review: claiming it, giving it back, talking."""

from __future__ import annotations

from collections.abc import Callable

from governance.models import ApprovalRequest
from governance.services.claims import claim, release
from governance.services.comments import comment
from kit import clock
from tests.support.asked import ask
from tests.support.preparing import Act, by_officer, on, perform
from tests.support.world import World


def _claimed_by_officer(world: World) -> ApprovalRequest:
    request = ask(world)
    perform(Act(world.officer, lambda actor: claim(actor=actor, request=request, now=clock.now())))
    return request


DISCUSSION: dict[str, Callable[[World], Act]] = {
    "governance.approval.claimed": by_officer(
        ask, lambda actor, asked: claim(actor=actor, request=asked, now=clock.now())
    ),
    "governance.approval.claim_released": by_officer(
        _claimed_by_officer, lambda actor, request: release(actor=actor, request=request, now=clock.now())
    ),
    "governance.approval.commented": on(
        ask, lambda actor, asked: comment(actor=actor, request=asked, text="Which data?", now=clock.now())
    ),
}
