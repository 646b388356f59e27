"""The whole system over real bars: it runs, the books balance, and what it says is consistent."""

from __future__ import annotations

import polars as pl
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.core.types import MONEY_SCALE

pytestmark = pytest.mark.realdata

SETS = {
    "spot": {
        "bars": "ohlcv/binance_spot/5m",
        "venue": "binance_spot",
        "kind": "spot",
        "start": "2022-11-01",
        "end": "2022-11-19",
    },
    "usdm": {
        "bars": "ohlcv/binance_usdm/5m_2023jul",
        "venue": "binance_usdm",
        "kind": "perp",
        "funding": "funding/binance_usdm_2023jul",
        "end": "2023-07-22",
    },
    "okx": {
        "bars": "ohlcv/okx_swap/5m",
        "venue": "okx_swap",
        "kind": "perp",
        "assume_funding": 0.0001,
        "end": "2022-05-19",
    },
    "two venues": {
        "bars": "ohlcv/binance_usdm/5m",
        "venue": "binance_usdm",
        "kind": "perp",
        "funding": "funding/binance_usdm",
        "second": ("ohlcv/bybit_linear/5m", "bybit_linear", "funding/bybit_linear"),
        "start": "2025-09-25",
        "end": "2025-10-14",
    },
    "hourly": {
        "bars": "ohlcv/binance_usdm/1h",
        "venue": "binance_usdm",
        "kind": "perp",
        "funding": "funding/binance_usdm",
        "assume_funding": 0.0001,
        "start": "2022-03-01",
        "end": "2022-08-01",
    },
}


def given(data, name):
    """Return the arguments of ``quorate.load`` for a set, folders below the data."""
    chosen = dict(SETS[name])
    for key in ("bars", "funding"):
        if key in chosen:
            chosen[key] = data / chosen[key]
    if "second" in chosen:
        bars, venue, funding = chosen["second"]
        chosen["second"] = (data / bars, venue, data / funding)
    return chosen


@pytest.fixture(scope="module", params=SETS)
def result(request, data):
    """A run over a few weeks of one set, its settings loosened until it trades."""
    panel = quorate.load(**given(data, request.param))
    return request.param, quorate.run(panel, quorate.read_settings(overrides=LIVELY))


def test_it_trades_and_the_books_balance(result):
    _, run = result
    lines = {n: round(float(usd) * MONEY_SCALE) for n, usd in run.metrics["lines_usd"].items()}
    equity = run.equity["equity"]
    assert run.fills.height > 0
    assert equity[-1] - equity[0] == lines.pop("GROSS") - sum(lines.values())


def test_spot_is_long_only_and_perpetuals_go_both_ways(result):
    name, run = result
    sides = set(run.trades["side"])
    assert sides == {1} if name == "spot" else sides <= {-1, 1}


def test_nothing_fills_at_the_price_that_decided_it(result):
    """A fill is at a later bar: its price is the deciding close only by coincidence."""
    _, run = result
    same = run.fills.filter(pl.col("price") == pl.col("decision_price"))
    assert same.height <= 0.02 * run.fills.height


def test_funding_is_booked_where_it_is_paid(result):
    name, run = result
    paid = float(run.metrics["lines_usd"]["FUNDING"])
    assert (paid == 0.0) == (name == "spot")


def test_assumed_funding_is_said_at_the_head(result):
    name, run = result
    notes = " ".join(run.facts["data"]["notes"])
    assert ("assumed" in notes) == (name in {"okx", "hourly"})


def test_the_defaults_earn_what_they_say(data):
    """The default system finds no trade that clears its costs in these weeks, and says why."""
    run = quorate.run(quorate.load(**given(data, "usdm")))
    assert run.metrics["account"]["end_usd"] == run.metrics["account"]["start_usd"]
    assert sum(run.metrics["reasons"].values()) == run.facts["data"]["n_bars"] * 18
