"""Weights of one's own: what they come to, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import quorate
from quorate.api import folding, simulating
from quorate.core.types import Bar
from quorate.errors import ConfigError, DataError
from quorate.lake import columns

if TYPE_CHECKING:
    from pathlib import Path


def test_the_books_balance_and_costs_are_told() -> None:
    panel = quorate.synthetic(n_coins=3, days=2)
    weights = np.where(np.arange(panel.n_bars)[:, None] % 50 < 25, 0.3, -0.3) * np.ones(3)
    done = quorate.simulate(panel, weights, stop_frac=0.02)
    paid = sum(done.lines[name] for name in done.lines if name != "gross")
    assert done.equity[-1] == done.start + done.lines["gross"] - paid
    assert done.lines["fee"] > 0
    assert done.lines["fee"] == done.fills["fee"].sum()
    assert done.fills.filter(pl.col("lots") != 0).height > 30
    assert "Simulation(net" in repr(done)


def test_a_weight_is_traded_at_the_next_open() -> None:
    panel = quorate.synthetic(n_coins=1, days=1)
    weights = np.zeros((panel.n_bars, 1))
    weights[10:] = 0.5
    first = quorate.simulate(panel, weights).fills.row(0, named=True)
    assert first["k"] == panel.k0 + 11
    assert first["decision_price"] == panel.market.close[10, 0, 0]
    assert first["price"] > panel.market.open[11, 0, 0]


def test_spot_never_goes_short() -> None:
    panel = quorate.synthetic(n_coins=2, days=1, kind="spot")
    done = quorate.simulate(panel, np.full((panel.n_bars, 2), -0.5))
    assert done.fills.height == 0
    assert done.net_return == 0.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": np.zeros((4, 2))}, "one row a bar"),
        ({"weights": np.full((288, 2), np.inf)}, "NaN says nothing"),
        ({"stop_frac": 3.0}, "0.03 for 3%"),
    ],
)
def test_what_cannot_be_played_out_is_refused(change: dict[str, object], said: str) -> None:
    panel = quorate.synthetic(n_coins=2, days=1)
    given = {"weights": np.zeros((288, 2)), **change}
    with pytest.raises(ConfigError) as refused:
        quorate.simulate(panel, **given)  # type: ignore[arg-type]
    assert said in str(refused.value) + str(refused.value.hint)


def test_a_second_venue_is_refused() -> None:
    panel = quorate.synthetic(n_coins=2, days=1)
    two = panel.__class__(**{**panel.__dict__, "venue_names": ("one", "two")})
    with pytest.raises(DataError, match="2 venues"):
        quorate.simulate(two, np.zeros((288, 2)))


def test_a_bar_that_traded_without_a_price_is_refused() -> None:
    panel = quorate.synthetic(n_coins=2, days=1)
    panel.market.low[100, 0, 1] = np.nan
    with pytest.raises(ValueError, match=r"market\.low"):
        quorate.simulate(panel, np.full((288, 2), 0.1))


def steps(panel: quorate.Panel) -> np.ndarray:
    """Return weights that change every 25 bars."""
    rng = np.random.default_rng(1)
    rows = rng.choice([0.0, 0.2, -0.1, np.nan], (panel.n_bars // 25 + 1, panel.n_coins))
    return np.ascontiguousarray(np.repeat(rows, 25, axis=0)[: panel.n_bars])


def assert_same(one: quorate.Simulation, other: quorate.Simulation) -> None:
    np.testing.assert_array_equal(one.equity, other.equity)
    assert one.fills.equals(other.fills)
    assert one.lines == other.lines


@pytest.mark.parametrize("kind", ["spot", "perp"])
def test_a_panel_on_disk_gives_the_same_bytes(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = quorate.synthetic(n_coins=3, days=5, kind=kind)
    panel.market.spread_bps[:] = np.nan
    panel.bars.spread_bps[:] = np.nan
    panel.market.status[300:310, 0, 1] = Bar.ABSENT
    weights = steps(panel)
    whole = quorate.simulate(panel, weights, stop_frac=0.02)
    assert whole.fills.height > 50
    stored = columns.write(panel, tmp_path / "panel")
    np.save(tmp_path / "weights.npy", weights)
    monkeypatch.setattr(simulating, "_BLOCK_CELLS", 300)
    asked = columns.array(tmp_path / "weights.npy")
    assert_same(quorate.simulate(stored, asked, stop_frac=0.02), whole)
    assert_same(quorate.simulate(panel, weights, stop_frac=0.02), whole)


def test_a_spread_that_nobody_quotes_costs_what_a_run_charges() -> None:
    panel = quorate.synthetic(n_coins=3, days=4, kind="spot", seed=5)
    panel.market.spread_bps[:] = np.nan
    panel.bars.spread_bps[:] = np.nan
    settings = quorate.read_settings()
    fold = folding.begin(panel, settings, quorate.engines())
    done = folding.advance(panel, fold, threads=1)
    charged = np.concatenate([block.inputs.market.spread_bps for _, block in done])
    used = np.concatenate([market.spread_bps for _, market in simulating._markets(panel)])
    np.testing.assert_array_equal(used, charged)
    assert len(np.unique(charged)) > 100  # neither constant nor the stand-in of the first day
    fills = quorate.simulate(panel, np.abs(steps(panel)), settings).fills
    assert fills.height > 100
    t = (fills["k"] - panel.k0).to_numpy()
    c = fills["coin"].to_numpy()
    half = 0.5 * charged[t, 0, c] / 1e4 * panel.market.open[t, 0, c]
    np.testing.assert_allclose(fills["spread"], np.abs(fills["coins"]) * half * 1e8, atol=0.51)


@pytest.mark.parametrize("weight", [np.inf, -np.inf, 1e14, -1001.0])
def test_a_weight_that_no_account_could_carry_is_refused(weight):
    panel = quorate.synthetic(n_coins=2, days=2)
    weights = np.full((panel.n_bars, 2), np.nan)
    weights[5, 1] = weight
    with pytest.raises(ConfigError, match=re.escape(f"is {abs(weight):g}, beyond 1000")):
        quorate.simulate(panel, weights)


def test_the_largest_weights_and_none_at_all_are_played_out():
    panel = quorate.synthetic(n_coins=2, days=1)
    weights = np.full((panel.n_bars, 2), np.nan)
    assert quorate.simulate(panel, weights).fills.height == 0
    weights[5] = (simulating.MAX_WEIGHT, -simulating.MAX_WEIGHT)
    assert quorate.simulate(panel, weights).fills.height > 0


def test_one_spread_that_is_not_quoted_is_filled():
    panel = quorate.synthetic(n_coins=2, days=2)
    spread = panel.market.spread_bps
    spread[:] = 3.0
    whole = np.concatenate([market.spread_bps for _, market in simulating._markets(panel)])
    np.testing.assert_array_equal(whole, spread)
    spread[400, 0, 1] = np.nan
    used = np.concatenate([market.spread_bps for _, market in simulating._markets(panel)])
    assert used[400, 0, 1] > 0.0
    used[400, 0, 1] = 3.0
    np.testing.assert_array_equal(used, whole)
