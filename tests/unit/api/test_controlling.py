"""On noise the pipeline finds nothing, a planted edge is found, and the page says so."""

import json

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.api import controlling
from quorate.api.controlling import against, markets
from quorate.errors import ConfigError, DataError
from quorate.store import open_store

LIVELY = {
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.base_multiplier": "1",
    "risk.min_paper_trades": "100000",
}


def settings():
    return quorate.read_settings(overrides=LIVELY)


@pytest.fixture(scope="module")
def planted():
    return quorate.synthetic(n_coins=4, days=45, seed=5, planted_edge=4.0)


@pytest.fixture(scope="module")
def ran(planted, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return quorate.run(planted, settings(), out=out), out


@pytest.fixture(scope="module")
def controlled(ran):
    made, out = ran
    return made, quorate.control(made.run_id, out=out), out


@pytest.mark.slow
def test_a_planted_edge_is_found(controlled):
    made, found, _ = controlled
    assert made.net_return > 0.1
    assert found.table.height == 19
    assert found.p_return == found.p_sharpe == 0.05  # none of 19 did as well
    assert found.n_found <= 2
    assert found.table["n_trades"].min() > 0


@pytest.mark.slow
def test_the_page_and_the_folder_say_so_and_nothing_is_booked(controlled):
    made, found, out = controlled
    tree = json.loads((made.folder / "control.json").read_text(encoding="utf-8"))
    assert tree == found.as_dict()
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    said = "On 19 markets of the same bars shuffled, the Sharpe ratio was as high in none (p 5.0%)."
    assert page.index(said) < page.index('class="verdict"')
    assert "white-noise control" in page
    with open_store(out / "quorate.sqlite") as store:
        assert len(store.runs.trials()) == 1
    assert repr(found).startswith(f"Control({made.run_id}: net +")


@pytest.mark.slow
def test_the_same_seeds_give_the_same_answer(controlled, planted):
    _, found, _ = controlled
    again = markets(planted, settings(), quorate.engines(), [3, 4])
    assert again.rows() == found.table.filter(pl.col("seed").is_in([3, 4])).rows()


@pytest.mark.slow
def test_on_noise_it_finds_nothing():
    """Eight markets without an edge, each beside seven of its own bars shuffled."""
    p_values = []
    for seed in range(8):
        panel = quorate.synthetic(n_coins=3, days=14, seed=100 + seed)
        made = quorate.run(panel, settings())
        table = markets(panel, settings(), quorate.engines(), range(7))
        p_values.append(against("", made.net_return, made.metrics["net"]["sharpe"], table, 60))
    returns = [each.p_return for each in p_values]
    # one of eight is expected at 1/8; three or more come in 7% of such tries
    assert sum(p <= 1 / 8 for p in returns) <= 3
    assert np.mean(returns) > 0.3
    assert sum(each.n_found for each in p_values) <= 3


@pytest.mark.slow
def test_on_noise_it_finds_nothing_in_all_but_alpha_of_seeds():
    alarms = 0
    for seed in range(40):
        panel = quorate.synthetic(n_coins=3, days=14, seed=500 + seed)
        made = quorate.run(panel, settings())
        table = markets(panel, settings(), quorate.engines(), range(9))
        found = against("", made.net_return, made.metrics["net"]["sharpe"], table, 60)
        alarms += found.p_return <= 0.1
    assert alarms <= 8  # 4 of 40 are expected; 9 or more come in 1.6% of such tries


def test_a_run_that_never_traded_is_as_good_as_any_that_lost():
    lost = pl.DataFrame({"net_return": [-0.1, 0.0], "sharpe": [-1.0, None]})
    found = against("run", 0.0, None, lost, 60)
    assert (found.p_return, found.p_sharpe) == (2 / 3, 2 / 3)


def test_what_cannot_be_asked_is_refused(ran):
    made, out = ran
    with pytest.raises(ConfigError, match="n is 0"):
        quorate.control(made.run_id, n=0, out=out)
    with pytest.raises(ConfigError, match="must divide a day"):
        quorate.control(made.run_id, n=1, block_minutes=7, out=out)
    with pytest.raises(ConfigError, match="not that of the run"):
        quorate.control(made.run_id, n=1, out=out, panel=quorate.synthetic(n_coins=1, days=1))
    with pytest.raises(DataError, match="there is no run"):
        quorate.control("nowhere", out=out)


def test_progress_is_over_all_markets(planted, monkeypatch):
    seen = []

    def half(_market, _settings, *, engines, progress, models):
        assert models is None
        progress(5, 10)
        return quorate.run(quorate.synthetic(n_coins=1, days=1), engines=engines)

    monkeypatch.setattr(controlling, "backtest", half)
    markets(planted, settings(), quorate.engines(), range(2), progress=lambda *s: seen.append(s))
    assert seen == [(5, 20), (15, 20)]
