"""OpenAI's Node SDK, unchanged. `make install-dev` puts it beside `node/sdk.mjs`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.gateway import RunningGateway
from tests.support.world import World

NODE = Path(__file__).parent / "node"


def test_chat_stream_tools_errors_retries_and_models(gateway: RunningGateway, world: World, upstream: str) -> None:
    world.serve("helper", upstream)
    gateway.catch_up()
    ran = subprocess.run(
        ["node", "sdk.mjs"],
        cwd=NODE,
        env={"PATH": os.environ["PATH"], "GATEWAY_URL": gateway.url, "GATEWAY_KEY": world.key_text},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
