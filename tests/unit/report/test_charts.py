"""Charts draw what they are given, and say so where there is nothing to draw."""

import re

import numpy as np
import pytest

from quorate.report.axes import nice_ticks, tick_label, time_ticks
from quorate.report.bars import bar, interval
from quorate.report.charts import Axis, Mark, Series, line_chart, money_axis, plot
from quorate.report.thinning import MAX_POINTS, thinned

DAY_MS = 86_400_000
NAN = float("nan")


def draw(values, unit="USD", *, is_area=False):
    times = np.arange(len(values), dtype=np.int64) * DAY_MS
    line = Series("line", np.array(values, np.float64), "net", is_area)
    return line_chart(times, [line], title="line", unit=unit).svg


def paths(svg, css="line"):
    return re.findall(rf'<path class="{css} [a-z]+" d="([^"]*)"', svg)


@pytest.mark.parametrize("values", [[], [NAN], [NAN, NAN, NAN]])
def test_nothing_to_draw_is_said(values):
    svg = draw(values)
    assert "no data" in svg
    assert not paths(svg)


@pytest.mark.parametrize("values", [[7.0], [7.0, 7.0], [0.0, 0.0], [1e-9, 1e-9], [-3e12, -3e12]])
@pytest.mark.parametrize("is_area", [False, True])
def test_one_point_and_constants_stay_inside_the_frame(values, is_area):
    svg = draw(values, is_area=is_area)
    assert "nan" not in svg
    assert "inf" not in svg
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d+", paths(svg)[0])]
    assert all(-0.01 <= y <= 240.0 for y in numbers[1::2])


def test_nan_breaks_the_line_in_two():
    (path,) = paths(draw([1.0, 2.0, NAN, 3.0, 4.0]))
    assert path.count("M") == 2
    assert path.count("L") == 2


def test_the_highest_value_is_drawn_highest():
    (path,) = paths(draw([0.0, 10.0, 5.0]))
    heights = [float(y) for y in re.findall(r" (-?[\d.]+)", path)]
    assert heights == [204.0, 0.0, 102.0]  # the plot is 204 px: top 10, axis 26 of 240


def test_on_a_logarithmic_scale_each_power_of_ten_is_as_high():
    chart = line_chart(
        np.arange(5) * 86_400_000,
        [Series("x", np.array([1.0, 10.0, 100.0, 0.0, NAN]), "net")],
        title="x",
        unit="bps",
        least=0.1,
    )
    (path,) = paths(chart.svg)
    heights = [float(y) for y in re.findall(r" (-?[\d.]+)", path)]
    assert heights == [136.0, 68.0, 0.0, 204.0]  # what is below the least stands at it
    assert re.findall(r">([\d.,]+)</text>", chart.svg)[:4] == ["0.1", "1", "10", "100"]
    assert (chart.points["low"], chart.points["high"], chart.points["least"]) == (-1.0, 2.0, 0.1)
    assert chart.points["series"][0]["values"] == [1.0, 10.0, 100.0, 0.0, None]


def test_an_area_reaches_zero_even_where_the_line_does_not():
    svg = draw([-5.0, -2.0], "%", is_area=True)
    assert ">0%</text>" in svg
    assert paths(svg, "area")[0].startswith("M0.0 0.0L")


def test_titles_are_escaped():
    svg = line_chart(np.array([0]), [], title='<b> & "', unit="USD").svg
    assert "<b>" not in svg
    assert "&lt;b&gt; &amp; &quot;" in svg


def test_thinning_keeps_the_deepest_and_the_highest_point_of_every_line():
    values, other = np.zeros(100_000), np.zeros(100_000)
    values[43_211], values[77_777], other[5_005] = -9.0, 4.0, 7.0
    kept = thinned([values, other])
    assert len(kept) <= MAX_POINTS
    assert {0, 5_005, 43_211, 77_777, 99_999} <= set(kept.tolist())
    assert np.all(np.diff(kept) > 0)


def test_thinning_keeps_gaps_and_short_lines():
    assert thinned([np.arange(5.0)]).tolist() == [0, 1, 2, 3, 4]
    values = np.ones(10_000)
    values[4_000:6_000] = NAN
    assert np.isnan(values[thinned([values])]).any()


def test_the_points_are_the_values_that_are_drawn():
    times = np.arange(5_000, dtype=np.int64) * DAY_MS
    values = np.cumsum(np.random.default_rng(3).normal(size=5_000))
    values[100:2_000] = NAN
    chart = line_chart(times, [Series("x", values, "net")], title="x", unit="%", digits=3)
    rows = dict(zip(chart.points["t"], chart.points["series"][0]["values"], strict=True))
    for at, value in rows.items():
        true = values[at // DAY_MS]
        assert value is None if np.isnan(true) else value == pytest.approx(true, abs=0.0005)
    assert any(value is None for value in rows.values())
    assert "highest" in chart.said


def test_money_is_on_a_logarithmic_axis_with_powers_of_ten():
    axis = money_axis(np.logspace(3.0, 6.0, 7))
    assert axis.marks == [
        (0.0, "1K"),
        (pytest.approx(1 / 3), "10K"),
        (pytest.approx(2 / 3), "100K"),
        (1.0, "1M"),
    ]
    assert axis.at[3] == pytest.approx(0.5)
    assert axis.labels[2] == "account of 10,000 USD"


def test_marks_are_named_above_the_plot_in_rows_of_their_own():
    axis = Axis(np.array([0.0, 1.0]), [], [], ["a", "b"])
    line = Series("x", np.array([0.0, 1.0]), "net")
    marks = [Mark(0.25, "this <account>"), Mark(0.75, "breaks even")]
    chart = plot(axis, [line], title="x", unit="USD", marks=marks)
    assert 'x="25.00%" dx="5" y="11" text-anchor="start">this &lt;account&gt;' in chart.svg
    assert 'x="75.00%" dx="-5" y="25" text-anchor="end">breaks even' in chart.svg
    assert chart.points["top"] == 38


@pytest.mark.parametrize(
    ("ends", "css"), [((-1.0, 0.5, 2.0), "base"), ((1.0, 2.0, 3.0), "up"), ((-3, -2, -1), "down")]
)
def test_an_interval_is_coloured_by_the_side_of_zero_it_is_on(ends, css):
    assert f'class="{css} wide-range"' in interval(*ends)


@pytest.mark.parametrize("ends", [(None, 1.0, 2.0), (0.0, 0.0, 0.0), (NAN, 1.0, 2.0)])
def test_an_interval_that_is_not_known_is_empty(ends):
    assert "<rect" not in interval(*ends)


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 9.3), (-0.031, 0.0), (9_812.0, 12_345.0), (1e-7, 3e-7), (-5e9, 5e9)]
)
def test_ticks_are_round_and_cover_the_range(low, high):
    ticks = nice_ticks(low, high)
    steps = np.diff(ticks)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 3 <= len(ticks) <= 9
    assert np.allclose(steps, steps[0])
    mantissa = steps[0] / 10.0 ** np.floor(np.log10(steps[0]) + 1e-9)
    assert min(abs(mantissa - m) for m in (1.0, 2.0, 2.5, 5.0)) < 1e-6
    labels = [tick_label(tick, ticks) for tick in ticks]
    assert len(set(labels)) == len(labels)


def test_ticks_refuse_what_is_not_finite():
    with pytest.raises(ValueError, match="finite"):
        nice_ticks(NAN, 1.0)


@pytest.mark.parametrize("days", [0.02, 0.3, 1, 3, 9, 40, 90, 400, 1_500, 9_000, 40_000])
def test_dates_are_few_in_order_and_inside_the_span(days):
    start = 1_735_689_600_000 + 7 * 3_600_000
    end = start + round(days * DAY_MS)
    marks = time_ticks(start, end)
    assert 1 <= len(marks) <= 8
    assert all(start <= at <= end for at, _ in marks)
    assert [at for at, _ in marks] == sorted({at for at, _ in marks})


def test_months_are_marked_at_their_first_day():
    january = 1_735_689_600_000  # 2025-01-01
    labels = [label for _, label in time_ticks(january, january + 150 * DAY_MS)]
    assert labels == ["Jan 2025", "Feb 2025", "Mar 2025", "Apr 2025", "May 2025"]


@pytest.mark.parametrize("scale", [(0.0, 0.0), (NAN, 1.0), (1.0, 0.0)])
def test_a_bar_without_a_scale_is_empty(scale):
    assert "<rect" not in bar(0.0, 1.0, *scale, "up")


def test_a_bar_starts_where_it_should_and_marks_zero():
    svg = bar(0.0, -1.0, -1.0, 3.0, "down")
    assert 'x="0.0"' in svg
    assert 'width="250.0"' in svg
    assert 'd="M250.0 0V20"' in svg
