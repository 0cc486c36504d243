from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.ledger import envelope
from audit.ledger.canonical import canonical
from audit.ledger.envelope import ActEnvelope, FreeText, Named, closing
from audit.ledger.leaf import Header, leaf_hash
from kit.ids import new_id
from tests.audit.rows import Tenant, outcome_of, requested

CLASSES = [found for found in vars(envelope).values() if isinstance(found, type) and is_dataclass(found)]


@pytest.mark.parametrize("written", CLASSES, ids=lambda written: written.__name__)
def test_fields_stand_in_the_order_they_are_written_in(written: Any) -> None:
    names = [one.name for one in fields(written)]
    assert names == sorted(names)


def test_what_the_gateway_writes_is_canonical(tenant: Tenant) -> None:
    row = requested(tenant)
    for written in (row.envelope, outcome_of(row).envelope):
        assert canonical(json.loads(written)) == written


def test_an_act_says_who_did_what_to_what() -> None:
    actor, thing, organization = new_id(), new_id(), new_id()
    act = ActEnvelope(
        action="tenants.team.created",
        actor=Named(actor, "user"),
        details={"slug": "search", "members": 3},
        object=Named(thing, "team"),
        organization=organization,
    )
    assert json.loads(act.encode()) == {
        "action": "tenants.team.created",
        "actor": {"id": str(actor), "kind": "user"},
        "details": {"members": 3, "slug": "search"},
        "object": {"id": str(thing), "kind": "team"},
        "organization": str(organization),
        "team": None,
        "version": "act/1",
    }


def test_an_act_takes_no_free_text() -> None:
    with pytest.raises(FreeText):
        ActEnvelope(action="a.b", actor=Named(new_id(), "user"), details={"reason": "because I said so"}).encode()


def test_a_request_closed_by_us_keeps_what_was_known_of_it(tenant: Tenant) -> None:
    row = requested(tenant)
    known = json.loads(row.envelope)
    closed = json.loads(
        closing(row.envelope, outcome="outcome_unknown", error="writer_lost", cost_nano_usd=1000, estimated=True)
    )
    assert closed.keys() == json.loads(outcome_of(row).envelope).keys()
    assert (closed["request"], closed["decided"]) == (known["request"], known["decided"])
    assert (closed["cost_nano_usd"], closed["usage"]["estimated"]) == ("1000", True)


HEADER = Header(
    id=UUID("01890000-0000-7000-8000-000000000001"),
    organization_id=UUID("01890000-0000-7000-8000-000000000002"),
    tenant_seq=7,
    at=datetime(2026, 11, 21, 12, 30, 0, 1, tzinfo=UTC),
    kind="act",
    action="a.b",
)


def test_the_leaf_is_hashed_as_documented() -> None:
    encoded = (
        bytes.fromhex("01890000000070008000000000000001")
        + bytes.fromhex("01890000000070008000000000000002")
        + (7).to_bytes(8, "big")
        + (1_795_264_200_000_001).to_bytes(8, "big")
        + b"\x00\x03act\x00\x03a.b"
    )
    assert HEADER.encode() == encoded
    assert leaf_hash(HEADER, b"{}") == hashlib.sha256(b"\x00" + encoded + b"{}").digest()


@pytest.mark.parametrize(
    "changed",
    [
        replace(HEADER, id=new_id()),
        replace(HEADER, organization_id=new_id()),
        replace(HEADER, tenant_seq=8),
        replace(HEADER, at=HEADER.at + timedelta(microseconds=1)),
        replace(HEADER, kind="ac", action="ta.b"),
        replace(HEADER, action="a.c"),
    ],
)
def test_every_part_of_the_header_changes_the_leaf(changed: Header) -> None:
    assert leaf_hash(changed, b"{}") != leaf_hash(HEADER, b"{}")
