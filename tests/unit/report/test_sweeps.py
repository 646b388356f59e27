"""What is read off the table of a sweep."""

from __future__ import annotations

import polars as pl
import pytest

from quorate.cli.sweep_rows import sweep_rows
from quorate.report import sweeps
from quorate.report.sweep_text import effect_lines, opening, text
from quorate.statistics.accounts import Trials
from quorate.statistics.cautions import FEW_TRADES

K, MARGIN = "consensus.k", "costs.safety_margin_bps"


def table(sharpe, n_trades=None, **more):
    """Return a grid of three values of k and two margins."""
    n = len(sharpe)
    settings = {K: [0.5, 0.5, 1.0, 1.0, 2.0, 2.0], MARGIN: [0.0, 1.0] * 3}
    return pl.DataFrame(
        (settings if n == 6 else {})
        | more
        | {
            "net_return": [None if s is None else s / 10.0 for s in sharpe],
            "sharpe": sharpe,
            "psr": [0.5] * n,
            "deflated_sharpe": [0.4] * n,
            "max_drawdown": [-0.1] * n,
            "n_trades": n_trades or [FEW_TRADES] * n,
            "costs_usd": [12_345.678] * n,
            "run_id": [str(i) for i in range(n)],
        }
    )


def net(sharpe=1.0):
    low, high = (None, None) if sharpe is None else (sharpe - 1.0, sharpe + 1.0)
    return {
        "net": {"sharpe": sharpe, "sharpe_low": low, "sharpe_high": high, "n_days": 90}
        | {"mean_return_low": 0.1},
        "lines_usd": {"GROSS": "0", "FEE": "0"},
        "flags": {"net.sharpe": "fewer than two days, or no variation"},
    }


@pytest.mark.parametrize(
    ("sharpe", "said"),
    [
        ([1, 0, 2, 0, 3, 0], [(K, 2.0), (MARGIN, 0.0)]),  # both at an end
        ([1, 0, 0, 3, 2, 0], [(MARGIN, 1.0)]),  # k is inside
        ([3, 3, 2, 2, 1, 1], [(K, 0.5)]),  # the margin changes nothing
        ([1, 1, 1, 1, 1, 1], []),  # nothing changes anything
        ([3, 0, 2, 0, 3, 0], [(K, 0.5), (MARGIN, 0.0)]),  # both ends alike
        ([3, 0, 3, 0, 1, 0], [(MARGIN, 0.0)]),  # an end, and what lies inside
    ],
)
def test_the_best_at_the_end_of_its_range_is_told(sharpe, said):
    found = sweeps.edges(table([float(s) for s in sharpe]), "sharpe")
    assert [(edge.setting, edge.value) for edge in found] == said


def test_less_is_better_of_costs():
    costs = table([1.0] * 6).with_columns(costs_usd=pl.Series([6.0, 5.0, 4.0, 3.0, 2.0, 1.0]))
    assert sweeps.ordered(costs, "costs")[0] == 5
    assert [edge.value for edge in sweeps.edges(costs, "costs")] == [2.0, 1.0]


def test_words_have_no_range():
    words = table([1.0, 2.0], **{"costs.impact": ["spec", "volatility"], "a.b": [True, False]})
    assert sweeps.edges(words, "sharpe") == []


def test_a_ratio_of_few_trades_is_last_and_has_no_mean():
    scarce = table([1.0, 9.0, 2.0, 0.0, 3.0, 0.5], [30, 2, 40, 50, 60, 70])
    assert sweeps.ordered(scarce, "sharpe") == [4, 2, 0, 5, 3, 1]
    assert sweeps.measured(scarce, "sharpe").column == "net_return"
    assert sweeps.measured(scarce, "trades").column == "n_trades"


def test_without_a_ratio_that_says_anything_the_net_return_sorts():
    told = sweeps.tell(table([1.0, 2.0] * 3, [9] * 6), [net()] * 6, Trials(6.0, 0.01))
    assert (told.asked, told.by, told.order[0]) == ("sharpe", "net", 1)
    said = text(told, again="quorate demo", ahead="others")
    assert "by net return (no Sharpe ratio says anything):" in said
    assert "The trades are too few to tell skill from luck" in opening(told, store="s")


def test_the_best_of_many_is_judged_as_such():
    grid = table([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    many = sweeps.tell(grid, [net(6.0)] * 6, Trials(200.0, 0.01))
    assert "one of 200 runs on these data" in many.judgement.sentence
    assert many.judgement.is_told_apart is False
    said = opening(many, store="runs/quorate.sqlite")
    assert "6 trials booked in runs/quorate.sqlite; 200 different ones in all folders" in " ".join(
        said.split()
    )
    alone = sweeps.tell(grid, [net(6.0)] * 6, Trials(1.0))
    assert alone.judgement.is_told_apart is True
    assert "without any edge" not in opening(alone, store="s")


def test_what_mattered_comes_first_and_is_the_mean_by_value():
    grid = table([1.0, 2.0, 3.0, 4.0, 8.0, 9.0])
    found = sweeps.effects(grid, sweeps.MEASURES["sharpe"])
    assert [effect.setting for effect in found] == [K, MARGIN]
    assert [mean.mean for mean in found[0].means] == [1.5, 3.5, 8.5]
    assert [mean.n for mean in found[1].means] == [3, 3]


def test_many_values_go_on_below():
    means = tuple(sweeps.Mean(i / 10, i / 100, 1) for i in range(12))
    lines = effect_lines([sweeps.Effect(K, means, 0.11)], sweeps.MEASURES["net"], 60)
    assert len(lines) > 2
    assert max(map(len, lines)) <= 60
    assert " ".join(lines).count("%") == 12
    assert lines[0].endswith("11.00 pp")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_and_says_what_found_no_room(width):
    told = sweeps.tell(table([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [net()] * 6, Trials(6.0, 0.01))
    made = sweep_rows(told, 20, width)
    heads = [str(column.header) for column in made.columns]
    assert made.width <= width
    assert {"net", "Sharpe"} <= set(heads)
    assert made.row_count == 6
    left_out = str(made.caption or "")
    assert (len(heads) == 9) != ("no room for" in left_out)
    assert ("".join(heads[0].split()), "".join(heads[1].split())) == (K, MARGIN)
    assert (width >= 120) == (heads[1] == MARGIN)


def test_the_column_it_is_sorted_by_always_stays():
    told = sweeps.tell(table([1.0] * 6), [net()] * 6, Trials(6.0, 0.01), "costs")
    assert "costs\nUSD" in [column.header for column in sweep_rows(told, 2, 40).columns]


def test_a_ratio_of_few_trades_is_not_shown():
    told = sweeps.tell(table([1.0] * 6, [1, *[40] * 5]), [net()] * 6, Trials(6.0, 0.01))
    made = sweep_rows(told, 6, 120)
    cells = {str(column.header): list(column.cells) for column in made.columns}
    assert cells["Sharpe"] == ["1.00"] * 5 + ["too few"]
    assert cells["DSR"][-1] == ""
