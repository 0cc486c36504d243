"""What a deployment charges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """Nano-USD per million tokens, and nano-USD per request on top. Output includes reasoning."""

    input: int
    cached_input: int
    output: int
    per_request: int = 0

    def __post_init__(self) -> None:
        if min(self.input, self.cached_input, self.output, self.per_request) < 0:
            raise ValueError("a price is not negative")
