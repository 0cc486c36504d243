"""Server-sent events, the receiving side (WHATWG HTML, section 9.2.6): bytes in, data payloads out."""

from __future__ import annotations

_BOM = b"\xef\xbb\xbf"


class EventTooLarge(ValueError):
    """One event is larger than the limit; nothing after it can be trusted."""


class EventParser:
    """Fed with pieces cut anywhere, inside UTF-8 sequences and line ends too.

    Only `data` matters in this dialect: `event`, `id`, `retry` and comments are read over. An event without data is
    no event. What follows the last blank line is held back; `pending` shows it once the stream has ended.
    """

    __slots__ = ("_after_cr", "_fresh", "_held", "_held_bytes", "_limit")

    def __init__(self, limit: int) -> None:
        self._held: list[bytes] = []  # what no blank line has ended yet, line ends normalised
        self._held_bytes = 0
        self._fresh = True
        self._after_cr = False
        self._limit = limit

    def feed(self, piece: bytes) -> list[bytes]:
        """The payloads completed by `piece`, in order. Raises `EventTooLarge`."""
        # One whole event in one piece, which is how upstreams flush tokens: nothing to split, nothing to join.
        if (
            piece[:6] == b"data: "
            and piece[-2:] == b"\n\n"
            and not self._held
            and piece.find(b"\n") == len(piece) - 2
            and b"\r" not in piece
        ):
            self._fresh = self._after_cr = False
            return [piece[6:-2]]
        return self._feed_any(self._normalised(piece))

    def pending(self) -> bytes | None:
        """The payload of a last event that lacks its blank line."""
        return _payload(b"".join(self._held).removeprefix(_BOM))

    def _feed_any(self, piece: bytes) -> list[bytes]:
        self._hold(piece)
        if b"\n" not in piece:  # then nothing has ended, and a long line is not searched again and again
            return []
        text = b"".join(self._held)
        if self._fresh:
            text = text.removeprefix(_BOM)
            self._fresh = False
        complete, separator, rest = text.rpartition(b"\n\n")
        self._held.clear()
        self._held_bytes = 0
        self._hold(rest)
        if not separator:
            return []
        found = [_payload(event) for event in complete.split(b"\n\n")]
        return [payload for payload in found if payload is not None]

    def _hold(self, text: bytes) -> None:
        if text:
            self._held.append(text)
            self._held_bytes += len(text)
            if self._held_bytes > self._limit:
                raise EventTooLarge

    def _normalised(self, piece: bytes) -> bytes:
        """CRLF and CR become LF; a CR at the end of a piece may be the first half of a CRLF."""
        if self._after_cr and piece:
            self._after_cr = False
            piece = piece.removeprefix(b"\n")
        if b"\r" not in piece:
            return piece
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _payload(event: bytes) -> bytes | None:
    """The data lines of one event, joined by line ends."""
    lines = [_value(line) for line in event.split(b"\n") if line[:5] == b"data:" or line == b"data"]
    return b"\n".join(lines) if lines else None


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ")
