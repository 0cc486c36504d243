"""Whatever fits our OpenAPI documents is answered as they say, by a running server.

Daily a try for each operation of the inference API and of some resources of the management API, since the tries are
slow to make; `make fuzz` goes over everything, again and again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support import cast
from tests.support import world as worlds
from tests.support.gateway import RunningGateway

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
DAILY = r"^/api/(budgets|requests|teams)/(\{id\}/)?$"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
BOUNDED = settings(
    max_examples=EXAMPLES or 1,
    deadline=None,
    derandomize=not EXAMPLES,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def document(name: str) -> Any:
    return schemathesis.openapi.from_dict(json.loads((REFERENCE / f"openapi-{name}.json").read_text()))


inference, portal = document("inference"), document("portal")
if not EXAMPLES:
    portal = portal.include(path_regex=DAILY)


@pytest.fixture(scope="module")
def key() -> str:
    """Of an organisation in which a model answers."""
    world = worlds.build()
    world.serve("helper")
    return world.key_text


@pytest.fixture(scope="module")
def token() -> str:
    """Of an administrator, who may do most."""
    return cast.assemble().ada.token()


@inference.parametrize()  # type: ignore[untyped-decorator]
@BOUNDED
def test_the_inference_api_is_as_documented(case: Any, gateway: RunningGateway, key: str) -> None:
    _call(case, gateway, key)


@portal.parametrize()  # type: ignore[untyped-decorator]
@BOUNDED
def test_the_management_api_is_as_documented(case: Any, gateway: RunningGateway, token: str) -> None:
    _call(case, gateway, token)


def _call(case: Any, gateway: RunningGateway, text: str) -> None:
    case.call_and_validate(base_url=gateway.url, headers={"Authorization": f"Bearer {text}"}, checks=CHECKS, timeout=30)
