"""What Python runs by itself at every start: a package that was tampered with would begin there."""

from __future__ import annotations

import site
import sys
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

_DIRECTORIES = {Path(place) for place in (*site.getsitepackages(), site.getusersitepackages(), *sys.path) if place}
# By name: the SHA-256 of what may be there. The first is setuptools' own.
EXPECTED = {
    "distutils-precedence.pth": "2638ce9e2500e572a5e0de7faed6661eb569d1b696fcba07b0dd223da5f5d224",
}
_STARTED = ("sitecustomize.py", "usercustomize.py")


def found(pattern: str) -> list[Path]:
    return sorted(path for directory in _DIRECTORIES if directory.is_dir() for path in directory.glob(pattern))


def test_no_path_file_runs_anything_unexpected() -> None:
    """Lines of such a file that begin with `import` are executed."""
    unexpected = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in found("*.pth")
        if any(line.startswith(("import ", "import\t")) for line in path.read_text().splitlines())
    }
    assert {name: digest for name, digest in unexpected.items() if EXPECTED.get(name) != digest} == {}


def test_no_package_customises_the_interpreter() -> None:
    ours = Path(sys.prefix)
    assert [path for name in _STARTED for path in found(name) if ours in path.parents] == []


def test_packages_that_were_tampered_with_are_not_installed() -> None:
    """Releases that were withdrawn because somebody else had published them."""
    withdrawn = {("litellm", "1.82.7"), ("litellm", "1.82.8")}
    assert not withdrawn & {(each.name, each.version) for each in distributions()}


def test_no_package_lies_twice() -> None:
    names = [each.name.lower().replace("_", "-") for each in distributions(path=[str(_site())])]
    assert sorted(names) == sorted(set(names))


def _site() -> Path:
    return next(Path(place) for place in site.getsitepackages() if Path(place).is_dir())
