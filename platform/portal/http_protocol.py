"""uvicorn's HTTP/1.1 with two things that its parser leaves to others: an end to what is no body, and no late headers.

llhttp reads a request line, a header or a trailer of any length, and its callbacks know no trailers: uvicorn adds what
comes behind a chunked body to the headers. A proxy that sets or strips headers (`authorization`, `x-forwarded-for`)
does not look there, and a recipient must not merge them (RFC 9110, section 6.5.1).
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536  # a token of 16 KiB, a chain of proxies and a tracing header fit many times


class BoundedHttp(HttpToolsProtocol):
    """For `uvicorn --http`. Beyond the limit the connection ends, with 400 where no request is being answered."""

    _unfinished_bytes = 0  # received since anything was complete: a head, a piece of a body, a request

    def data_received(self, data: bytes) -> None:
        self._unfinished_bytes += len(data)
        super().data_received(data)
        if self._unfinished_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        self._unfinished_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._unfinished_bytes = 0
        super().on_headers_complete()
        self.scope["headers"] = self.headers.copy()  # what comes later is for nobody

    def on_body(self, body: bytes) -> None:
        self._unfinished_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished_bytes = 0
        super().on_message_complete()

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response("Request head too large.")
        else:
            self.transport.abort()
