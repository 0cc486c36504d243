"""What was used by one request, as it is paid for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MILLION = 1_000_000


class Component(StrEnum):
    """What has a rate of its own. The order is that of `Quantities.parts`.

    A part of the input or output that a price does not name is charged as what it is a part of: see `PART_OF`.
    """

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_1H = "cache_write_1h"
    AUDIO_INPUT = "audio_input"
    IMAGE_INPUT = "image_input"
    OUTPUT = "output"
    REASONING = "reasoning"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_OUTPUT = "image_output"
    REQUEST = "request"
    IMAGE = "image"
    WEB_SEARCH = "web_search"
    GPU_SECOND = "gpu_second"


PART_OF = {
    Component.CACHED_INPUT: Component.INPUT,
    Component.CACHE_WRITE: Component.INPUT,
    Component.CACHE_WRITE_1H: Component.CACHE_WRITE,
    Component.AUDIO_INPUT: Component.INPUT,
    Component.IMAGE_INPUT: Component.INPUT,
    Component.REASONING: Component.OUTPUT,
    Component.AUDIO_OUTPUT: Component.OUTPUT,
    Component.IMAGE_OUTPUT: Component.OUTPUT,
}
OF_INPUT = tuple(list(Component)[:6])
OF_OUTPUT = tuple(list(Component)[6:10])
# What a chat of text alone can come to. A cache that is kept for an hour is written only for those who ask for it.
OF_TEXT_INPUT = (Component.INPUT, Component.CACHED_INPUT, Component.CACHE_WRITE)
OF_TEXT_OUTPUT = (Component.OUTPUT, Component.REASONING)

# A rate is nano-USD per so many: tokens per million, GPU time (counted in milliseconds) per second, the rest per one.
PER = {
    component: MILLION if component in OF_INPUT + OF_OUTPUT else 1000 if component is Component.GPU_SECOND else 1
    for component in Component
}


# In the order of their names, as canonical JSON has them.
FURTHER = (
    "audio_input_tokens",
    "audio_output_tokens",
    "cache_write_1h_tokens",
    "cache_write_tokens",
    "gpu_ms",
    "image_input_tokens",
    "image_output_tokens",
    "images",
    "web_searches",
)


@dataclass(slots=True)
class Quantities:
    """Tokens, and what is counted apart from them.

    Cached tokens, cache writes, audio and images are parts of `input_tokens`, whatever way the provider counts them;
    reasoning, audio and images are parts of `output_tokens`. `images` are pictures made, `web_searches` searches done
    by the provider, `gpu_ms` milliseconds of our own workers' GPUs.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    audio_input_tokens: int = 0
    image_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_output_tokens: int = 0
    images: int = 0
    web_searches: int = 0
    gpu_ms: int = 0
    service_tier: str = "standard"

    def further(self) -> dict[str, int] | None:
        """What there was of the kinds that most requests use nothing of."""
        return {name: quantity for name in FURTHER if (quantity := getattr(self, name))} or None

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def parts(self) -> tuple[int, ...]:
        """Disjoint, in the order of `Component`, for one request.

        Where a provider counts more in the parts than in the whole, the parts stand and the rest is nothing: more
        cached than sent is no credit.
        """
        of_input = (
            self.cached_input_tokens,
            self.cache_write_tokens,
            self.cache_write_1h_tokens,
            self.audio_input_tokens,
            self.image_input_tokens,
        )
        of_output = self.reasoning_tokens, self.audio_output_tokens, self.image_output_tokens
        return (
            max(0, self.input_tokens - sum(of_input)),
            *of_input,
            max(0, self.output_tokens - sum(of_output)),
            *of_output,
            1,
            self.images,
            self.web_searches,
            self.gpu_ms,
        )
