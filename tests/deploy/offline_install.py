"""Makes the bundle, installs it where there is no network, and starts it: `python -m tests.deploy.offline_install`.

Without a network means a network namespace of its own, where the kernel lets us make one; else `pip --no-index` alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from portal.embedded.application import REPOSITORY

_ISOLATED = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--map-current-user",)))


def main() -> int:
    work = Path(tempfile.mkdtemp(prefix="chancery-bundle-"))
    work.chmod(0o711)
    try:
        return _try(work)
    finally:
        shutil.rmtree(work)


def _try(work: Path) -> int:
    began = time.monotonic()
    subprocess.run([REPOSITORY / "platform" / "deploy" / "bundle", work], check=True)
    [archive] = work.glob("*.tar.gz")
    with tarfile.open(archive) as bundle:
        bundle.extractall(work)  # noqa: S202  we made it a moment ago
    made = time.monotonic()
    [source] = [path for path in work.iterdir() if path.is_dir()]
    prefix = _ISOLATED if _can_isolate() else ()
    _run(*prefix, "./install", source=source)
    installed = time.monotonic()
    services = [*prefix, ".venv/bin/python", "manage.py", "services", "run"]  # which listen on unix sockets alone
    with subprocess.Popen(services, cwd=source, env=_environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = next((line for line in process.stdout if line.startswith(b"Ready.")), b"")
        process.terminate()
        process.stdout.read()  # to its end, so that it may say that it stops
    sys.stdout.write(
        f"made in {made - began:.0f} s; installed in {installed - made:.0f} s, "
        f"{'without a network' if prefix else 'with --no-index'}; services {'started' if said else 'did not start'}\n"
    )
    return 0 if said else 1


def _run(*command: str, source: Path) -> None:
    subprocess.run(command, cwd=source, env=_environment(), check=True)


def _environment() -> dict[str, str]:
    """Of the repository's own environment nothing."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHON") if name in os.environ}


def _can_isolate() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run([*_ISOLATED, "true"], capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
