"""Evidence: what is taken, that it stays what it was, and who may withdraw it."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from governance import documents
from governance.models import Evidence, EvidenceFile, EvidenceKind
from governance.services import evidence
from governance.services.evidence import Result
from kit import clock, errors
from kit.ids import new_id
from kit.scoping import within
from tenants.models import Role
from tests.support.acts import add_evidence, new_model
from tests.support.world import World

PDF = b"%PDF-1.7\n1 0 obj << >> endobj"
TAKEN = {
    PDF: "application/pdf",
    b"\x89PNG\r\n\x1a\n....": "image/png",
    b"\xff\xd8\xff\xe0....": "image/jpeg",
    b'{"accuracy": 0.93}': "application/json",
    b"[1, 2": "text/plain",
    "Übersicht\nkind,passed\n".encode(): "text/plain",
}


def bomb() -> bytes:
    """A hundred megabytes, packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"\0" * 100 * 1024 * 1024)
    return packed.getvalue()


def add_file(world: World, content: bytes, **offered: Any) -> Evidence:
    return add_evidence(world, world.admin, new_model(world), EvidenceKind.DPIA, content=content, **offered)


def read(world: World, found: Evidence) -> bytes:
    with within(world.officer.scope):
        return evidence.content(found)


@pytest.mark.parametrize("content", TAKEN, ids=TAKEN.values())
def test_a_file_is_taken_for_what_it_is(world: World, content: bytes) -> None:
    found = add_file(world, content)
    assert (found.media_type, found.size_bytes) == (TAKEN[content], len(content))
    assert found.sha256 == documents.digest(content)
    assert read(world, found) == content


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"\xef\xbb\xbf  <svg onload=alert(1)>",
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
        b"MZ\x90\x00",
        b"\x7fELF\x02\x01",
        b"GIF89a....\x00",
        b"text\x00with a zero",
        b"   \n",
        "Übersicht".encode("latin-1"),
        bomb(),
    ],
    ids=["html", "svg", "xml", "program", "elf", "gif", "zero", "empty", "latin-1", "archive"],
)
def test_what_a_browser_runs_or_somebody_unpacks_is_not_taken(world: World, content: bytes) -> None:
    with pytest.raises(errors.InvalidRequest, match="PDF, PNG"):
        add_file(world, content)
    with within(world.system.scope):
        assert not Evidence.objects.exists()


def test_ten_mebibytes_are_taken_and_one_byte_more_is_not(world: World) -> None:
    whole = PDF.ljust(documents.MOST_BYTES)
    assert read(world, add_file(world, whole)) == whole
    with pytest.raises(errors.RequestTooLarge):
        add_file(world, whole + b"x")


def test_a_file_is_sealed_in_its_place(world: World) -> None:
    found, other = add_file(world, PDF), add_file(world, PDF)
    kept = EvidenceFile.across_tenants.using("migrator").filter(evidence=found)
    sealed = bytes(kept.get().sealed)
    assert b"PDF" not in sealed
    kept.update(sealed=EvidenceFile.across_tenants.using("migrator").get(evidence=other).sealed)
    with pytest.raises(errors.Conflict, match="not what was added"):
        read(world, found)
    kept.update(sealed=documents.seal(found.organization_id, found.id, PDF + b" of somebody else"))
    with pytest.raises(errors.Conflict, match="hash differs"):
        read(world, found)


def test_a_result_alone_is_evidence_with_a_hash_of_its_own(world: World) -> None:
    model = new_model(world)
    passed, again, failed = (
        add_evidence(world, world.admin, model, result=Result("accuracy", passed=good)) for good in (True, True, False)
    )
    assert passed.sha256 == again.sha256 != failed.sha256
    assert not failed.counts(clock.now())
    with pytest.raises(errors.NotFound):
        read(world, passed)


def test_neither_file_nor_result_is_no_evidence(world: World) -> None:
    with pytest.raises(errors.InvalidRequest):
        add_evidence(world, world.admin, new_model(world), result=None)


def test_what_expires_is_pointed_out_a_month_before_and_counts_no_more(world: World) -> None:
    now = clock.now()
    found = add_file(world, PDF, expires_at=now + timedelta(days=40))
    assert found.counts(now)
    assert not found.expires_soon(now)
    assert found.expires_soon(now + timedelta(days=11))
    assert not found.counts(now + timedelta(days=40))
    with pytest.raises(errors.InvalidRequest, match="expired already"):
        add_file(world, PDF, expires_at=now)


def test_evidence_is_withdrawn_once_by_who_added_it_or_an_officer(world: World) -> None:
    dev = world.person("dev", Role.DEVELOPER, world.team)
    found = add_evidence(world, dev, new_model(world))
    for actor, reason, refusal in (
        (world.admin, "wrong", errors.Forbidden),
        (dev, " ", errors.InvalidRequest),
    ):
        with pytest.raises(refusal), within(actor.scope):
            evidence.withdraw(actor=actor, evidence=found, reason=reason, now=clock.now())
    with within(dev.scope):
        gone = evidence.withdraw(actor=dev, evidence=found, reason="of another model", now=clock.now())
    assert not gone.counts(clock.now())
    with pytest.raises(errors.Conflict), within(world.officer.scope):
        evidence.withdraw(actor=world.officer, evidence=found, reason="again", now=clock.now())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE governance_evidence SET passed = true",
        "UPDATE governance_evidence SET sha256 = repeat('0', 64)",
        "UPDATE governance_evidence SET expires_at = NULL",
        "DELETE FROM governance_evidence",
        "UPDATE governance_evidencefile SET sealed = 'x'",
        "DELETE FROM governance_evidencefile",
        "UPDATE governance_evidence SET withdrawn_at = NULL, withdrawn_by_id = NULL, withdrawal_reason = ''",
        "UPDATE governance_evidence SET withdrawal_reason = 'another'",
    ],
)
def test_past_the_service_nothing_of_it_changes(world: World, statement: str) -> None:
    found = add_file(world, PDF)
    with within(world.officer.scope):
        evidence.withdraw(actor=world.officer, evidence=found, reason="wrong", now=clock.now())
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_nobody_adds_in_somebody_elses_name_or_to_anothers_model(world: World, other_world: World) -> None:
    model, theirs = new_model(world), new_model(other_world)
    columns = {
        "organization_id": world.organization.id,
        "kind": "dpia",
        "title": "x",
        "metric": "m",
        "passed": True,
        "sha256": "0" * 64,
        "added_at": clock.now(),
    }
    officer = world.officer.id
    with within(world.admin.scope):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Evidence.across_tenants.create(id=new_id(), model=model, added_by_id=officer, **columns)
        with pytest.raises(IntegrityError, match="same_tenant"), transaction.atomic():
            Evidence.across_tenants.create(id=new_id(), model_id=theirs.id, added_by_id=world.admin.id, **columns)


def test_who_may_not_ask_adds_nothing(world: World) -> None:
    auditor = world.person("ann", Role.AUDITOR)
    with pytest.raises(errors.Forbidden):
        add_evidence(world, auditor, new_model(world))
