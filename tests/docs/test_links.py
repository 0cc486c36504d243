"""Links lead somewhere, and what the documents tell a reader to run can be run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from portal.reference.source import REPOSITORY

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
PATH = re.compile(r"`((?:platform|tenants|governance|gateway|audit|tests|docs|static|templates)/[\w./-]+)`")
MAKE = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)\b")
MANAGE = re.compile(r"manage\.py ([a-z_]+)((?: [^\s`'\"|;&]+)*)")
MODULE = re.compile(r"-m ((?:tests|gateway|portal)\.[\w.]+)")

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))


def code_of(document: Path) -> str:
    """What stands in code: blocks and words between backticks."""
    text = document.read_text()
    return "\n".join([*re.findall(r"```\w*\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)])


def anchors_of(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@each_document
def test_every_relative_link_resolves(document: Path) -> None:
    for link in LINK.findall(document.read_text()):
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors_of(target), f"{link} names no heading"


@each_document
def test_every_path_exists(document: Path) -> None:
    missing = [path for path in PATH.findall(document.read_text()) if not (REPOSITORY / path).exists()]
    assert missing == []


@each_document
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert set(MAKE.findall(code_of(document))) - targets == set()


@each_document
def test_every_management_command_exists_with_its_arguments(document: Path) -> None:
    known = get_commands()
    for name, rest in MANAGE.findall(code_of(document)):
        assert name in known, f"manage.py has no command {name}"
        parser = load_command_class(known[name], name).create_parser("manage.py", name)
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert option in parser._option_string_actions, f"manage.py {name} has no {option}"


@each_document
def test_every_module_that_is_run_exists(document: Path) -> None:
    for module in MODULE.findall(code_of(document)):
        path = Path(*module.rstrip(".").split("."))
        places = [REPOSITORY / path, REPOSITORY / "platform" / path]
        assert any(place.with_suffix(".py").exists() or place.is_dir() for place in places), f"there is no {module}"
