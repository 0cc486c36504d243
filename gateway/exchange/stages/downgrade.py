"""A call that a budget refuses, gone on with the cheaper model that the budget names."""

from __future__ import annotations

import logging

from gateway.admission import refusals
from gateway.exchange.exchange import Exchange
from gateway.exchange.stages.authorize import authorize
from gateway.exchange.stages.clear import clear
from gateway.routing import candidates
from kit import clock, errors

logger = logging.getLogger(__name__)


def to_cheaper_model(exchange: Exchange, refused: errors.BudgetExceeded) -> bool:
    """Replaces the candidates by those of the cheaper model, as far as it is approved for the caller and the data.

    False where the budget names none, where nothing permits it, or where the call has come to it already: then the
    refusal stands, and the candidates with it.
    """
    budget = exchange.services.snapshot.budgets.get(refusals.budget_of(refused))
    if budget is None or not budget.downgrade_model or exchange.downgraded_by is not None:
        return False
    before = exchange.candidates, exchange.approval, exchange.waiver
    try:
        _take(exchange, budget.downgrade_model)
    except errors.ChanceryError as failure:
        logger.info("%s is not downgraded to %s: %s", exchange.request_id, budget.downgrade_model, failure.code)
        exchange.candidates, exchange.approval, exchange.waiver = before
        return False
    exchange.downgraded_by = budget.id
    return True


def _take(exchange: Exchange, name: str) -> None:
    caller, snapshot = exchange.caller, exchange.services.snapshot
    exchange.candidates = candidates.resolve(
        snapshot, caller.organization, name, caller.credential.team_id, clock.now()
    )
    authorize(exchange)
    clear(exchange)
