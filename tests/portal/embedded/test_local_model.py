"""The small model of the demo, really answering."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from portal.embedded import local_model, wheels
from portal.embedded.home import Home
from portal.embedded.local_model import Upstream
from portal.embedded.supervisor import Supervisor


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    home = Home(tmp_path_factory.mktemp("model"))
    home.create()
    upstream = local_model.configure(home)
    if upstream is None:
        pytest.skip("the local model cannot run on this machine")
    with Supervisor(home, lambda line: None) as supervisor:
        supervisor.start(upstream.program)
        supervisor.wait("local-model", 60)
        yield upstream


def post(model: Upstream, *, key: str | None = None, **body: Any) -> httpx.Response:
    return httpx.post(
        f"{model.url}/chat/completions",
        json={"model": model.model, "max_tokens": 12, **body},
        headers={"authorization": f"Bearer {key or model.key}"},
        timeout=60,
    )


def ask(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_parallel_requests_each_get_an_answer_and_its_usage(model: Upstream) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: post(model, messages=ask(f"Count from {number}.")), range(6)))
    for answer in (answer.json() for answer in answers):
        assert answer["choices"][0]["message"]["content"]
        assert 1 <= answer["usage"]["completion_tokens"] <= 12
        assert answer["model"] == local_model.NAME


def test_a_stream_ends_with_its_usage(model: Upstream) -> None:
    events = post(model, messages=ask("Hello"), stream=True, stream_options={"include_usage": True}).text
    payloads = [line.removeprefix("data: ") for line in events.splitlines() if line]
    assert payloads[-1] == "[DONE]"
    assert json.loads(payloads[-2])["usage"]["prompt_tokens"] > 0


def test_an_answer_keeps_to_a_schema(model: Upstream) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    answer = post(model, messages=ask("A person?"), response_format=wanted, max_tokens=60).json()
    assert isinstance(json.loads(answer["choices"][0]["message"]["content"])["age"], int)


def test_without_the_key_nobody_is_served(model: Upstream) -> None:
    assert post(model, key="wrong", messages=ask("Hello")).status_code == 401


@pytest.mark.parametrize("lacking", ["_has_avx2", "_weights"])
def test_a_machine_that_cannot_run_it_is_told_apart(home: Home, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    monkeypatch.setattr(local_model, lacking, lambda: None)
    assert local_model.configure(home) is None


def test_a_missing_wheel_is_named() -> None:
    with pytest.raises(wheels.NotInstalled, match="no_such_wheel is not installed"):
        wheels.directory("no_such_wheel")
