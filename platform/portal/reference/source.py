"""The product's own source, parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
_ROOTS = ("platform", "tenants", "governance", "gateway", "audit")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """(dotted name, tree) of every module but migrations, in order of path."""
    for root in _ROOTS:
        for path in sorted((REPOSITORY / root).rglob("*.py")):
            if "migrations" not in path.parts:
                base = REPOSITORY / "platform" if root == "platform" else REPOSITORY
                parts = path.relative_to(base).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text())


def doc_of(documented: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The first paragraph of its docstring, on one line."""
    first, _, _ = (ast.get_docstring(documented) or "").partition("\n\n")
    return " ".join(first.split())
