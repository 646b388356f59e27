"""What a run refuses before its first bar, and that it leaves the same wherever it kept it."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.api import gathering
from quorate.backtest import kept
from quorate.errors import ConfigError

LIVELY = {
    "consensus.edge_slope": "6",
    "consensus.prior_mass": "20",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.horizon_hours": "2",
    "risk.base_multiplier": "1",
}


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=1)


def test_an_opening_that_the_quote_currency_cannot_hold_is_refused(panel):
    cheap = dataclasses.replace(panel, quote_usd=np.full(panel.n_bars, 1e-6))
    settings = quorate.read_settings(overrides={"account.equity_usd": "1e9"})
    with pytest.raises(ConfigError, match=r"in quote currency is 1e\+15, outside"):
        quorate.run(cheap, settings)


def test_two_engines_of_one_name_are_refused(panel):
    engine = quorate.engines()[0]
    with pytest.raises(ValueError, match="different names"):
        quorate.run(panel, engines=(engine, engine))


def test_exposure_tells_the_sides_apart():
    """A run that was only ever short was never long, and says how far short."""
    bars = pl.DataFrame(
        {"equity": [10**10] * 3, "gross_usd": [0.0, 40.0, 51.0], "net_usd": [0.0, -40.0, -51.0]}
    ).with_columns(beta_usd=-pl.col("net_usd"))
    found = gathering._exposure(bars)
    assert found["max_gross_frac"] == pytest.approx(0.51)
    assert (found["most_net_long_frac"], found["most_net_short_frac"]) == (0.0, -0.51)
    assert (found["most_beta_long_frac"], found["most_beta_short_frac"]) == (0.51, 0.0)
    assert found["mean_net_frac"] < 0.0


def test_a_run_without_a_capacity_says_why(panel):
    metrics = quorate.run(panel).metrics
    assert metrics["activity"]["capacity_usd"] is None
    assert metrics["flags"]["activity.capacity_usd"] == "nothing was filled"


def test_a_run_whose_decisions_were_on_disk_leaves_the_same_tables(tmp_path, monkeypatch):
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0)
    settings = quorate.read_settings(overrides=LIVELY)
    whole = quorate.run(panel, settings, out=tmp_path / "memory")
    monkeypatch.setattr(kept, "BATCH", 25)
    spilled = quorate.run(panel, settings, out=tmp_path / "disk")
    assert spilled.decisions.height > 100
    assert spilled.trades.height > 5
    assert spilled.decisions.equals(whole.decisions)
    assert spilled.attribution.equals(whole.attribution)
    files = [result.folder / "decisions.parquet" for result in (whole, spilled)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert quorate.run(panel, settings).decisions.equals(whole.decisions)
