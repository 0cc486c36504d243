"""Documents as YAML: read strictly, written so that a version control system shows small differences."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node

from kit import errors

MOST_BYTES = 4 * 2**20


class _Loader(yaml.SafeLoader):
    """Without what surprises: no references (which can blow a small file up), no name twice, and only `true` and
    `false` are truth values, so that a region called `no` is a region."""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            line = self.line + 1
            raise errors.InvalidRequest(f"Line {line}: references are not read.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key, _ in node.value:
            name = self.construct_object(key)
            if not isinstance(name, Hashable):
                continue  # which is refused below
            if name in seen:
                raise errors.InvalidRequest(f"Line {key.start_mark.line + 1}: {name} stands twice.")
            seen.add(name)
        return super().construct_mapping(node, deep)


_PLAIN = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _PLAIN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def parse(text: bytes) -> Any:
    """The document. Raises `errors.InvalidRequest` with the line for what is no YAML."""
    if len(text) > MOST_BYTES:
        raise errors.InvalidRequest(f"A document has at most {MOST_BYTES:,} bytes.")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise errors.InvalidRequest(f"Line {line}: {broken.problem or 'not YAML'}.") from broken
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as broken:
        raise errors.InvalidRequest("The file is not YAML.") from broken


def write(document: Mapping[str, Any]) -> str:
    """In the order of the sections and of their fields; what looks like something else than text is quoted."""
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=120)


def with_credentials(document: Any, environment: Mapping[str, str]) -> Any:
    """Puts what `credential: {env: NAME}` of a provider names in its place: a file in version control holds no secret.

    Raises `errors.InvalidRequest` for a variable that is not set.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("providers"), list):
        return document
    return {**document, "providers": [_with_credential(entry, environment) for entry in document["providers"]]}


def _with_credential(entry: Any, environment: Mapping[str, str]) -> Any:
    named = entry.get("credential") if isinstance(entry, Mapping) else None
    if not isinstance(named, Mapping):
        return entry
    variable = str(named.get("env"))
    if set(named) != {"env"} or variable not in environment:
        raise errors.InvalidRequest(f"credential: the environment variable {variable} is not set.", param="credential")
    return {**entry, "credential": environment[variable]}
