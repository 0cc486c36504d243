"""Charts as they are drawn: each rectangle where its figure says."""

from __future__ import annotations

from xml.etree import ElementTree

from portal import charts


def boxes(drawn: str, kind: str) -> list[tuple[float, float, float, float]]:
    """(x, y, width, height) of the rectangles of a kind."""
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    found = [each for each in root.iter() if each.get("class") == kind]
    return [tuple(float(each.get(name) or "nan") for name in ("x", "y", "width", "height")) for each in found]  # type: ignore[misc]


def test_columns_stand_on_the_line_and_what_is_bad_is_their_foot() -> None:
    drawn = charts.bars("Calls", [("8:00", 4, 1), ("9:00", 2, 0)])
    assert boxes(drawn, "hit") == [(0, 0, 300, 120), (300, 0, 300, 120)]
    assert boxes(drawn, "good") == [(0, 0, 240, 120), (300, 60, 240, 60)]
    assert boxes(drawn, "bad") == [(0, 90, 240, 30), (300, 120, 240, 0)]


def test_what_pointing_says_is_escaped() -> None:
    assert "&lt;b&gt;" in charts.bars("Calls", [("<b>", 1, 0)])
    assert "&lt;b&gt;" in charts.line("Times", [("<b>", 1)])


def test_a_line_leaves_out_what_has_no_value() -> None:
    drawn = charts.line("Times", [("a", 10), ("b", None), ("c", 5)])
    assert drawn.count("<circle") == 2
    assert "100.0,8.0 500.0,64.0" in drawn
