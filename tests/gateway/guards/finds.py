"""What the checks find in one text, asked through the engine as a call asks it."""

from __future__ import annotations

from gateway.guards.engine import Verdict, inspect
from gateway.guards.policy import Action, CheckPolicy, GuardPolicy

CHECKS = ("secrets", "pii", "injection")


def policy_of(check: str, action: Action = Action.FLAG, flag_at: float = 0.5) -> GuardPolicy:
    return GuardPolicy(checks=(CheckPolicy(check, action, flag_at),))


def verdict_of(check: str, text: str, *, flag_at: float = 0.5, is_instruction: bool = False) -> Verdict:
    paths = {"text"} if is_instruction else frozenset[str]()
    (verdict,) = inspect([("text", text)], policy_of(check, flag_at=flag_at), instructions=paths).verdicts
    return verdict


def found_by(check: str, text: str) -> dict[str, int]:
    """How often each kind was found."""
    return dict(verdict_of(check, text).findings)
