"""Which role may do which act, and what asks for it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from portal.reference.markdown import code, page, table
from portal.reference.source import doc_of, modules
from tenants import permissions
from tenants.models import Role


@dataclass(frozen=True, slots=True)
class Demand:
    """A function that requires an act before it does its work."""

    act: str
    function: str
    says: str
    otp: bool


def render() -> str:
    roles = [role.value for role in Role]
    acts = sorted({act for allowed in permissions.ACTS.values() for act in allowed})
    may = [(code(act), *("yes" if act in permissions.ACTS[role] else "" for role in roles)) for act in acts]
    return page(
        "Roles",
        "A membership gives a role in an organisation, or in one of its teams only; then it reaches that team. "
        f"With a one-time password sign in: {', '.join(sorted(permissions.OTP_REQUIRED))}.",
        table(("act", *(str(Role(role).label) for role in roles)), may),
        "## What asks for an act",
        "Acts that are not here open pages and lists. *With a code*: a one-time password was given lately in the "
        "session, or came along in `X-OTP`.",
        table(("act", "function", "what it does", "with a code"), _rows()),
    )


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for act, asked in sorted(demands().items()):
        for one in sorted(asked, key=lambda demand: demand.function):
            yield code(act), code(one.function), one.says, "yes" if one.otp else ""


def demands() -> dict[str, list[Demand]]:
    """By act: every public function that calls `permissions.require` with it, itself or through a private one."""
    found: dict[str, list[Demand]] = defaultdict(list)
    for module, tree in modules():
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for act, otp in _required(function):
                for public in _public(function, functions):
                    found[act].append(Demand(act, f"{module}.{public.name}", doc_of(public), otp))
    return found


def _required(function: ast.FunctionDef) -> Iterator[tuple[str, bool]]:
    """Acts, and whether with a one-time password."""
    for call in _calls(function):
        if ast.unparse(call.func) == "permissions.require" and isinstance(call.args[1], ast.Constant):
            yield str(call.args[1].value), any(keyword.arg == "otp" for keyword in call.keywords)


def _public(function: ast.FunctionDef, others: list[ast.FunctionDef]) -> list[ast.FunctionDef]:
    """The function, or those that call it where it is private."""
    if not function.name.startswith("_"):
        return [function]
    return [other for other in others if any(ast.unparse(call.func) == function.name for call in _calls(other))]


def _calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))
