"""The worst case of the call, held at every level at once; on the way out, settled for what it was."""

from __future__ import annotations

import logging

from audit.pricing import charge
from audit.pricing.schedule import STANDARD
from gateway import spending
from gateway.admission import estimate, refusals
from gateway.admission.holds import BudgetLine, Hold
from gateway.admission.truth import Outcome
from gateway.exchange.exchange import Exchange
from gateway.exchange.stages import downgrade, wait
from gateway.routing.attempts import MAX_ATTEMPTS
from gateway.routing.candidates import Candidate
from gateway.wire import fields
from governance.snapshot.section import ModelEntry
from kit import clock, errors

logger = logging.getLogger(__name__)


async def admit(exchange: Exchange) -> None:
    """One round trip; a second where the call goes on with a cheaper model, and one more after each wait.

    Raises `errors.RateLimited`, `errors.BudgetExceeded`, `errors.Unavailable`.
    """
    snapshot, organization = exchange.services.snapshot, exchange.caller.organization
    if exchange.end_user is not None and spending.counts_end_users(snapshot, exchange.caller.level_ids()):
        exchange.subject_id = await exchange.services.keyring.subject(organization.id, exchange.end_user)
    try:
        await wait.patiently(exchange, _hold_or_downgrade)
    except errors.BudgetExceeded as refused:
        exchange.refused_by = refusals.budget_of(refused)
        raise
    exchange.services.open_exchanges.add(exchange)
    exchange.leaving.append(settle)


async def _hold_or_downgrade(exchange: Exchange) -> None:
    try:
        await _hold(exchange)
    except errors.BudgetExceeded as refused:
        if not downgrade.to_cheaper_model(exchange, refused):
            raise
        await _hold(exchange)


async def _hold(exchange: Exchange) -> None:
    _check_service_tier(exchange)
    exchange.input_bound, exchange.text_only = input_bound(exchange)
    exchange.output_bound = output_bound(exchange)
    exchange.held_nano_usd = worst_case(exchange)
    exchange.admitted_at = now = clock.now()
    snapshot, levels, organization = (
        exchange.services.snapshot,
        exchange.caller.level_ids(),
        exchange.caller.organization,
    )
    exchange.hold = hold = Hold(
        request_id=exchange.request_id,
        organization_id=organization.id,
        limits=spending.limits(snapshot, levels, exchange.subject_id),
        budgets=spending.budget_lines(snapshot, levels, _charge(exchange), organization.time_zone, now),
        input_tokens=exchange.input_bound,
        output_tokens=exchange.output_bound * exchange.chat.n,
        cost_nano_usd=exchange.held_nano_usd,
        lease_seconds=exchange.services.hold_lease_seconds,
    )
    for line in hold.budgets:
        if line.per_request_nano_usd is not None and hold.cost_nano_usd > line.per_request_nano_usd:
            raise refusals.too_dear(hold, line)
    exchange.held = await exchange.services.admission.hold(hold)


def _charge(exchange: Exchange) -> spending.Charge:
    return spending.Charge(
        exchange.subject_id,
        exchange.use_case.slug if exchange.use_case else "",
        frozenset(candidate.model.slug for candidate in exchange.candidates),
        exchange.tags,
    )


async def settle(exchange: Exchange) -> None:
    """Returns what was held and not used. The durable settlement has been made by then; this is its counter."""
    exchange.services.open_exchanges.discard(exchange)
    usage = exchange.usage
    lines = charged_lines(exchange)
    assert exchange.hold is not None
    charged = None if len(lines) == len(exchange.hold.budgets) else frozenset(line.charged_id for line in lines)
    if exchange.cost_nano_usd > exchange.held_nano_usd:
        logger.warning(
            "%s cost %d nano-USD, more than the %d held: the upstream counts tokens beyond what it was told",
            *(exchange.request_id, exchange.cost_nano_usd, exchange.held_nano_usd),
        )
    try:
        await exchange.services.admission.settle(
            exchange.caller.organization.id,
            exchange.request_id,
            Outcome(
                usage.input_tokens if usage else 0,
                usage.output_tokens if usage else 0,
                exchange.cost_nano_usd,
                charged,
            ),
        )
    except errors.Unavailable:
        logger.warning("counters of %s not settled; the books will say", exchange.request_id)


def _check_service_tier(exchange: Exchange) -> None:
    """What has no price is not called. Raises `errors.InvalidRequest` (`unsupported_parameter`)."""
    tier = exchange.chat.service_tier
    if tier == STANDARD:
        return
    for candidate in exchange.candidates:
        if tier not in candidate.rates().bands:
            raise fields.unsupported("service_tier", f"{candidate.model.slug} has no price for it at every deployment")


def charged_lines(exchange: Exchange) -> tuple[BudgetLine, ...]:
    """The budgets that pay: those of models that were not tried do not."""
    assert exchange.hold is not None
    tried = {attempt.candidate.model.slug for attempt in exchange.attempts}
    if exchange.trying is not None:
        tried.add(exchange.trying.model.slug)
    return tuple(line for line in exchange.hold.budgets if not line.model or line.model in tried)


def input_bound(exchange: Exchange) -> tuple[int, bool]:
    """Tokens of input, and whether they are text to be paid for as such.

    A picture counts as what its model is said to count it as; it, where nothing is said, and a file may be any number
    of tokens, up to what the model can read. A cache that is to last longer (`"ttl"`, in a member that only some
    providers know) is dearer to write.
    """
    prompt = exchange.chat.prompt_json()
    bound = estimate.prompt_tokens(prompt)
    if media := exchange.chat.not_scanned():
        return max(_with_media(bound, media, candidate.model) for candidate in exchange.candidates), False
    return bound, '"ttl"' not in prompt


def _with_media(bound: int, media: tuple[str, ...], model: ModelEntry) -> int:
    if model.image_tokens is None or set(media) != {"image_url"}:
        return max(bound, model.context_window)
    return bound + len(media) * model.image_tokens


def output_bound(exchange: Exchange) -> int:
    """Tokens of output, sent upstream as the maximum: what the caller asks for within what the models can give, and
    without a word from the caller what is usual for them."""
    models = [candidate.model for candidate in exchange.candidates]
    most = max(model.max_output_tokens for model in models)
    asked = exchange.chat.max_output_tokens
    if asked is None:
        asked = max(model.usual_output_tokens or model.max_output_tokens for model in models)
    return min(asked, most)


def worst_case(exchange: Exchange) -> int:
    """Nano-USD: the dearest candidate, for each attempt that may be made, for each answer asked for."""
    attempts = min(MAX_ATTEMPTS, len(exchange.candidates) + 1)
    return max(_worst_case_of(exchange, candidate, attempts) for candidate in exchange.candidates)


def most_output(exchange: Exchange, candidate: Candidate) -> int:
    """Tokens that the candidate may write, in all the answers asked for together."""
    return min(exchange.output_bound, candidate.model.max_output_tokens) * exchange.chat.n


def _worst_case_of(exchange: Exchange, candidate: Candidate, attempts: int) -> int:
    output = most_output(exchange, candidate)
    return charge.at_most(
        exchange.input_bound,
        output,
        candidate.rates(),
        service_tier=exchange.chat.service_tier,
        text_only=exchange.text_only,
        attempts=attempts,
    )


def charge_of_attempts(exchange: Exchange) -> int:
    """Nano-USD of attempts that failed and may be charged all the same, at their worst case.

    The one that answered is paid for by its usage, however it ended.
    """
    unanswered = exchange.attempts if exchange.answer is None else exchange.attempts[:-1]
    return sum(_worst_case_of(exchange, attempt.candidate, 1) for attempt in unanswered if attempt.possibly_billed)
