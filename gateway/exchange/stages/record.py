"""The call on record before its content leaves the process; on the way out, how it ended and what it cost."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from audit.ledger.append import RowRefused, StaleEpoch
from audit.ledger.dimensions import Dimensions
from audit.ledger.envelope import (
    AttemptMade,
    BodyDigest,
    Decided,
    Held,
    Named,
    OutcomeEnvelope,
    RequestedEnvelope,
    TokenUsage,
    Verdict,
    encode,
)
from audit.ledger.rows import Hold, OutcomeRow, RequestedRow, SealedBody, Settled
from audit.pricing.schedule import STANDARD
from audit.vault.bodies import seal_body
from audit.vault.keys import OpenKey
from gateway.admission.holds import BudgetLine
from gateway.caller import Caller
from gateway.exchange.exchange import Exchange
from gateway.exchange.stages.admit import charged_lines
from gateway.guards.engine import Inspection
from gateway.services import Services
from governance.snapshot.section import BreakGlassEntry
from kit import errors, model_names
from kit.ids import later_id

logger = logging.getLogger(__name__)


async def record(exchange: Exchange) -> None:
    """Returns when `requested` is durable. Raises `errors.Unavailable` (`ledger_unavailable`).

    A call admitted under counters that the books know no more is admitted again first: the old hold may be lost. They
    have been rebuilt since; or whoever declared them over left that to the next call (a correction of what was spent, a
    process that died before it had rebuilt them).
    """
    services = exchange.services
    exchange.body_key = key = await _body_key(exchange)
    body = seal_body(key, exchange.request_id, "request", exchange.raw_body)
    try:
        await services.writer.requested(_requested_row(exchange, body))
    except StaleEpoch:
        assert exchange.hold is not None
        assert exchange.held is not None
        await services.admission.rebuild(exchange.hold.organization_id, unwanted_epoch=exchange.held.epoch or "")
        exchange.held = await services.admission.hold(exchange.hold)
        await services.writer.requested(_requested_row(exchange, body))
    exchange.is_recorded = True
    exchange.leaving.append(close)


async def close(exchange: Exchange) -> None:
    """Returns when outcome and settlement are durable, in one transaction. Raises `errors.Unavailable`."""
    # The ledger refuses an id whose time is far off, and an outcome that it refuses would leave the call open: so this
    # one goes by how long the call took, whatever has become of the clock meanwhile.
    exchange.record_id = record_id = later_id(exchange.request_id, exchange.timings.elapsed_ms() / 1000)
    answer = b"\n".join(exchange.answer_parts)
    bodies = (seal_body(exchange.body_key, record_id, "response", answer),) if answer else ()
    row = _outcome_row(exchange, record_id, bodies)
    try:
        await exchange.services.writer.outcome(row)
    except RowRefused:
        exchange.cost_nano_usd = exchange.held_nano_usd  # as the ledger ends it then, and so should the counters
        raise


async def record_refusal(
    services: Services, request_id: UUID, caller: Caller, code: str, exchange: Exchange | None
) -> None:
    """A refusal of a known caller, recorded as soon as the ledger can; the refusal stands either way."""
    if exchange is not None and exchange.is_recorded:
        return
    if exchange is not None:
        exchange.failure_code, exchange.outcome = code, "refused"
        row = _outcome_row(exchange, request_id, ())
    else:
        row = _bare_refusal(request_id, caller, code)
    try:
        await services.writer.outcome(row)
    except errors.ChanceryError as failure:
        logger.warning("refusal %s (%s) is not on record: %s", request_id, code, failure.code)


async def _body_key(exchange: Exchange) -> OpenKey:
    """The key of the caller's organisation, or of whom it calls for; remembered, so that this seldom waits."""
    keyring, organization_id = exchange.services.keyring, exchange.caller.organization.id
    if exchange.end_user is not None:
        exchange.subject_id = await keyring.subject(organization_id, exchange.end_user)
    return keyring.cached_key(organization_id, exchange.subject_id) or await keyring.key(
        organization_id, exchange.subject_id
    )


def _requested_row(exchange: Exchange, body: SealedBody) -> RequestedRow:
    caller = exchange.caller
    assert exchange.hold is not None
    assert exchange.held is not None
    envelope = RequestedEnvelope(
        actor=Named(caller.credential.id, caller.kind),
        bodies=(_digest(body),),
        data_class=exchange.data_class.label,
        decided=_decided(exchange),
        held=Held(str(exchange.held_nano_usd), exchange.hold.tokens),
        organization=caller.organization.id,
        parent=None,
        pipeline=exchange.pipeline,
        request=exchange.request_id,
        subject=exchange.subject_id,
        team=caller.credential.team_id,
        verdicts=_verdicts(exchange),
    )
    return RequestedRow(
        id=exchange.request_id,
        organization_id=caller.organization.id,
        team_id=caller.credential.team_id,
        actor_kind=caller.kind,
        actor_id=caller.credential.id,
        envelope=encode(envelope),
        hold=_hold(exchange),
        epoch=exchange.held.epoch,
        bodies=(body,),
    )


def _outcome_row(exchange: Exchange, record_id: UUID, bodies: tuple[SealedBody, ...]) -> OutcomeRow:
    caller = exchange.caller
    usage = exchange.usage
    envelope = OutcomeEnvelope(
        actor=Named(caller.credential.id, caller.kind),
        attempts=tuple(
            AttemptMade(
                attempt.failure.failure_class.value if attempt.failure else None,
                attempt.candidate.deployment.id,
                int(attempt.duration_ms * 1000),
                attempt.failure.status if attempt.failure else 200,
            )
            for attempt in exchange.attempts
        ),
        bodies=tuple(_digest(body) for body in bodies),
        cache=None,
        cost_nano_usd=str(exchange.cost_nano_usd),
        data_class=exchange.data_class.label,
        decided=_decided(exchange),
        error=exchange.failure_code,
        latency_us={name: int(spent * 1000) for name, spent in sorted(exchange.timings.spent.items())},
        organization=caller.organization.id,
        outcome=exchange.outcome,
        request=exchange.request_id,
        streamed=exchange.chat.stream,
        subject=exchange.subject_id,
        team=caller.credential.team_id,
        tool_calls=exchange.said.tool_calls,
        usage=TokenUsage(
            usage.cached_input_tokens,
            usage.estimated,
            usage.further(),
            usage.input_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.service_tier,
        )
        if usage
        else TokenUsage(),
        verdicts=_verdicts(exchange),
    )
    return OutcomeRow(
        id=record_id,
        request_id=exchange.request_id,
        organization_id=caller.organization.id,
        team_id=caller.credential.team_id,
        kind=exchange.outcome,
        actor_kind=caller.kind,
        actor_id=caller.credential.id,
        envelope=encode(envelope),
        settlement=_settled(exchange) if exchange.is_recorded else None,
        bodies=bodies,
    )


def _bare_refusal(request_id: UUID, caller: Caller, code: str) -> OutcomeRow:
    """Of a call that was refused before it was understood."""
    credential = caller.credential
    envelope = OutcomeEnvelope(
        actor=Named(credential.id, caller.kind),
        attempts=(),
        bodies=(),
        cache=None,
        cost_nano_usd="0",
        data_class=None,
        decided=Decided(key=caller.secret_id),
        error=code,
        latency_us={},
        organization=caller.organization.id,
        outcome="refused",
        request=request_id,
        streamed=False,
        subject=None,
        team=credential.team_id,
        tool_calls=0,
        usage=TokenUsage(),
        verdicts=(),
    )
    return OutcomeRow(
        id=request_id,
        request_id=request_id,
        organization_id=caller.organization.id,
        team_id=credential.team_id,
        kind="refused",
        actor_kind=caller.kind,
        actor_id=credential.id,
        envelope=encode(envelope),
    )


def _decided(exchange: Exchange) -> Decided:
    answered, permission, held = exchange.answered_by, exchange.approval, exchange.held
    is_emergency = isinstance(permission, BreakGlassEntry)
    return Decided(
        approval=permission.id if permission and not is_emergency else None,
        break_glass=permission.id if permission and is_emergency else None,
        beyond_budgets=tuple(sorted((line.budget_id for line in held.beyond), key=str)) if held else (),
        deployment=answered.deployment.id if answered else None,
        downgraded_by=exchange.downgraded_by,
        key=exchange.caller.secret_id,
        model=answered.model.slug if answered else None,
        policy=exchange.services.guard_policy.version,
        price=answered.price.id if answered and answered.price else None,
        refused_by=exchange.refused_by,
        route=_asked_for(exchange),
        snapshot=exchange.snapshot_version,
        use_case=exchange.use_case.slug if exchange.use_case else None,
        waiver=exchange.waiver.id if exchange.waiver else None,
    )


def _asked_for(exchange: Exchange) -> str | None:
    """The name that the call gave. Of one that nothing goes by only what could be a model's, so that it is known what
    people look for elsewhere."""
    name = exchange.chat.model
    if not name or exchange.candidates:
        return name or None
    return name if exchange.failure_code == "model_not_found" and model_names.plausible(name) else None


def _verdicts(exchange: Exchange) -> tuple[Verdict, ...]:
    return (*_of(exchange.inspection, "input"), *_of(exchange.output_inspection, "output"))


def _of(inspection: Inspection | None, side: str) -> tuple[Verdict, ...]:
    if inspection is None:
        return ()
    return tuple(Verdict(f"{side}.{found.check}", found.count, found.verdict) for found in inspection.verdicts)


def _hold(exchange: Exchange) -> Hold:
    credential = exchange.caller.credential
    assert exchange.hold is not None
    return Hold(
        project_id=credential.project_id,
        api_key_id=credential.id,
        model=exchange.candidates[0].model.slug,
        tokens=exchange.hold.tokens,
        cost_nano_usd=exchange.held_nano_usd,
        budgets=_periods(exchange.hold.budgets),
        admitted_at=exchange.admitted_at,
        dimensions=Dimensions(
            pipeline=exchange.pipeline,
            route=exchange.chat.model,
            use_case_id=exchange.use_case.id if exchange.use_case else None,
            subject_id=exchange.subject_id,
            tags=exchange.tags,
        ),
        input_tokens=exchange.hold.input_tokens,
        end_user_levels=tuple(limit.level_id for limit in exchange.hold.limits if limit.level == "end_user"),
    )


def _periods(lines: Iterable[BudgetLine]) -> dict[str, str]:
    return {str(line.charged_id): line.period for line in lines}


def _settled(exchange: Exchange) -> Settled:
    usage, answered, timings = exchange.usage, exchange.answered_by, exchange.timings
    meant = answered or exchange.candidates[0]
    return Settled(
        hold=replace(_hold(exchange), budgets=_periods(charged_lines(exchange))),
        model=meant.model.slug,
        cost_nano_usd=exchange.cost_nano_usd,
        input_tokens=usage.input_tokens if usage else 0,
        cached_input_tokens=usage.cached_input_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
        reasoning_tokens=usage.reasoning_tokens if usage else 0,
        further_quantities=usage.further() if usage else None,
        service_tier=usage.service_tier if usage else STANDARD,
        deployment_id=answered.deployment.id if answered else None,
        price_id=answered.price.id if answered and answered.price else None,
        provider_id=answered.deployment.provider_id if answered else None,
        tier=meant.model.tier,
        estimated=usage.estimated if usage else False,
        error=exchange.failure_code,
        latency_ms=int(timings.elapsed_ms()),
        first_event_ms=int(timings.first_event_ms) if timings.first_event_ms else None,
    )


def _digest(body: SealedBody) -> BodyDigest:
    return BodyDigest(body.commit.hex(), body.ct_hash.hex(), body.part)
