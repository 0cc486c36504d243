from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kit import clock, ids

MOMENTS = st.integers(min_value=0, max_value=8 * 10**12).map(
    lambda milliseconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)


def test_an_id_is_a_uuid_of_version_seven() -> None:
    made = ids.new_id()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


@given(MOMENTS)
def test_an_id_tells_its_millisecond(moment: datetime) -> None:
    with clock.fixed(moment):
        assert abs(ids.time_of(ids.new_id()) - moment) < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_ids_are_ordered_by_time(one: datetime, other: datetime) -> None:
    with clock.fixed(one):
        first = ids.new_id()
    bound = ids.first_id_at(other)
    if int(one.timestamp() * 1000) < int(other.timestamp() * 1000):
        assert first < bound
    else:
        assert first >= bound


def test_ids_do_not_repeat() -> None:
    assert len({ids.new_id() for _ in range(10_000)}) == 10_000


def test_what_follows_by_a_duration_does_not_go_by_the_clock() -> None:
    first = ids.new_id()
    with clock.shifted(timedelta(hours=-1)):
        assert ids.time_of(ids.later_id(first, 1.5)) - ids.time_of(first) == timedelta(seconds=1.5)
