"""How an application calls the gateway with a key, to be copied."""

from __future__ import annotations

_CURL = """curl {base}/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'"""

_PYTHON = """from openai import OpenAI

client = OpenAI(base_url="{base}", api_key="{key}")
answer = client.chat.completions.create(
    model="{model}", messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.choices[0].message.content)"""

_JAVASCRIPT = """import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{base}", apiKey: "{key}" }});
const answer = await client.chat.completions.create({{
  model: "{model}", messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.choices[0].message.content);"""


def curl(base: str, key: str, model: str) -> str:
    """`base` ends with `/v1`."""
    return _CURL.format(base=base, key=key, model=model)


def snippets(base: str, key: str, model: str = "MODEL") -> list[tuple[str, str]]:
    """(language, code); `MODEL` stands for a name from the list of models."""
    return [
        ("curl", curl(base, key, model)),
        ("Python", _PYTHON.format(base=base, key=key, model=model)),
        ("JavaScript", _JAVASCRIPT.format(base=base, key=key, model=model)),
    ]
