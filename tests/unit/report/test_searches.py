"""A search says how likely its best is luck first, then what became of its trials."""

from __future__ import annotations

import polars as pl
import pytest

from quorate.report.searches import Searched, as_dict, as_it_is, became, best, ends, opening, text
from quorate.report.sweeps import tell
from quorate.statistics.accounts import Trials

NET = {
    "n_days": 200,
    "sharpe": 1.2,
    "sharpe_low": -0.4,
    "sharpe_high": 2.8,
    "psr": 0.9,
    "mean_return_low": -0.001,
    "min_track_record_days": 400.0,
    "n_trades": 90,
}
WHOLE = pl.DataFrame(
    {
        "consensus.k": [0.5, 1.98],
        "costs.impact": ["spec", "volatility"],
        "objective": [0.2, 1.0],
        "spread": [0.1, 0.2],
        "worst_path": [0.1, 0.8],
        "net_return": [0.01, 0.05],
        "sharpe": [0.3, 1.2],
        "psr": [0.6, 0.9],
        "deflated_sharpe": [0.2, 0.5],
        "max_drawdown": [-0.1, -0.05],
        "n_trades": [90, 90],
        "costs_usd": [10.0, 12.0],
        "run_id": ["a", "b"],
    }
)
TABLE = pl.DataFrame(
    {
        "trial": [0, 1, 2],
        "consensus.k": [0.5, 1.98, 1.0],
        "costs.impact": ["spec", "volatility", "spec"],
        "state": ["whole", "whole", "stopped"],
        "objective": [0.2, 1.0, -1.0],
        "blocks": [3, 3, 2],
        "run_id": ["a", "b", "c"],
    }
)
METRICS = {"net": NET, "flags": {}, "lines_usd": {"GROSS": "1.0", "COSTS": "1.0"}}


@pytest.fixture
def found():
    told = tell(WHOLE, [METRICS] * 2, Trials(3.0, None, 1.5), "sharpe", None, [1, 0])
    axes = (("consensus.k", 0.25, 2.0, True), ("costs.impact", None, None, False))
    cross = {"n_blocks": 3, "n_test": 2, "penalty": 1.0}
    return Searched(told, TABLE, (0.8, 1.6), axes, cross, 200, "runs/quorate.sqlite")


def test_luck_comes_first_and_counts_the_trials_that_were_stopped(found):
    said = opening(found)
    assert said.startswith("LUCK")
    assert "3 trials booked in" in said
    assert "contains zero" in " ".join(said.split())
    assert "1 stopped for having fallen behind" in " ".join(said.split())


def test_of_few_trades_coin_flips_are_said_first(found):
    few = found._replace(told=found.told._replace(few=(5, -1, 4)))
    said = " ".join(opening(few).split())
    assert said.startswith("LUCK Of the best: Luck alone does as well in 25.0% of cases")
    assert "one of 3 trials makes luck likelier yet" in said


def test_the_best_is_the_one_with_the_highest_objective_taken_apart(found):
    values, said = best(found)
    assert values == "consensus.k=1.98 costs.impact=volatility"
    for word in ("objective 1.00", "1.20", "0.20", "from 0.80 to 1.60", "100% above 0"):
        assert word in said


def test_the_settings_as_they_are_stand_beside_it(found):
    assert "consensus.k=0.5 costs.impact=spec: objective 0.20" in as_it_is(found)
    scarce = TABLE.with_columns(pl.lit(None, pl.Float64).alias("objective"))
    assert "no objective" in as_it_is(found._replace(table=scarce))


def test_a_best_at_the_end_of_its_range_is_told(found):
    assert ends(found) == ["consensus.k: best is 1.98, at the end 2 of its range"]
    wide = found._replace(axes=(("consensus.k", 0.25, 20.0, True),))
    assert ends(wide) == []


def test_the_command_is_never_broken(found):
    again = "quorate walkforward --bars " + "x" * 90
    assert again in text(found, again=again, width=60)


def test_machines_get_all_of_it(found):
    tree = as_dict(found)
    assert tree["best"]["settings"] == {"consensus.k": 1.98, "costs.impact": "volatility"}
    assert tree["best"]["is_told_apart_from_luck"] is False
    assert [row["state"] for row in tree["rows"]] == ["whole", "whole", "stopped"]
    assert tree["whole"][0]["objective"] == 1.0


def test_every_state_has_its_words():
    table = pl.DataFrame({"state": ["whole", "stopped", "scarce", "refused"]})
    assert became(table).count("1 ") == 4
