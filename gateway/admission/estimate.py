"""How many tokens a prompt can be at most, before anybody has counted them.

Tokens of a prompt are bounded by its bytes, not guessed: a token of a byte-level BPE (OpenAI, Llama 3, Qwen, Mistral,
DeepSeek) or of SentencePiece with byte fallback (Llama 2, Gemma, Gemini) stands for at least one byte. Any cheaper
figure, such as a quarter of the bytes, is wrong where it matters, since a caller chooses the text: base64 has 1.5 bytes
a token, emoji 1.3, cuneiform 1.0 (o200k_base). Tokenizers that normalise to NFKC first (older Claude) see the longer
of the two forms.

Counting exactly would cost 35 µs per kilobyte, 85 MB and half a second at start (tiktoken, o200k_base), and hold for
one vendor's models only. What the bound holds too much is small: English has about 4.3 bytes a token, but output is
priced four to five times as high and its bound is exact, so that a kilobyte of prompt and 1,024 tokens of output are
held at 1.2 times their real worst case. It is given back when the call ends.
"""

from __future__ import annotations

from kit.normal_form import nfkc

# What templates put before the first message, such as a default system prompt (Qwen, SmolLM2, Llama 3.1: 20 to 40), and
# the opening of the answer.
TOKENS_PER_PROMPT = 64


def prompt_tokens(prompt: str) -> int:
    """A bound on the input tokens of a prompt, given as the JSON of all its parts.

    `{"role":"user","content":""}` around each message is more than the 3 to 6 tokens that the chat templates of the
    families above put there. Not bounded: pictures and files, for which the caller has the model's context window, and
    what a provider adds of its own accord for hosted tools.
    """
    return TOKENS_PER_PROMPT + _bytes(prompt)


def _bytes(text: str) -> int:
    if text.isascii():
        return len(text)
    return max(len(form.encode(errors="surrogatepass")) for form in (text, nfkc(text)))
