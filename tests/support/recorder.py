"""An upstream that keeps what it was sent: a plain HTTP server on loopback that answers every call alike.

What it answers can be set, also to what no upstream should answer.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.loopback import serving

ANSWER = {
    "id": "upstream",
    "object": "chat.completion",
    "created": 1,
    "model": "dummy",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


class Recorder(ThreadingHTTPServer):
    """`received` holds (head, body) of each call, in order. `answer` is the whole body of each answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, bytes]] = []
        self.answer = json.dumps(ANSWER).encode()
        self.content_type = "application/json"

    def answer_with(self, **changed: Any) -> None:
        """A completion in which these members are others."""
        self.answer = json.dumps({**ANSWER, **changed}).encode()

    def answer_events(self, *payloads: bytes) -> None:
        """A stream of these events, and its end."""
        self.answer = b"".join(b"data: " + payload + b"\n\n" for payload in (*payloads, b"[DONE]"))
        self.content_type = "text/event-stream"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def last_body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.received[-1][1])
        return body

    def last_head(self) -> str:
        return self.received[-1][0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((str(self.headers), body))
        answer = self.server.answer
        self.send_response(200)
        self.send_header("content-type", self.server.content_type)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent."""


def recording() -> AbstractContextManager[Recorder]:
    return serving(Recorder())
