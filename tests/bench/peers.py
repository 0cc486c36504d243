"""Installs the peers that the benchmark runs beside us, each in an environment of its own, and says what is there.

They are never dependencies of the product: a benchmark without them lists them as not installed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LITELLM_VERSION = "1.106.2"
PORTKEY_VERSION = "1.15.2"
# Its range admits newer ones, with which every stream fails on immutable headers (Portkey-AI/gateway#1389).
PORTKEY_NODE_SERVER_VERSION = "1.14.1"
DEFAULT_DIRECTORY = Path(".bench")


class PeerMissing(Exception):
    """What a peer needs is not on this machine; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Where the peers live under one directory, whether or not they are installed yet."""

    directory: Path

    @property
    def litellm(self) -> Path:
        return self.directory / "litellm" / "bin" / "litellm"

    @property
    def portkey(self) -> Path:
        return self.directory / "portkey" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"

    def installed(self) -> dict[str, bool]:
        return {"LiteLLM": self.litellm.exists(), "Portkey": self.portkey.exists() and shutil.which("node") is not None}


def install_litellm(directory: Path) -> None:
    environment = directory / "litellm"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    package = f"litellm[proxy]=={LITELLM_VERSION}"
    subprocess.run([environment / "bin" / "python", "-m", "pip", "install", "-qq", package], check=True)


def install_portkey(directory: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise PeerMissing("Portkey's gateway needs Node.js 18 or later and npm")
    prefix = directory / "portkey"
    prefix.mkdir(parents=True, exist_ok=True)
    options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
    manifest = {
        "private": True,
        "dependencies": {"@portkey-ai/gateway": PORTKEY_VERSION},
        "overrides": {"@hono/node-server": PORTKEY_NODE_SERVER_VERSION},
    }
    (prefix / "package.json").write_text(json.dumps(manifest, indent=2))
    subprocess.run([npm, "install", *options, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)


def install(directory: Path) -> list[str]:
    """Installs what is missing. Returns one line per peer; a peer that cannot be installed does not stop the other."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = []
    present = Peers(directory).installed()
    for name, step in (("LiteLLM", install_litellm), ("Portkey", install_portkey)):
        if present[name]:
            lines.append(f"{name}: already installed")
            continue
        try:
            step(directory)
        except (PeerMissing, subprocess.CalledProcessError, OSError) as error:
            lines.append(f"{name}: not installed ({error})")
        else:
            lines.append(f"{name}: installed")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.peers", description=__doc__)
    parser.add_argument("act", choices=["install", "status"])
    parser.add_argument("directory", nargs="?", type=Path, default=DEFAULT_DIRECTORY)
    options = parser.parse_args()
    if options.act == "install":
        sys.stdout.writelines(f"{line}\n" for line in install(options.directory))
    present = Peers(options.directory).installed()
    if options.act == "status":
        for name, there in present.items():
            sys.stdout.write(f"{name}: {'installed' if there else 'not installed'}\n")
    return 0 if all(present.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
