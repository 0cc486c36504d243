"""The model servers every target forwards to: nginx for JSON where it is installed, our own server for streams.

Both answer from memory and count what reaches them, so that a target which answers by itself is found out.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.bench import traffic
from tests.bench.processes import Spawned, free_port

_NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /count {{ stub_status; }}
        location / {{ return 200 '{answer}'; }}
    }}
}}
"""


def get(port: int, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the two model servers listen. `plain_kind` names what answers JSON: nginx, or our own server without it."""

    plain_port: int
    stream_port: int
    plain_kind: str
    processes: tuple[Spawned, ...]

    def pace(self, *, events: int, milliseconds: int) -> None:
        get(self.stream_port, f"/pace/{events}/{milliseconds}")

    def plain_requests(self) -> int:
        """Requests seen so far by the JSON server, this question included."""
        text = get(self.plain_port, "/count")
        if self.plain_kind != "nginx":
            return int(text)
        found = re.search(r"^\s*\d+\s+\d+\s+(\d+)\s*$", text, re.MULTILINE)
        if found is None:
            raise ValueError(f"unexpected stub_status page: {text!r}")
        return int(found[1])

    def stream_requests(self) -> int:
        return int(get(self.stream_port, "/count"))

    def stop(self) -> None:
        for process in self.processes:
            process.stop()


def _nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def start(home: Path) -> Upstream:
    """Starts both servers with their files under `home`."""
    stream_port = free_port()
    streams = Spawned(
        [sys.executable, "-m", "tests.bench.upstream_server", str(stream_port)], log=home / "upstream-stream.log"
    )
    streams.wait_until_listening(stream_port)
    nginx = _nginx()
    if nginx is None:
        return Upstream(stream_port, stream_port, "asyncio server", (streams,))
    plain_port = free_port()
    configuration = home / "nginx.conf"
    text = _NGINX.format(home=home.resolve(), port=plain_port, answer=traffic.answer().decode().replace("'", "\\'"))
    configuration.write_text(text)
    command = [nginx, "-c", str(configuration.resolve()), "-e", str(home.resolve() / "nginx.log")]
    plain = Spawned(command, log=home / "nginx.out")
    plain.wait_until_listening(plain_port)
    return Upstream(plain_port, stream_port, "nginx", (streams, plain))
