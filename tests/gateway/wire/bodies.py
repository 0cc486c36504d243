"""Chat bodies for hypothesis: well formed, and full of members that nobody knows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.text("abcdefghij_", min_size=1, max_size=8)
# A marked text is found again in what is inspected only if it was put there; "a" would be found in anything.
TEXTS = st.text('abc \n"\\é', max_size=6).map(lambda text: f"<{text}>")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(-100, 100) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
UNKNOWN = st.dictionaries(NAMES.map(lambda name: f"future_{name}"), JSON, max_size=3)


def _with_unknown(strategy: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(UNKNOWN, strategy).map(lambda pair: {**pair[0], **pair[1]})


def _part(kind: str, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _with_unknown(st.fixed_dictionaries({"type": st.just(kind), kind: inner}))


TEXT_PARTS = _part("text", TEXTS)
IMAGE_PARTS = _part(
    "image_url",
    _with_unknown(
        st.fixed_dictionaries(
            {"url": st.sampled_from(["data:image/png;base64,AAAA", "https://example.com/<seen>.png"])},
            optional={"detail": TEXTS},
        )
    ),
)
FILE_PARTS = _part(
    "file",
    _with_unknown(st.fixed_dictionaries({"file_data": st.just("data:a;base64,BBBB")}, optional={"filename": TEXTS})),
)
TOOL_CALLS = _with_unknown(
    st.fixed_dictionaries(
        {"id": TEXTS, "type": st.just("function")}
        | {"function": st.fixed_dictionaries({"name": TEXTS, "arguments": TEXTS})}
    )
)
MESSAGES = st.one_of(
    _with_unknown(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["system", "developer"]), "content": TEXTS | st.lists(TEXT_PARTS, min_size=1)},
            optional={"name": st.none() | TEXTS},
        )
    ),
    _with_unknown(
        st.fixed_dictionaries(
            {
                "role": st.just("user"),
                "content": TEXTS | st.lists(TEXT_PARTS | IMAGE_PARTS | FILE_PARTS, min_size=1, max_size=3),
            },
            optional={"name": TEXTS},
        )
    ),
    _with_unknown(
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "tool_calls": st.lists(TOOL_CALLS, min_size=1, max_size=2)},
            optional={"content": st.none() | TEXTS | st.lists(_part("refusal", TEXTS), min_size=1), "refusal": TEXTS},
        )
    ),
    st.fixed_dictionaries({"role": st.just("tool"), "content": TEXTS, "tool_call_id": TEXTS}),
)
FUNCTIONS = _with_unknown(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={"description": TEXTS, "parameters": st.dictionaries(NAMES, JSON, max_size=3)},
    )
)
FIELDS = {
    "frequency_penalty": st.floats(-2, 2),
    "function_call": TEXTS | st.fixed_dictionaries({"name": TEXTS}),
    "functions": st.lists(FUNCTIONS, max_size=2),
    "logit_bias": st.dictionaries(st.integers(0, 10**8 - 1).map(str), st.integers(-100, 100), max_size=2),
    "logprobs": st.booleans(),
    "max_tokens": st.integers(1, 10**6),
    "metadata": st.dictionaries(NAMES, TEXTS | JSON, max_size=3),
    "modalities": st.just(["text"]),
    "n": st.integers(1, 128),
    "parallel_tool_calls": st.booleans(),
    "presence_penalty": st.integers(-2, 2),
    "prompt_cache_key": TEXTS,
    "reasoning_effort": TEXTS,
    "response_format": st.just({"type": "json_object"})
    | st.fixed_dictionaries(
        {
            "type": st.just("json_schema"),
            "json_schema": st.fixed_dictionaries(
                {"name": TEXTS}, optional={"schema": st.dictionaries(NAMES, JSON, max_size=3)}
            ),
        }
    ),
    "safety_identifier": TEXTS,
    "seed": st.integers(-(2**63), 2**63 - 1),
    "service_tier": st.sampled_from(["auto", "default"]),
    "stop": TEXTS | st.lists(TEXTS, max_size=4),
    "store": st.booleans(),
    "stream": st.just(True),
    "stream_options": _with_unknown(st.fixed_dictionaries({}, optional={"include_usage": st.booleans()})),
    "temperature": st.floats(0, 2),
    "tool_choice": TEXTS | st.fixed_dictionaries({"type": TEXTS}),
    "tools": st.lists(
        _part("function", FUNCTIONS) | _part("custom", FUNCTIONS),
        max_size=2,
    ),
    "top_logprobs": st.integers(0, 20),
    "top_p": st.floats(0, 1),
    "user": TEXTS,
    "verbosity": TEXTS,
}


def _streamed(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "stream": True} if body.get("stream_options") is not None else body


BODIES = _with_unknown(
    st.fixed_dictionaries(
        {"model": TEXTS, "messages": st.lists(MESSAGES, min_size=1, max_size=3)},
        optional={name: st.none() | strategy for name, strategy in FIELDS.items()},
    )
).map(_streamed)
