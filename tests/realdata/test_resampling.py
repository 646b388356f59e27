"""Longer bars made of real ones: those of the venue itself, and what pandas makes of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import quorate
from quorate.core.types import Bar
from quorate.lake import lengths, reading, resampling
from quorate.lake.governance import Params
from quorate.lake.grid import take, whole
from quorate.lake.judging import judge

pytestmark = pytest.mark.realdata

PRICES = ("open", "high", "low", "close")
VENUE = [
    # shorter bars, the venue's own longer ones of another download, minutes, coins, common bars
    ("5m", "1h_long", 60, ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT", "XRPUSDT"], 50_722),
    ("5m", "1h", 60, ["CVCUSDT", "PERLUSDT", "WAVESUSDT", "XMRUSDT"], 36_880),
    ("1m_2021q4", "5m_2021q4", 5, ["BTCUSDT", "ETHUSDT", "LUNAUSDT", "SOLUSDT"], 34_460),
    ("1m_2021q4", "1h_long", 60, ["BTCUSDT", "ETHUSDT", "SOLUSDT"], 2_151),
    ("15m_delisted", "1h", 60, ["ANCUSDT", "USTUSDT"], 11_407),
]


def made(folder, symbol, minutes=None):
    """Return a coin's bars as a run reads them."""
    paths = reading.files(folder)[symbol]
    length = lengths.length([paths], minutes)
    judged = judge(symbol, paths, length, Params(), drop_last=True)
    judged = resampling.folded(judged, length.minutes, Params())
    (found,) = resampling.finished([judged], judged.judged.end_ms, length.minutes)
    return found.within().governed.coins[0][1]


@pytest.mark.parametrize(("short", "long", "minutes", "symbols", "n_bars"), VENUE)
def test_made_bars_are_the_venues_own(data, short, long, minutes, symbols, n_bars):
    n = 0
    for symbol in symbols:
        ours = made(data / "ohlcv/binance_spot" / short, symbol, minutes)
        theirs = made(data / "ohlcv/binance_spot" / long, symbol)
        at, left, right = np.intersect1d(whole(ours).open_ms, theirs.open_ms, return_indices=True)
        n += at.size
        for name in PRICES:
            mine, own = getattr(whole(ours), name)[left], getattr(theirs, name)[right]
            np.testing.assert_array_equal(mine, own, f"{symbol} {name}")
        np.testing.assert_allclose(
            whole(ours).volume[left], theirs.volume[right], rtol=1e-9, err_msg=symbol
        )
        # and the venue has no bar that we should have made
        inside = (theirs.open_ms >= ours.open_ms[0]) & (theirs.open_ms <= ours.open_ms[-1])
        assert np.isin(theirs.open_ms[inside], ours.open_ms).all()
    assert n == n_bars


@pytest.mark.parametrize("symbol", ["BTCUSDT", "CVCUSDT", "STPTUSDT"])
@pytest.mark.parametrize("minutes", [15, 60])
def test_made_bars_are_what_pandas_makes(data, symbol, minutes):
    folder = data / "ohlcv/binance_spot/5m"
    fine = made(folder, symbol)
    moved = (fine.volume > 0) | (fine.high > fine.low)
    rows = pd.DataFrame(
        {name: getattr(fine, name) for name in (*PRICES, "volume")},
        index=pd.to_datetime(fine.open_ms, unit="ms", utc=True),
    )
    rows.loc[~moved, ["open", "high", "low"]] = np.nan  # a price that nobody paid
    grouped = rows.resample(f"{minutes}min", label="left", closed="left")
    table = grouped.agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
    n_there = grouped["close"].count()
    table = table[n_there > 0]
    for name in ("open", "high", "low"):
        table[name] = table[name].fillna(table["close"])
    ours = made(folder, symbol, minutes)
    theirs = table.index.as_unit("ms").asi8
    ended = take(ours, np.isin(ours.open_ms, theirs))
    assert ended.open_ms.size == ours.open_ms.size >= theirs.size - 1
    table = table[: ours.open_ms.size]
    for name in PRICES:
        np.testing.assert_array_equal(getattr(ours, name), table[name], name)
    np.testing.assert_allclose(ours.volume, table["volume"], rtol=1e-12)
    n_parts = n_there[n_there > 0].to_numpy()[: ours.open_ms.size]
    np.testing.assert_array_equal(ours.status == Bar.TRADED, n_parts == minutes // 5)


def test_a_panel_of_made_hours_is_that_of_the_venues_hours(data):
    said = {
        "venue": "binance_spot",
        "kind": "spot",
        "symbols": ["BTC", "ETH", "SOL", "DOGE", "XRP"],
        "start": "2022-08-01",
        "end": "2023-03-24",  # the outage is told of below
    }
    made_of, own = (
        quorate.load(data / "ohlcv/binance_spot" / folder, bar_minutes=60, **said)
        for folder in ("5m", "1h_long")
    )
    assert (made_of.k0, made_of.n_bars, made_of.symbols) == (own.k0, own.n_bars, own.symbols)
    for name in (*PRICES, "status"):
        np.testing.assert_array_equal(getattr(made_of.bars, name), getattr(own.bars, name), name)
    np.testing.assert_allclose(made_of.bars.volume, own.bars.volume, rtol=1e-9)
    for name, array in zip(own.venues._fields, own.venues, strict=True):
        np.testing.assert_array_equal(getattr(made_of.venues, name), array, name)


def test_the_outage_is_where_it_was(data):
    panel = quorate.load(
        data / "ohlcv/binance_spot/5m",
        venue="binance_spot",
        kind="spot",
        symbols=["BTC", "ETH"],
        start="2023-03-24T10:00",
        end="2023-03-24T16:00",
        bar_minutes=60,
    )
    # 12:40 to 13:55 is missing: an hour in part, an hour in which the series is cut
    status = [Bar.TRADED, Bar.TRADED, Bar.IMPUTED, Bar.ABSENT, Bar.TRADED, Bar.TRADED]
    assert panel.bars.status[:, 0].tolist() == status
    assert panel.bars.close[2, 0] == 28_080.0
    assert "some of these are missing: 2 (BTCUSDT 1, ETHUSDT 1)" in panel.notes[0]
