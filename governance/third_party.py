"""What is missing in what is known of a provider as a third party, in sentences that somebody can act on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from governance.models import (
    Agreement,
    AgreementKind,
    Criticality,
    Provider,
    ProviderKind,
    Substitutability,
    ThirdPartyFile,
)

SOON = timedelta(days=30)
AUDIT_EVERY = timedelta(days=365)
# What every third party that is sent data agrees to; the other kinds depend on the data and the country.
NEEDED = AgreementKind.DPA


def file_of(provider: Provider) -> ThirdPartyFile:
    """The provider's file; one in which nothing is known yet, where there is none."""
    found: ThirdPartyFile | None = getattr(provider, "third_party_file", None)
    return found or ThirdPartyFile(provider=provider, organization_id=provider.organization_id)


def gaps(provider: Provider, on: date) -> list[str]:
    """What is missing, has ended or ends within 30 days; nothing for what is run by ourselves.

    Reads the file and `agreements` of the provider, which lists prefetch.
    """
    if provider.kind == ProviderKind.DUMMY:
        return []
    known = file_of(provider)
    if known.is_own:
        return []
    return [*_of_agreements(list(provider.agreements.all()), on), *_of_data(known), *_of_dependence(known, on)]


def _of_agreements(agreements: list[Agreement], on: date) -> Iterator[str]:
    kept = [each for each in agreements if each.ended_at is None]
    if not any(each.kind == NEEDED for each in kept):
        yield f"No {NEEDED.label.lower()} is on file."
    for kind in AgreementKind:
        of_kind = [each for each in kept if each.kind == kind]
        if of_kind:
            yield from _of_kind(kind, of_kind, on)


def _of_kind(kind: AgreementKind, agreements: list[Agreement], on: date) -> Iterator[str]:
    """A newer agreement stands in for one that has ended."""
    valid = [each for each in agreements if each.is_valid(on)]
    ends = [each.valid_until for each in valid if each.valid_until]
    if not valid:
        last = max(agreements, key=lambda each: each.valid_until or each.signed_on)
        yield f"The {kind.label.lower()} is not in force{_until(last, on)}."
    elif len(ends) == len(valid) and max(ends) <= on + SOON:
        yield f"The {kind.label.lower()} ends on {max(ends):%d %b %Y}."


def _until(agreement: Agreement, on: date) -> str:
    if agreement.valid_until and agreement.valid_until < on:
        return f"; it ended on {agreement.valid_until:%d %b %Y}"
    return f" before {agreement.signed_on:%d %b %Y}"


def _of_data(known: ThirdPartyFile) -> Iterator[str]:
    if not known.location:
        yield "Where it processes data is not known."
    if known.retention_days is None:
        yield "How long it keeps prompts is not known."
    if known.trains_on_data is None:
        yield "Whether it trains on our data is not known."
    elif known.trains_on_data:
        yield "It trains on our data."


def _of_dependence(known: ThirdPartyFile, on: date) -> Iterator[str]:
    if not known.criticality:
        yield "How critical the function is that it supports is not known."
    if known.criticality in ("", Criticality.ORDINARY):
        return
    if not known.function_supported:
        yield "Which function it supports is not said."
    if not known.substitutability:
        yield "Whether it can be replaced is not known."
    if not known.exit_plan:
        hard = " though it cannot be replaced" if known.substitutability == Substitutability.NONE else ""
        yield f"There is no exit plan{hard}."
    if known.audited_on is None:
        yield "It was never audited."
    elif known.audited_on < on - AUDIT_EVERY:
        yield f"The last audit was on {known.audited_on:%d %b %Y}, more than a year ago."
