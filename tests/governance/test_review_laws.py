"""No order of acts, by the services or past them as the portal's role, reaches what the review does not allow."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DatabaseError, connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from governance import review
from governance.models import (
    Approval,
    ApprovalRequest,
    Decision,
    RequestStage,
    RequestStatus,
    RiskTier,
    Verdict,
    Waiting,
)
from governance.services import approvals
from governance.workflows import STEPS
from kit import clock
from kit.context import Actor
from kit.errors import ChanceryError
from kit.scoping import Scope, within
from tenants.models import Role
from tests.governance.reviewing import decide, fresh, override_tier, revise, send
from tests.support.acts import draft
from tests.support.world import World, build

PEOPLE = {
    "ada": Role.ADMINISTRATOR,
    "olivia": Role.COMPLIANCE_OFFICER,
    "otto": Role.COMPLIANCE_OFFICER,
    "olga": Role.COMPLIANCE_OFFICER,
    "ann": Role.AUDITOR,
}
REQUESTER = "ada"
TIERS = {RiskTier.LOW: [(1, {"olivia", "otto", "olga"})], RiskTier.HIGH: [(1, {"olivia", "otto", "olga"})]}
TIERS[RiskTier.HIGH].append((2, {"olivia", "otto", "olga"}))  # and administrators, of whom the only one asks
who = st.sampled_from([*PEOPLE])
verdicts = st.sampled_from(["approve", "approve", "approve", "reject", "request_changes"])
tiers = st.sampled_from([*TIERS])
regions = st.sampled_from(["eu", "us"])


@cache
def _world() -> World:
    return build()


class Review(RuleBasedStateMachine):
    """A request that five people pull at. `seen` is what each of them has on the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.world = _world()
        self.people = {name: self.world.person(name, role) for name, role in PEOPLE.items()}
        self.request: Any = None
        self.seen: dict[str, ApprovalRequest] = {}
        self.status = RequestStatus.DRAFT
        self.revision = 1

    @initialize(tier=tiers, is_sent=st.sampled_from([True, True, True, False]))
    def begin(self, tier: RiskTier, is_sent: bool) -> None:
        self.request = draft(self.world, self.people[REQUESTER], risk_tier=tier)
        if is_sent:
            self.request = send(self.people[REQUESTER], self.request)
        self.status = RequestStatus(self.request.status)
        self.seen = dict.fromkeys(PEOPLE, self.request)

    @rule(name=st.sampled_from(["olivia", "otto", "olga"]), act=st.sampled_from(["look", "decide"]))
    def review(self, name: str, act: str) -> None:
        """Most of what happens to a request."""
        self.look(name)
        if act == "decide":
            _try(lambda: decide(self.people[name], self.seen[name]))

    @rule(name=who)
    def look(self, name: str) -> None:
        self.seen[name] = fresh(self.world, self.request)

    @rule(name=who, verdict=verdicts, is_fresh=st.booleans())
    def decide(self, name: str, verdict: str, is_fresh: bool) -> None:
        if is_fresh:
            self.look(name)
        _try(lambda: decide(self.people[name], self.seen[name], verdict))

    @rule(name=who, to=who)
    def decide_in_place_of(self, name: str, to: str) -> None:
        _try(lambda: decide(self.people[name], self.seen[name], in_place_of=self.people[to].id))

    @rule(name=who, tier=tiers, region=regions)
    def revise(self, name: str, tier: RiskTier, region: str) -> None:
        _try(lambda: revise(self.people[name], self.request, risk_tier=tier, regions=[region]))

    @rule(name=st.sampled_from([REQUESTER, "olivia"]))
    def send(self, name: str) -> None:
        _try(lambda: send(self.people[name], self.request))

    @rule(name=who, tier=tiers)
    def override_tier(self, name: str, tier: RiskTier) -> None:
        _try(lambda: override_tier(self.people[name], self.request, tier))

    @rule(name=who, is_meant=st.sampled_from([False, False, False, True]))
    def withdraw(self, name: str, is_meant: bool) -> None:
        if is_meant:
            _try(lambda: _within(self.people[name], approvals.withdraw, request=self.request))

    @rule(name=who, statuses=st.permutations([each for each in RequestStatus if each is not RequestStatus.WITHDRAWN]))
    def write_statuses(self, name: str, statuses: list[str]) -> None:
        """One after the other, as far as each is taken."""
        written = "UPDATE governance_approvalrequest SET status = %s WHERE id = %s"
        for status in statuses[:3]:
            self._execute(name, written, status, self.request.id)
            self.only_legal_steps_were_made()

    @rule(name=who, tier=tiers, region=regions, step=st.integers(0, 2))
    def write_what_is_asked(self, name: str, tier: int, region: str, step: int) -> None:
        self._execute(
            name,
            "UPDATE governance_approvalrequest SET regions = ARRAY[%s], risk_tier = %s, revision = revision + %s, "
            "content_hash = md5(random()::text) WHERE id = %s",
            *(region, tier, step, self.request.id),
        )

    @rule(name=who, principal=who, verdict=st.sampled_from(Verdict.values), place=st.integers(0, 5))
    def write_a_decision(self, name: str, principal: str, verdict: str, place: int) -> None:
        with within(self.world.system.scope):
            stages = list(RequestStage.objects.filter(request=self.request))
        if stages:
            now = fresh(self.world, self.request)
            _try(lambda: self._put_in(name, principal, now, stages[place % len(stages)], verdict))

    @rule(name=who)
    def write_an_approval(self, name: str) -> None:
        now = fresh(self.world, self.request)
        columns = {"teams": now.teams, "regions": now.regions, "max_data_class": now.max_data_class}
        _try(lambda: self._insert(name, Approval, request=now, model=now.model, **columns))

    @invariant()
    def only_legal_steps_were_made(self) -> None:
        if self.request is None:
            return
        now = fresh(self.world, self.request)
        reached, edge = {self.status}, {self.status}
        while edge:  # an act may make two steps, the first into the review
            edge = {after for before in edge for after in STEPS[before]} - reached
            reached |= edge
        assert now.status in reached
        assert now.revision in (self.revision, self.revision + 1)
        if now.status in (RequestStatus.APPROVED, RequestStatus.REJECTED):
            assert now.revision == self.revision, "what was decided was changed in the same act"
        self.status, self.revision = RequestStatus(now.status), now.revision

    @invariant()
    def what_is_granted_was_signed_by_as_many_as_it_takes(self) -> None:
        if self.request is None:
            return
        now = fresh(self.world, self.request)
        names = {actor.id: name for name, actor in self.people.items()}
        with within(self.world.system.scope):
            decisions = list(Decision.objects.filter(request=now).select_related("stage"))
            granted = Approval.objects.filter(request=now).count()
        assert not granted or now.status == RequestStatus.APPROVED
        assert all(REQUESTER not in (names[each.decided_by_id], names[each.decided_for_id]) for each in decisions)
        with within(self.world.system.scope):
            tiers_of = dict(now.revisions.values_list("number", "risk_tier"))
            overrides = list(now.overrides.all())
        for lowered in (each for each in overrides if each.risk_tier < each.from_tier):
            later = [each for each in decisions if lowered.revision <= each.revision]
            lightly = [each for each in later if tiers_of[each.revision] < lowered.from_tier]
            assert all(lowered.overridden_by_id not in (each.decided_by_id, each.decided_for_id) for each in lightly)
        if now.status == RequestStatus.APPROVED:
            standing = [each for each in decisions if each.revision == now.revision]
            assert {each.verdict for each in standing} == {"approve"}
            assert {each.signed_hash for each in standing} == {now.content_hash}
            assert len({each.decided_by_id for each in standing}) == len(standing)
            for position, (needed, may) in enumerate(TIERS[RiskTier(now.risk_tier)], start=1):
                signed = [names[each.decided_by_id] for each in standing if each.stage.position == position]
                assert len(signed) == needed
                assert set(signed) <= may

    @invariant()
    def the_queue_says_what_is_open(self) -> None:
        if self.request is None:
            return
        now = fresh(self.world, self.request)
        with within(self.world.system.scope):
            standing = review.open_stage(now) if now.status in ("submitted", "in_review") else None
            queued = [waiting.stage_id for waiting in Waiting.objects.filter(request=self.request)]
        assert queued == ([standing.stage.id] if standing else [])

    def _put_in(self, name: str, principal: str, now: ApprovalRequest, stage: RequestStage, verdict: str) -> None:
        self._insert(
            name,
            Decision,
            request=now,
            stage=stage,
            revision=now.revision,
            requested_by_id=now.requested_by_id,
            decided_by_id=self.people[name].id,
            decided_for_id=self.people[principal].id,
            verdict=verdict,
            reason="x",
            waiver="x",
            signed_hash=now.content_hash,
            decided_at=clock.now(),
        )

    def _insert(self, name: str, kind: Any, /, **columns: Any) -> None:
        with within(self._scope(name)):
            kind.across_tenants.create(organization_id=self.world.organization.id, **columns)

    def _execute(self, name: str, statement: str, *values: Any) -> None:
        def run() -> None:
            with within(self._scope(name)), connection.cursor() as cursor:
                cursor.execute(statement, values)

        _try(run)

    def _scope(self, name: str) -> Scope:
        return Scope(self.world.organization.id, None, self.people[name].id)


def _within(actor: Actor, act: Any, **told: Any) -> Any:
    with within(actor.scope):
        return act(actor=actor, **told)


def _try(act: Any) -> None:
    try:
        with transaction.atomic():
            act()
    except (ChanceryError, DatabaseError):
        return


TestReview = Review.TestCase
TestReview.settings = settings(max_examples=20, stateful_step_count=18, deadline=None)
