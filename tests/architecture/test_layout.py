"""The house keeps its shape: rules that no linter knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ["platform/kit", "platform/portal", "tenants", "governance", "gateway", "audit"]


def python_files(*roots: str) -> list[Path]:
    return [path for root in roots for path in (REPOSITORY / root).rglob("*.py")]


def test_platform_is_never_a_package() -> None:
    assert not (REPOSITORY / "platform" / "__init__.py").exists()
    assert not (REPOSITORY / "tests" / "platform").exists()


def test_the_standard_librarys_platform_is_what_a_process_in_the_root_imports() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.python_version())"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr


def test_no_lock_file_names_an_index() -> None:
    for lock in REPOSITORY.glob("*.lock"):
        assert not re.search(r"https?://|--index-url|--find-links", lock.read_text()), lock.name


def test_every_locked_package_is_pinned_with_hashes() -> None:
    for lock in REPOSITORY.glob("*.lock"):
        for line in lock.read_text().replace("\\\n", " ").splitlines():
            if line and line[0] not in " #":
                assert re.match(r"[a-z0-9_.\-\[\]]+==\S+ .*--hash=sha256:", line), f"{line[:60]} in {lock.name}"


def test_time_is_read_from_the_clock_alone() -> None:
    pattern = re.compile(r"datetime\.now\(|datetime\.utcnow\(|timezone\.now\(|date\.today\(")
    offenders = [
        str(path.relative_to(REPOSITORY))
        for path in python_files(*SOURCES)
        if path.name != "clock.py" and "migrations" not in path.parts and pattern.search(path.read_text())
    ]
    assert offenders == []


def test_logic_is_not_hidden_in_save_or_signals() -> None:
    pattern = re.compile(r"def save\(|@receiver|post_save|pre_save|post_delete")
    offenders = [
        str(path.relative_to(REPOSITORY))
        for path in python_files("tenants", "governance", "audit", "gateway")
        if "models" in path.parts and pattern.search(path.read_text())
    ]
    assert offenders == []


def test_no_file_outgrows_its_subject() -> None:
    long = {
        str(path.relative_to(REPOSITORY)): lines
        for path in python_files(*SOURCES, "tests")
        if "migrations" not in path.parts and (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_site_packages_hold_no_unexpected_path_files() -> None:
    """A .pth file runs code at every start of Python: the way in of the packages backdoored in March 2026."""
    known = re.compile(r"^(_virtualenv|distutils-precedence|__editable__.*|_chancery.*|a1_coverage)\.pth$")
    for entry in map(Path, sys.path):
        if entry.name == "site-packages":
            assert [path.name for path in entry.glob("*.pth") if not known.match(path.name)] == []


def test_a_form_that_shows_a_refusal_notes_it() -> None:
    """What is caught on the way to a page would leave no trace of who tried it."""
    caught = re.compile(r"except .*(ChanceryError|Forbidden)")
    offenders = [
        str(path.relative_to(REPOSITORY))
        for path in python_files("platform/portal/screens", "tenants/admin", "governance/admin")
        if caught.search(text := path.read_text()) and "note_shown(" not in text
    ]
    assert offenders == []
