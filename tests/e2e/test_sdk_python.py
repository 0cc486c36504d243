"""OpenAI's Python SDK, unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.support.gateway import RunningGateway
from tests.support.world import World

HELLO: Any = [{"role": "user", "content": "Hello"}]
WEATHER: Any = [
    {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
]


@pytest.fixture
def client(gateway: RunningGateway, world: World, upstream: str) -> Iterator[openai.OpenAI]:
    world.serve("helper", upstream)
    gateway.catch_up()
    with openai.OpenAI(base_url=gateway.url + "/v1", api_key=world.key_text, max_retries=0) as client:
        yield client


def test_a_chat(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="helper", messages=HELLO)
    assert completion.choices[0].message.content
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


def test_a_stream(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="helper", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage is not None


def test_tools_in_a_plain_answer_and_in_a_stream(client: openai.OpenAI) -> None:
    script = {"dummy": 'tool=get_weather args={"city":"Oslo"}'}
    completion = client.chat.completions.create(model="helper", messages=HELLO, tools=WEATHER, metadata=script)
    calls = completion.choices[0].message.tool_calls
    assert calls
    assert completion.choices[0].finish_reason == "tool_calls"
    with client.chat.completions.stream(model="helper", messages=HELLO, tools=WEATHER, metadata=script) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls
    assert json.loads(final.choices[0].message.tool_calls[0].function.arguments) == {"city": "Oslo"}


def test_errors_arrive_as_the_sdks_own(client: openai.OpenAI, gateway: RunningGateway) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nothing", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    assert unknown.value.request_id
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=gateway.url + "/v1", api_key="wrong", max_retries=0).models.list()
    with pytest.raises(openai.BadRequestError) as wrong:
        client.chat.completions.create(model="helper", messages=HELLO, temperature=9)
    assert wrong.value.param == "temperature"


def test_a_stream_that_breaks_raises(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="helper", messages=HELLO, stream=True, metadata={"dummy": "tokens=50 cut=5"}
    )
    with pytest.raises(openai.APIError):
        list(stream)


def test_retries_happen_where_they_help_and_not_where_they_do_not(client: openai.OpenAI, upstream: str) -> None:
    retrying = client.with_options(max_retries=2)
    with pytest.raises(openai.NotFoundError):
        retrying.chat.completions.create(model="nothing", messages=HELLO)
    with pytest.raises(openai.APIStatusError) as failed:
        retrying.chat.completions.create(model="helper", messages=HELLO, metadata={"dummy": "status=500"})
    assert failed.value.status_code == 502


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["helper"]
    assert client.models.retrieve("helper").owned_by == "Somebody"
