"""Every provider kind of the register has a provider."""

from __future__ import annotations

import pytest

from gateway.providers.dummy.provider import Dummy
from gateway.providers.hosted import Hosted
from gateway.providers.openai_compatible import OpenAICompatible
from gateway.providers.registry import Registry
from kit.egress import EgressPolicy


async def test_each_kind_has_its_provider() -> None:
    registry = Registry(EgressPolicy())
    assert isinstance(registry.provider("openai_compatible"), OpenAICompatible)
    assert isinstance(registry.provider("hosted"), Hosted)
    assert isinstance(registry.provider("dummy"), Dummy)
    with pytest.raises(KeyError):
        registry.provider("other")
    await registry.close()
