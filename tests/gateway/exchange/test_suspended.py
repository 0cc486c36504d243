"""Which running calls a suspension is about: its callers', and those that go to it now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from gateway.exchange.exchange import Exchange
from gateway.exchange.suspended import cut_calls, refusal, subjects
from gateway.services import Services
from gateway.snapshot.index import Snapshot
from governance.models import SubjectKind
from governance.snapshot.section import SuspensionEntry
from kit.ids import new_id
from tests.gateway.exchange.exchanges import admitted, attempt_answers, attempt_begins
from tests.gateway.routing.catalogue import a_candidate, a_model, an_approval


def suspension(subject_id: UUID, kind: str = "model", *, cuts_calls: bool = True) -> SuspensionEntry:
    return SuspensionEntry(new_id(), kind, subject_id, cuts_calls)


class Task:
    """What works on a call, as far as cutting it goes."""

    def __init__(self) -> None:
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


def running(**asked: Any) -> tuple[Exchange, Task]:
    exchange, task = admitted(**asked), Task()
    exchange.task = cast(Any, task)
    return exchange, task


def services(exchange: Exchange, *suspensions: SuspensionEntry) -> Services:
    snapshot = Snapshot()
    for each in suspensions:
        snapshot.suspensions.put(each.id, each)
    return cast(Services, SimpleNamespace(snapshot=snapshot, open_exchanges={exchange}))


def test_it_is_about_the_callers_key_team_and_organisation() -> None:
    exchange, _ = running()
    caller = exchange.caller
    for subject_id in (caller.credential.id, caller.credential.team_id, caller.organization.id):
        assert subject_id in subjects(exchange)


def test_a_call_that_goes_elsewhere_is_left_alone() -> None:
    model = a_model()
    first, second = a_candidate(model, approval=an_approval(model)), a_candidate()
    exchange = admitted(first, second)
    assert first.approval is not None
    ids = [first.deployment.id, first.provider.id, first.model.id, first.approval.id]

    assert [each in subjects(exchange) for each in ids] == [False] * 4
    attempt_begins(exchange, first)
    assert [each in subjects(exchange) for each in ids] == [True] * 4
    attempt_answers(exchange, second)
    assert [each in subjects(exchange) for each in ids] == [False] * 4


def test_everything_is_about_all() -> None:
    exchange, task = running()
    assert cut_calls(services(exchange, suspension(new_id()), suspension(new_id(), "everything"))) == 1
    assert (task.cancelled, exchange.cut_for and exchange.cut_for.code) == (1, "everything_suspended")


def test_a_call_is_cut_once_and_never_when_it_has_come_to_its_end() -> None:
    exchange, task = running()
    held = services(exchange, suspension(exchange.caller.credential.id, "key"))

    assert [cut_calls(held), cut_calls(held)] == [1, 0]
    assert (task.cancelled, exchange.cut_for and exchange.cut_for.code) == (1, "key_suspended")
    other, task = running()
    other.is_ending = True
    assert cut_calls(services(other, suspension(other.caller.credential.id, "key"))) == 0
    assert task.cancelled == 0


def test_one_that_does_not_say_so_cuts_nothing() -> None:
    exchange, task = running()
    quiet = suspension(exchange.caller.credential.id, "key", cuts_calls=False)
    assert (cut_calls(services(exchange, quiet)), task.cancelled) == (0, 0)


@pytest.mark.parametrize("kind", SubjectKind.values)
def test_every_kind_of_subject_has_its_refusal(kind: str) -> None:
    named = f"{kind}_suspended"
    assert refusal(kind).code == (named if kind in ("key", "team", "organization", "everything") else "model_suspended")
