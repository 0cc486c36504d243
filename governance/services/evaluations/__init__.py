"""Probes of models: what is asked, when, and what its outcome means. Each act is a function of one of the modules."""

from __future__ import annotations

from governance.services.evaluations.judging import judge, to_judge
from governance.services.evaluations.plans import Question, Terms, add_case, retire_case, set_plan
from governance.services.evaluations.runs import due, queue

__all__ = [
    "Question",
    "Terms",
    "add_case",
    "due",
    "judge",
    "queue",
    "retire_case",
    "set_plan",
    "to_judge",
]
