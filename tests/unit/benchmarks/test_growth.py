"""The fits, the tables and the picture of growth curves, on invented figures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from benchmarks import growth, growth_chart, growth_point

import quorate
from quorate.lake import blocks, columns


def point(x, cpu_s, peak_mib, coin_bars=1_000_000):
    """Return an invented point."""
    return {
        "x": x,
        "coin_bars": coin_bars,
        "repeats": 1,
        "cpu_s": cpu_s,
        "wall_s": 1.25 * cpu_s,
        "peak_mib": peak_mib,
        "fixed_mib": 100.0,
        "fills": 7,
        "stages_s": {"votes": 0.75 * cpu_s, "record": 0.25 * cpu_s},
    }


@pytest.fixture
def curves():
    found = {}
    for curve in growth.CURVES:
        points = [point(x, 0.01 * x, 200.0 + 0.01 * x, 1000 * x) for x in curve.xs]
        found[curve.name] = {"unit": curve.unit, "points": points}
    return found


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 1.0, 2.0])
def test_a_power_law_is_found(exponent):
    xs = (3, 10, 50, 400)
    found = growth.fit(xs, [7.0 * x**exponent for x in xs])
    assert found == (pytest.approx(exponent, abs=1e-6), pytest.approx(exponent, abs=1e-6))


def test_a_fixed_cost_flattens_the_fit_and_less_so_the_last_step():
    xs = (1, 10, 100, 1000)
    found = growth.fit(xs, [10.0 + x for x in xs])
    slope = np.polyfit(np.log(xs), np.log([10.0 + x for x in xs]), 1)[0]
    assert found.whole == pytest.approx(slope, abs=1e-6)
    assert found.whole < found.last < 1.0


@pytest.mark.parametrize(("xs", "ys"), [((1,), (2.0,)), ((1, 2), (0.0, 1.0)), ((1, 2), (1.0, -1))])
def test_what_has_no_logarithm_has_no_exponent(xs, ys):
    assert all(math.isnan(each) for each in growth.fit(xs, ys))
    assert growth.power(growth.fit(xs, ys)) == "unknown"


def test_the_table_holds_every_point_and_the_exponents():
    curve = {"unit": "coins", "points": [point(10, 0.5, 150.0), point(40, 2.0, 300.0)]}
    lines = growth.table("coins", curve)
    assert lines[0] == "**Coins**"
    assert lines[4] == "| 10 | 1,000,000 | 0.5 | 0.625 | 500 | 1,600,000 | 150 | 50 | 7 |"
    assert lines[5].startswith("| 40 | 1,000,000 | 2 | 2.5 | 2,000 | 400,000 | 300 | 200 | 7 |")
    text = "\n".join(lines)
    assert "time 1.00 (1.00); memory 0.50 (0.50); memory above the code 1.00 (1.00)" in text
    assert "votes 75%, 1.00 (1.00); record 25%, 1.00 (1.00)" in text
    assert len({line.count("|") for line in lines[2:6]}) == 1


def test_the_page_keeps_its_prose_and_can_be_renewed(curves):
    text = f"# Growth\n\nBefore.\n\n{growth.BEGIN}\nold\n{growth.END}\n\nAfter.\n"
    figures = {"machine": "An abacus", "on": "2026-11-27", "commit": "abc", "curves": curves}
    once = growth.page(text, figures)
    assert once.startswith("# Growth\n\nBefore.\n")
    assert once.endswith(f"{growth.END}\n\nAfter.\n")
    assert "An abacus, one thread. Measured 2026-11-27 on commit abc." in once
    assert "old" not in once
    assert growth.page(once, figures) == once


def test_the_page_of_the_documentation_is_that_of_its_figures():
    text = growth.PAGE.read_text(encoding="utf-8")
    figures = json.loads(growth.FIGURES.read_text(encoding="utf-8"))
    assert growth.page(text, figures) == text
    assert set(figures["curves"]) == {curve.name for curve in growth.CURVES}


def test_one_thing_grows_along_a_curve():
    for curve in growth.CURVES:
        told = list(growth.specs(curve))
        assert [x for x, _, _ in told] == list(curve.xs)
        changing = {
            name
            for name, values in {
                "bars": {spec["bars"] for _, spec, _ in told},
                "engines": {spec["engines"] for _, spec, _ in told},
                "block size": {spec["block"] for _, spec, _ in told},
                "coins": {coins for _, _, (coins, _) in told},
            }.items()
            if len(values) > 1
        }
        assert changing == {"bars" if curve.unit == "bars" else curve.name}
        assert all(days * growth.BARS_A_DAY >= spec["bars"] for _, spec, (_, days) in told)


def test_the_picture_is_drawn(curves, tmp_path):
    growth_chart.draw(curves, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_a_year_and_its_mirror_image_go_on(monkeypatch, tmp_path):
    monkeypatch.setattr(growth_point, "YEAR_DAYS", 5)
    growth_point.put(tmp_path, 3, 15)
    panel = columns.read(tmp_path)
    (whole,) = blocks(panel, panel.n_bars)
    bars = whole.bars
    assert bars.close.shape == (15 * growth.BARS_A_DAY, 3)
    traded = bars.status == 1
    for price in (bars.open, bars.close):
        assert (bars.low[traded] <= price[traded]).all()
        assert (price[traded] <= bars.high[traded]).all()
    assert (bars.taker_buy[traded] >= 0.0).all()
    assert (bars.taker_buy[traded] <= bars.volume[traded]).all()
    n = 5 * growth.BARS_A_DAY
    # a turn begins where the one before it ended, and two of them lead back
    np.testing.assert_allclose(bars.open[n], bars.close[n - 1])
    np.testing.assert_allclose(bars.close[2 * n - 1], bars.open[0])
    np.testing.assert_array_equal(bars.close[2 * n :], bars.close[:n])
    np.testing.assert_allclose(
        (bars.close * bars.volume)[n : 2 * n], (bars.close * bars.volume)[:n]
    )
    assert np.unique(bars.close[traded[:, 0], 0]).size > 1000


def test_engines_are_of_many_families_and_different_names():
    for n in (5, 10, 26, 40):
        chosen = growth_point.voters(n)
        assert len({engine.name for engine in chosen}) == len(chosen) == n
        assert len({engine.family for engine in chosen}) >= 3
    rows = quorate.engines()[0].vote.parameters
    assert (growth_point.voters(27)[-1].vote.parameters == 1.1 * rows).all()
