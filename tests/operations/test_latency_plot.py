"""The plot of posting_latency: a well-formed picture that shows the slowest shops in the hours of one clock."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from bp_assets.operations.latency_plot import HOURS, Axis, Hour, drawn, markdown, svg, words

LONDON = ZoneInfo("Europe/London")
END = datetime(2026, 7, 20, 14, tzinfo=UTC)
AXIS = Axis(END, LONDON, 900)


def hour(shop: str, back: int, p95: float = 2.0) -> Hour:
    return Hour(shop, END - timedelta(hours=back), p95 / 2, p95, p95 * 2)


def texts(picture: str) -> list[str]:
    root = ElementTree.fromstring(picture)
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_each_shop_has_a_strip_with_the_figures_of_its_newest_hour() -> None:
    found = texts(svg([hour("leeds", 0, 3), hour("leeds", 5, 90), hour("bath & wells", 1, 700)], AXIS))
    bath = found.index("bath & wells")
    assert found[bath + 1 : bath + 4] == ["p50 6 min", "p95 12 min", "slowest 23 min"]
    leeds = found.index("leeds")
    assert found[leeds + 1 : leeds + 4] == ["p50 1.5 s", "p95 3.0 s", "slowest 6.0 s"]


def test_hours_are_named_by_the_shops_clock_also_across_a_change_of_it() -> None:
    assert [text for text in texts(svg([hour("leeds", 0)], AXIS)) if text.endswith(":00")][:3] == [
        "15:00", "12:00", "09:00",
    ]  # fmt: skip
    autumn = Axis(datetime(2026, 10, 25, 3, tzinfo=LONDON), LONDON, 900)
    named = [text for text in texts(svg([], autumn)) if text.endswith(":00")]
    assert named[:2] == ["03:00", "01:00"]


def test_a_quiet_hour_breaks_the_line_and_an_older_one_is_left_out() -> None:
    picture = svg([hour("leeds", 0), hour("leeds", 1), hour("leeds", 3), hour("leeds", HOURS)], AXIS)
    lines = [node for node in ElementTree.fromstring(picture).iter() if node.get("stroke-width") == "2"]
    assert [(line.get("d") or "").count("M") for line in lines] == [2, 2]
    assert [(line.get("d") or "").count("L") for line in lines] == [1, 1]


def test_of_many_shops_the_slowest_are_drawn() -> None:
    hours = [hour(f"shop{number:02}", 0, 1 + number) for number in range(20)]
    assert drawn(hours) == [f"shop{number:02}" for number in range(8, 20)]


def test_a_day_without_postings_says_so_in_markdown_that_holds_the_picture() -> None:
    text = markdown([], AXIS)
    head, _, data = text.removesuffix(")").partition("data:image/svg+xml;base64,")
    assert head == "![How long sales took from arrival to the ERP, per shop and hour]("
    assert "Nothing was posted in these hours." in texts(base64.b64decode(data).decode())


def test_a_full_day_of_twelve_shops_stays_small() -> None:
    hours = [hour(f"shop{number}", back, 1.37 * (back + 1)) for number in range(12) for back in range(HOURS)]
    assert len(markdown(hours, AXIS)) < 50_000


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (120, "2 min"),
        (7_200, "2.0 h"),
        (-3, "-3.0 s"),
    ],
)
def test_spans_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert words(seconds) == said
