"""What the name in `model` stands for, or the tier where no model is named, and what the caller says about the call."""

from __future__ import annotations

from gateway.exchange.exchange import Exchange
from gateway.routing import candidates
from gateway.routing.candidates import Candidate
from gateway.wire import tags
from governance.snapshot.section import UseCaseEntry
from kit import clock, errors
from kit.data_class import DataClass

_MAX_END_USER = 256
ENABLED_PIPELINES = frozenset({"direct", "auto"})


def resolve(exchange: Exchange) -> None:
    """Sets candidates, the declared data class, the end user, the use case and the tags.

    Raises `errors.NotFound`, `errors.InvalidRequest`.
    """
    snapshot = exchange.services.snapshot
    _check_team(exchange)
    if exchange.chat.pipeline not in ENABLED_PIPELINES:
        raise errors.Forbidden("This pipeline is not enabled here.", code="pipeline_not_enabled", param="pipeline")
    exchange.snapshot_version = snapshot.version
    exchange.declared_class = declared_class(exchange)
    exchange.end_user = end_user(exchange)
    exchange.use_case = use_case(exchange)
    exchange.tags = tags.of_call(exchange.header(b"x-chancery-tags"), exchange.chat)
    exchange.candidates = _candidates(exchange)


def _candidates(exchange: Exchange) -> tuple[Candidate, ...]:
    snapshot, organization, chat = exchange.services.snapshot, exchange.caller.organization, exchange.chat
    if not chat.model:
        return candidates.of_tier(snapshot, organization, chat.hint("tier") or "", clock.now())
    return candidates.resolve(snapshot, organization, chat.model, exchange.caller.credential.team_id, clock.now())


def _check_team(exchange: Exchange) -> None:
    """A team may be named to make sure of it, not to choose another."""
    named = exchange.chat.team_id
    if named is not None and named != str(exchange.caller.credential.team_id):
        raise errors.Forbidden("The key belongs to another team.", code="team_mismatch", param="team_id")


def declared_class(exchange: Exchange) -> DataClass:
    """From `x-chancery-data-class`, else `metadata`; internal where nothing is said."""
    label = exchange.header(b"x-chancery-data-class") or exchange.chat.hint("data-class")
    if label is None:
        return DataClass.INTERNAL
    try:
        return DataClass.named(label)
    except ValueError as unknown:
        raise errors.InvalidRequest(str(unknown), param="x-chancery-data-class") from None


def use_case(exchange: Exchange) -> UseCaseEntry | None:
    """From `x-chancery-use-case`, else `metadata`. What is retired or another team's is told like what is not there."""
    slug = exchange.header(b"x-chancery-use-case") or exchange.chat.hint("use-case")
    if slug is None:
        return None
    caller = exchange.caller
    found = exchange.services.snapshot.use_cases.one((caller.organization.id, slug))
    if found is None or found.team_id not in (None, caller.credential.team_id):
        raise errors.InvalidRequest(
            "No use case of this name is in service for you.", code="use_case_unknown", param="x-chancery-use-case"
        )
    return found


def end_user(exchange: Exchange) -> str | None:
    """Whom the application calls for: the token's subject, else what the request says, in a fixed order."""
    chat = exchange.chat
    found = (
        exchange.caller.subject
        or exchange.header(b"x-chancery-end-user")
        or chat.safety_identifier
        or chat.user
        or chat.metadata_user_id
    )
    if found and len(found) > _MAX_END_USER:
        raise errors.InvalidRequest(f"An end user is named in at most {_MAX_END_USER} characters.", param="user")
    return found
