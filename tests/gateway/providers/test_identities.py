"""What upstreams say they are is noted once, whatever they send."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.providers.identities import Identities, Identity
from kit.ids import new_id

HERE, THERE = new_id(), new_id()


def heard(*answers: dict[str, Any]) -> list[Identity]:
    identities = Identities()
    for answer in answers:
        identities.hear(HERE, answer)
    return list(identities.fresh)


def test_what_is_said_again_is_not_fresh() -> None:
    identities = Identities()
    answer = {"model": "helper-2026", "system_fingerprint": "fp_1"}
    identities.hear(HERE, answer)
    assert list(identities.fresh) == [Identity(HERE, "helper-2026", "fp_1")]
    identities.fresh.clear()

    identities.hear(HERE, answer)
    assert not identities.fresh
    identities.hear(THERE, answer)
    assert list(identities.fresh) == [Identity(THERE, "helper-2026", "fp_1")]


def test_another_model_is_heard_however_many_fingerprints_there_were() -> None:
    many = [{"model": "helper-2026", "system_fingerprint": f"fp_{number}"} for number in range(300)]
    fresh = heard(*many, {"model": "helper-2027", "system_fingerprint": "fp_301"})
    assert {identity.model for identity in fresh} == {"helper-2026", "helper-2027"}
    assert len(fresh) < 300


def test_what_is_heard_first_is_noted_first() -> None:
    answers = [{"system_fingerprint": f"fp_{number}"} for number in range(20)]
    assert [identity.fingerprint for identity in heard(*answers)] == [f"fp_{number}" for number in range(20)]


def test_either_may_be_missing_and_both_say_nothing() -> None:
    assert heard({"model": "m"}, {"system_fingerprint": "f"}, {}, {"model": None}) == [
        Identity(HERE, "m", ""),
        Identity(HERE, "", "f"),
    ]


@pytest.mark.parametrize("text", ["two words", "x" * 201, "ключ", "\ud800", "a\nb"])
def test_what_is_no_label_is_noted_by_its_hash(text: str) -> None:
    [identity] = heard({"model": text})
    assert identity.model.startswith("sha256:")
    assert text not in str(identity)


@pytest.mark.parametrize("said", [7, ["m"], {"a": 1}, True])
def test_what_is_no_text_is_passed_over(said: Any) -> None:
    answers = {"model": said}, {"model": "m"}, {"model": "m", "system_fingerprint": said}
    assert heard(*answers) == [Identity(HERE, "m", "")]


def test_one_that_says_something_else_each_time_is_not_listened_to_for_ever() -> None:
    assert len(heard(*({"system_fingerprint": f"fp_{number}"} for number in range(1000)))) == 256
