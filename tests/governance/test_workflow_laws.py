"""The review's laws with all that surrounds it: evidence, claims, the model's end, recertification, a second request.

The services and SQL as the portal's role pull at the same rows. `LAW_EXAMPLES` is how often, where a long run is
wanted.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from governance.models import (
    Approval,
    ApprovalRequest,
    Claim,
    Decision,
    Evidence,
    EvidenceKind,
    Life,
    Model,
    RequestEvidence,
    RequestStatus,
    RiskTier,
)
from governance.services import approvals, claims, evidence, life
from governance.services.evidence import Offered, Result
from governance.workflows import LIFE
from kit import clock
from kit.scoping import within
from tests.governance.reviewing import fresh
from tests.governance.test_review_laws import PEOPLE, REQUESTER, Review, _try, _within, tiers, who
from tests.support.terms import announce_end

Granted = tuple[Any, ...]


class Workflow(Review):
    """A model with its requests. What was true of an approval, of evidence or of an end is remembered and compared."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life.REGISTERED
        self.granted: dict[UUID, Granted] = {}
        self.ended: dict[UUID, datetime | None] = {}
        self.due: dict[UUID, datetime] = {}
        self.rested_on: dict[tuple[UUID, int], set[UUID]] = {}

    @initialize(tier=tiers)
    def begin(self, tier: RiskTier, is_sent: bool = True) -> None:
        super().begin(tier, is_sent)

    @rule(tier=tiers)
    def ask_again(self, tier: RiskTier) -> None:
        """Once the request is decided: to recertify what it granted, or anew."""
        if self.status not in (RequestStatus.APPROVED, RequestStatus.REJECTED, RequestStatus.WITHDRAWN):
            return
        told = {"model": self.request.model, "justification": "anew", "terms": approvals.Terms(risk_tier=tier)}
        again: list[ApprovalRequest] = []
        _try(lambda: again.append(_within(self.people[REQUESTER], approvals.submit, now=clock.now(), **told)))
        if again:
            [self.request] = again
            self.status, self.revision = RequestStatus.SUBMITTED, 1
            self.seen = dict.fromkeys(PEOPLE, self.request)

    @rule(name=who, passed=st.booleans())
    def add_evidence(self, name: str, passed: bool) -> None:
        offered = Offered(EvidenceKind.EVALUATION, "Letters", result=Result("accuracy", passed=passed))
        told = {"subject": self.request.model, "offered": offered, "now": clock.now()}
        _try(lambda: _within(self.people[name], evidence.add, **told))

    @rule(name=who)
    def withdraw_evidence(self, name: str) -> None:
        newest = self._newest(Evidence)
        if newest is not None:
            told = {"evidence": newest, "reason": "x", "now": clock.now()}
            _try(lambda: _within(self.people[name], evidence.withdraw, **told))

    @rule(name=who, takes_over=st.booleans())
    def claim(self, name: str, takes_over: bool) -> None:
        told = {"request": self.request, "now": clock.now(), "takes_over": takes_over}
        _try(lambda: _within(self.people[name], claims.claim, **told))

    @rule(name=who)
    def release(self, name: str) -> None:
        _try(lambda: _within(self.people[name], claims.release, request=self.request, now=clock.now()))

    @rule(name=who, act=st.sampled_from(["announce", "announce", "revoke", "retire"]))
    def end_the_model(self, name: str, act: str) -> None:
        actor, model, now = self.people[name], self.request.model, clock.now()
        acts = {
            "announce": lambda: announce_end(actor, model),
            "revoke": lambda: life.revoke_deprecation(actor=actor, model=model, now=now),
            "retire": lambda: life.retire(actor=actor, model=model, now=now),
        }

        def run() -> None:
            with within(actor.scope):
                acts[act]()

        _try(run)

    @rule(name=who, after=st.sampled_from(Life.values), days=st.sampled_from([-1, 1]))
    def write_a_life(self, name: str, after: str, days: int) -> None:
        now = clock.now()
        ends = (now, now + timedelta(days=days), "x") if after != Life.REGISTERED else (None, None, "")
        written = "UPDATE governance_model SET life = %s, deprecated_at = %s, sunset_at = %s, deprecation_reason = %s"
        self._execute(name, f"{written} WHERE id = %s", after, *ends, self.request.model_id)

    @rule(
        name=who,
        column=st.sampled_from(["recertify_by", "expires_at", "ended_at", "granted_at"]),
        days=st.sampled_from([None, 0, 900]),
    )
    def write_on_an_approval(self, name: str, column: str, days: int | None) -> None:
        value = None if days is None else clock.now() + timedelta(days=days)
        self._execute(
            name,
            f"UPDATE governance_approval SET {column} = %s WHERE model_id = %s",  # noqa: S608 - one of ours
            *(value, self.request.model_id),
        )

    @rule(name=who)
    def attach_evidence(self, name: str) -> None:
        newest, now = self._newest(Evidence), fresh(self.world, self.request)
        if newest is not None:
            row = {"request": now, "revision": now.revision, "evidence": newest}
            _try(lambda: self._insert(name, RequestEvidence, **row))

    @rule(name=who, to=who)
    def write_a_claim(self, name: str, to: str) -> None:
        row = {"claimed_by_id": self.people[to].id, "claimed_at": clock.now()}
        _try(lambda: self._insert(name, Claim, request=self.request, **row))

    @rule(name=who)
    def write_off_claims(self, name: str) -> None:
        written = "UPDATE governance_claim SET ended_at = %s WHERE request_id = %s"
        self._execute(name, written, clock.now(), self.request.id)

    @invariant()
    def an_approval_stays_as_it_was_granted(self) -> None:
        if self.request is None:
            return
        with within(self.world.system.scope):
            found = list(Approval.objects.filter(model_id=self.request.model_id))
        assert len([each for each in found if each.ended_at is None]) <= 1
        assert {each.id for each in found} >= set(self.granted), "an approval is never deleted"
        for each in found:
            terms = (each.request_id, each.granted_at, each.expires_at, each.regions, each.use_cases)
            assert self.granted.setdefault(each.id, terms) == terms
            assert self.ended.get(each.id) in (None, each.ended_at), "what has ended ends once"
            self.ended[each.id] = each.ended_at
            due = self.due.get(each.id, each.granted_at + timedelta(days=365))
            assert each.recertify_by <= due, "it is brought forward and not put off"
            self.due[each.id] = each.recertify_by

    @invariant()
    def a_model_ends_in_legal_steps_and_once(self) -> None:
        if self.request is None:
            return
        with within(self.world.system.scope):
            model = Model.objects.get(id=self.request.model_id)
            after = Approval.objects.filter(model=model, granted_at__gte=model.sunset_at or clock.now()).count()
        reached = {self.life, *LIFE[self.life]}
        assert model.life in reached, (self.life, model.life)
        if model.life == Life.RETIRED:
            assert after == 0, "a retired model is not approved"
        self.life = Life(model.life)

    @invariant()
    def what_was_decided_on_rests_on_what_it_did(self) -> None:
        if self.request is None:
            return
        with within(self.world.system.scope):
            decided = set(Decision.objects.filter(request=self.request).values_list("request_id", "revision"))
            for request_id, revision in decided:
                rows = RequestEvidence.objects.filter(request_id=request_id, revision=revision)
                found = set(rows.values_list("evidence_id", flat=True))
                assert self.rested_on.setdefault((request_id, revision), found) == found

    @invariant()
    def one_claims_at_a_time_and_in_their_own_name(self) -> None:
        if self.request is None:
            return
        with within(self.world.system.scope):
            assert Claim.objects.filter(request=self.request, ended_at__isnull=True).count() <= 1

    def _newest(self, kind: Any) -> Any:
        with within(self.world.system.scope):
            return kind.objects.filter(model_id=self.request.model_id).order_by("-id").first()


TestWorkflow = Workflow.TestCase
TestWorkflow.settings = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "6")), stateful_step_count=25, deadline=None
)
