"""LiteLLM's proxy: one worker, a master key, no database, its defaults otherwise."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import traffic
from tests.bench.processes import Spawned, free_port
from tests.bench.target import Place, Request, Running, Target

_MASTER_KEY = "sk-bench-master"


def _configuration(place: Place) -> str:
    """JSON, which is YAML too. Two models of the same name upstream, one for each of the upstream's servers."""
    ports = {traffic.MODEL: place.upstream.plain_port, traffic.STREAM_MODEL: place.upstream.stream_port}
    models = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{traffic.MODEL}",
                "api_base": f"http://127.0.0.1:{port}/v1",
                "api_key": "sk-upstream",
            },
        }
        for name, port in ports.items()
    ]
    return json.dumps({"model_list": models, "general_settings": {"master_key": _MASTER_KEY}})


def _start(command: Path, place: Place) -> Running:
    port = free_port()
    configuration = place.home / "litellm.yaml"
    configuration.write_text(_configuration(place))
    process = Spawned(
        [command, "--config", configuration, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"],
        log=place.home / "litellm.log",
        environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "HF_HUB_OFFLINE": "1"},
    )
    process.wait_until_listening(port, seconds=120)
    return Running(
        pid=process.pid,
        plain=Request(port=port, body=traffic.chat(), tokens=(_MASTER_KEY,)),
        stream=Request(port=port, body=traffic.chat(traffic.STREAM_MODEL, stream=True), tokens=(_MASTER_KEY,)),
        stop=process.stop,
    )


def target(command: Path) -> Target:
    """`command` is the `litellm` script of the environment it was installed into."""
    return Target(
        name="LiteLLM proxy",
        does="authenticates by master key, forwards, computes cost",
        start=lambda place: _start(command, place),
    )
