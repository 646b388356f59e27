"""Real files load, and every flaw they are known to have is treated as documented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from quorate.core.types import Bar
from quorate.errors import DataError, SchemaError
from quorate.lake import NEVER, PanelSpec, Source, load
from quorate.lake.panel import part

pytestmark = pytest.mark.realdata


def row(panel, when):
    """Return the row of the bar that opens at an instant."""
    at = datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp() * 1e3
    return round((at - panel.close_ms(0)) / (panel.bar_minutes * 60_000)) + 1


def column(panel, symbol):
    return panel.symbols.index(symbol)


def absent(panel, symbol):
    """Return how many bars between a coin's first and last are ABSENT."""
    status = panel.bars.status[:, column(panel, symbol)]
    seen = np.flatnonzero(status != Bar.ABSENT)
    return int((status[seen[0] : seen[-1]] == Bar.ABSENT).sum())


def check(panel):
    """Assert what holds for every panel."""
    bars = panel.bars
    known = bars.status != Bar.ABSENT
    for price in (bars.open, bars.high, bars.low, bars.close):
        assert (price[known] > 0.0).all()
        assert np.isnan(price[~known]).all()
    assert (bars.high >= np.fmax(bars.open, bars.close))[known].all()
    assert (bars.low <= np.fmin(bars.open, bars.close))[known].all()
    assert (bars.volume[known] >= 0.0).all()
    assert not np.isnan(panel.market.funding).any()
    for arrays in (bars, panel.market):
        for array in arrays:
            assert array.flags.c_contiguous
            assert array.flags.writeable
    assert np.isin(panel.member, (0, 1)).all()
    assert ((panel.member == 1) | ~known).all()
    assert not panel.is_synthetic


def prices_kept(panel, folder, symbol):
    """Assert that a coin's prices are the file's, to the last bit."""
    rows = pl.read_parquet(folder / f"{symbol}.parquet")
    t = (rows["ts"].dt.epoch("ms").to_numpy() - panel.close_ms(0)) // (
        panel.bar_minutes * 60_000
    ) + 1
    c = column(panel, symbol)
    inside = (t >= 0) & (t < panel.n_bars)
    traded = panel.bars.status[t[inside], c] == Bar.TRADED
    np.testing.assert_array_equal(
        panel.bars.close[t[inside], c][traded], rows["close"].to_numpy()[inside][traded]
    )
    assert traded.mean() > 0.99


@pytest.fixture(scope="module")
def spot_5m(data):
    return load(PanelSpec((Source(data / "ohlcv/binance_spot/5m", "binance_spot", "spot"),)))


def test_spot_5m_is_whole(spot_5m, data):
    check(spot_5m)
    assert (spot_5m.n_coins, spot_5m.bar_minutes) == (25, 5)
    assert spot_5m.close_ms(0) == 1_659_312_300_000  # 2022-08-01 00:05 UTC
    for symbol in ("BTCUSDT", "STPTUSDT"):
        prices_kept(spot_5m, data / "ohlcv/binance_spot/5m", symbol)


def test_spot_5m_outage_of_80_minutes_is_carried_for_less_than_an_hour(spot_5m):
    """2023-03-24, opens 12:40 to 13:55: 16 bars, of which 11 end within the hour."""
    first = row(spot_5m, "2023-03-24T12:40")
    c = column(spot_5m, "BTCUSDT")
    assert (spot_5m.bars.status[first : first + 11, c] == Bar.IMPUTED).all()
    assert (spot_5m.bars.close[first : first + 11, c] == spot_5m.bars.close[first - 1, c]).all()
    assert (spot_5m.bars.status[first + 11 : first + 16] == Bar.ABSENT).all()
    assert np.isnan(spot_5m.bars.close[first + 11 : first + 16]).all()
    assert spot_5m.bars.status[first - 1, c] == Bar.TRADED
    assert spot_5m.bars.status[first + 16, c] == Bar.TRADED
    assert absent(spot_5m, "BTCUSDT") == 5


def test_spot_5m_hole_of_five_months_is_a_break_and_no_delisting(spot_5m):
    missing = absent(spot_5m, "CVCUSDT") * 5 / 60
    assert 3_700 < missing < 3_705
    assert (spot_5m.delisted_k == NEVER).all()


def test_spot_5m_quiet_coins_stay(spot_5m):
    """Bars without a trade shorter than a day are facts, not gaps."""
    c = column(spot_5m, "STPTUSDT")
    quiet = (spot_5m.bars.volume[:, c] == 0.0) & (spot_5m.bars.status[:, c] == Bar.TRADED)
    assert quiet.sum() == 15_427


def test_spot_5m_real_crashes_are_not_clipped(spot_5m):
    """PERLUSDT has a 5-minute log return of 1.25 that is a price, not an error."""
    close = spot_5m.bars.close[:, column(spot_5m, "PERLUSDT")]
    assert np.nanmax(np.abs(np.diff(np.log(close)))) > 1.2


def test_spot_5m_ticks_and_lots(spot_5m):
    tick, lot = spot_5m.venues.tick[0], spot_5m.venues.lot[0]
    assert tick[column(spot_5m, "BTCUSDT")] == 0.01
    assert lot[column(spot_5m, "BTCUSDT")] == 1e-5
    assert tick[column(spot_5m, "XRPUSDT")] == 1e-4


def test_a_shorter_span_is_the_same_market(spot_5m, data):
    source = Source(data / "ohlcv/binance_spot/5m", "binance_spot", "spot")
    part = load(PanelSpec((source,), start="2022-11-01", end="2022-12-01", symbols=("BTCUSDT",)))
    t = row(spot_5m, "2022-11-01T00:00")
    c = column(spot_5m, "BTCUSDT")
    assert part.n_bars == 30 * 288
    np.testing.assert_array_equal(part.bars.close[:, 0], spot_5m.bars.close[t : t + 8640, c])
    assert part.k0 == spot_5m.k0 + t


def usdm(data, folder, funding="binance_usdm", mark=None):
    return Source(
        data / "ohlcv/binance_usdm" / folder,
        "binance_usdm",
        "perp",
        data / "funding" / funding,
        data / mark if mark else None,
    )


def test_usdm_5m_with_funding(data):
    panel = load(PanelSpec((usdm(data, "5m"),)))
    check(panel)
    assert panel.symbols == ("DOGEUSDT", "SOLUSDT")
    assert panel.funding == ("known", "known")
    paid = np.flatnonzero(panel.market.funding[:, 0, 1])
    assert ((panel.k0 + paid) % 96 == 0).all()  # jitter or not, 00, 08 and 16 UTC
    assert (panel.bars.funding_hours == 8.0).all()
    assert panel.n_bars / 288 * 3 - 5 < paid.size <= panel.n_bars / 288 * 3
    # 2025-10-10: a 5-minute log return of 0.58 is in the data and stays.
    assert np.nanmax(np.abs(np.diff(np.log(panel.bars.close[:, 0])))) > 0.5


def test_usdm_2023_with_funding_and_spot_beside(data):
    spot = Source(data / "ohlcv/binance_spot/5m", "binance_spot", "spot")
    panel = load(PanelSpec((usdm(data, "5m_2023jul", "binance_usdm_2023jul"), spot)))
    check(panel)
    assert panel.n_coins == 18
    assert set(panel.funding) == {"known"}
    assert panel.venues.is_perp.tolist() == [[1] * 18, [0] * 18]
    assert panel.venues.listed.all()
    basis = np.nanmedian(panel.bars.basis_bps, axis=0)
    assert ((basis > -15) & (basis < 5)).all()
    # Files end on different days: those that stop a day early are said to.
    assert "treated as delisted: AAVEUSDT" in panel.notes[0]


def test_usdm_1h_wants_funding_for_every_coin(data):
    with pytest.raises(DataError, match="1000LUNCUSDT: funding is unknown"):
        load(PanelSpec((usdm(data, "1h"),)))


def test_usdm_1h_with_funding_and_marks(data):
    known = ("BTCUSDT", "ETHUSDT", "XRPUSDT")
    source = usdm(data, "1h", mark="mark/binance_usdm/1h")
    panel = load(PanelSpec((source,), symbols=known))
    check(panel)
    assert set(panel.funding) == {"known"}
    mark, close = panel.market.mark[:, 0, 0], panel.bars.close[:, 0]
    differs = np.abs(mark / close - 1.0)
    assert 0 < np.nanmedian(differs) < 1e-3
    np.testing.assert_array_equal(panel.market.mark[:, 0, 1], panel.bars.close[:, 1])


def test_usdm_1h_frozen_coins_are_dead(data):
    """FTT, RAY and WAVES go on with a frozen price and no volume for years."""
    panel = load(PanelSpec((usdm(data, "1h"),), assume_funding=1e-4))
    check(panel)
    c = column(panel, "FTTUSDT")
    last = int(panel.delisted_k[c] - panel.k0)
    assert datetime.fromtimestamp(panel.close_ms(last) / 1e3, UTC).strftime("%Y-%m") == "2022-11"
    assert (panel.bars.status[last + 1 :, c] == Bar.ABSENT).all()
    ended = {s for s, k in zip(panel.symbols, panel.delisted_k, strict=True) if k < NEVER}
    assert ended == {"FTTUSDT", "RAYUSDT", "WAVESUSDT"}
    assert panel.funding[c] == "assumed"
    assert panel.funding[column(panel, "XRPUSDT")] == "known"
    assert any("assumed, not known, at 1 bps per 8 h" in note for note in panel.notes)


def test_okx_5m_assumes_funding_and_says_so(data):
    source = Source(data / "ohlcv/okx_swap/5m", "okx_swap", "perp", data / "funding/okx_swap")
    with pytest.raises(DataError, match="funding is unknown"):
        load(PanelSpec((source,)))
    panel = load(PanelSpec((source,), assume_funding=1e-4))
    check(panel)
    assert set(panel.funding) == {"assumed"}
    days = panel.n_bars / 288
    total = panel.market.funding[:, 0].sum(axis=0)
    np.testing.assert_allclose(total, 3e-4 * days, rtol=0.01)


def test_bybit_beside_usdm(data):
    bybit = Source(
        data / "ohlcv/bybit_linear/5m", "bybit_linear", "perp", data / "funding/bybit_linear"
    )
    spec = PanelSpec((usdm(data, "5m"), bybit), start="2025-09-24", symbols=("SOLUSDT",))
    panel = load(spec)
    # on 2025-10-10 the venues were up to 410 bps apart: nothing is opened on the day after
    day = np.array([panel.close_ms(t) - 1 for t in range(panel.n_bars)]) // 86_400_000
    out = np.unique(day[panel.member[:, 0] == 0]).astype("datetime64[D]")
    assert out.astype(str).tolist() == ["2025-10-11"]
    assert "Quarantined" in " ".join(panel.notes)
    check(replace(panel, member=np.ones_like(panel.member)))
    assert panel.venue_names == ("binance_usdm", "bybit_linear")
    assert panel.market.close.shape[1] == 2
    both = np.log(panel.market.close[:, 0, 0] / panel.market.close[:, 1, 0]) * 1e4
    assert np.nanmedian(np.abs(both)) == pytest.approx(0.99, abs=0.1)
    assert np.nanmax(np.abs(both)) == pytest.approx(410, abs=5)  # 2025-10-10 21:15
    assert (panel.market.funding[:, 1] != 0.0).sum() > 250
    assert panel.venues.tick[0, 0] == panel.venues.tick[1, 0] == 0.01


def test_usdm_beside_bybit_where_only_one_lists(data):
    bybit = Source(data / "ohlcv/bybit_linear/5m", "bybit_linear", "perp")
    spec = PanelSpec((usdm(data, "5m"), bybit), start="2025-09-24", assume_funding=1e-4)
    assert load(spec).venues.listed.tolist() == [[1, 1], [0, 1]]


def test_spot_1h_long(data):
    source = Source(data / "ohlcv/binance_spot/1h_long", "binance_spot", "spot")
    panel = load(PanelSpec((source,)))
    check(panel)
    assert panel.close_ms(0) == 1_514_768_400_000  # 2018-01-01 01:00 UTC
    assert panel.n_bars == pytest.approx(8 * 365.25 * 24, abs=24)
    # 27 outages since 2018, the longest of 33 bars; on hourly bars one is already a break.
    c = column(panel, "BTCUSDT")
    gone = (panel.bars.status[:, c] == Bar.ABSENT).astype(int)
    edges = np.flatnonzero(np.diff(gone))
    assert (edges[1::2] - edges[::2]).max() == 33
    assert edges.size == 2 * 27
    assert (panel.bars.status != Bar.IMPUTED).all()


def test_spot_1h_two_coins_under_one_symbol(data):
    """LUNA: the old coin collapses, 438 h without bars, a new coin at another price."""
    source = Source(data / "ohlcv/binance_spot/1h", "binance_spot", "spot")
    panel = load(PanelSpec((source,)))
    check(panel)
    old, new = column(panel, "LUNAUSDT"), column(panel, "LUNAUSDT.2")
    hole = slice(row(panel, "2022-05-13T12:00"), row(panel, "2022-05-31T00:00"))
    for c in (old, new):
        assert (panel.bars.status[hole, c] == Bar.ABSENT).all()
        assert np.isnan(panel.bars.close[hole, c]).all()
    assert (panel.bars.status[hole.stop :, old] == Bar.ABSENT).all()
    assert (panel.bars.status[: hole.start, new] == Bar.ABSENT).all()
    assert panel.delisted_k[old] < panel.k0 + hole.start
    assert panel.delisted_k[new] == NEVER
    assert absent(panel, "FTTUSDT") >= 7_468
    assert absent(panel, "CVCUSDT") >= 3_700
    dead = {s for s, k in zip(panel.symbols, panel.delisted_k, strict=True) if k < NEVER}
    assert {"USTUSDT", "SRMUSDT", "ANCUSDT", "BTCSTUSDT"} <= dead
    assert {"XMRUSDT", "OMGUSDT", "LUNCUSDT"}.isdisjoint(dead)


def test_spot_15m_delisted_coins_end(data):
    source = Source(data / "ohlcv/binance_spot/15m_delisted", "binance_spot", "spot")
    panel = load(PanelSpec((source,)))
    check(panel)
    last = int(panel.delisted_k[column(panel, "USTUSDT")] - panel.k0)
    stamp = datetime.fromtimestamp(panel.close_ms(last) / 1e3, UTC)
    assert stamp.strftime("%Y-%m-%d") == "2022-05-13"
    assert panel.bars.close[last, column(panel, "USTUSDT")] < 0.3


def test_hourly_funding_with_jitter(data):
    source = Source(
        data / "ohlcv/hyperliquid_perp/5m",
        "hyperliquid_perp",
        "perp",
        data / "funding/hyperliquid_perp",
    )
    panel = load(PanelSpec((source,)))
    check(panel)
    assert np.median(panel.bars.funding_hours) == 1.0
    paid = np.flatnonzero(panel.market.funding[:, 0, 1])
    assert ((panel.k0 + paid) % 12 == 0).mean() > 0.999


def test_one_minute_bars(data):
    source = Source(data / "ohlcv/binance_spot/1m_2021q4", "binance_spot", "spot")
    panel = load(PanelSpec((source,)))
    check(panel)
    assert panel.bar_minutes == 1
    # one gap of two hours a coin, of which 59 minutes are carried; two coins end a minute early
    assert (panel.bars.status == Bar.IMPUTED).sum() == 4 * 59 + 2


def test_a_file_of_many_symbols_is_refused(data):
    source = Source(data / "ohlcv/binance_spot/1d", "binance_spot", "spot")
    with pytest.raises(SchemaError, match="column symbol names 371 coins"):
        load(PanelSpec((source,)))


@pytest.mark.parametrize(
    ("until", "is_gone"),
    [
        ("2022-11-15T05", False),
        ("2022-11-16T04", False),  # silent for 23 hours
        ("2022-11-16T05", True),
        ("2022-11-20T00", True),
        ("2023-01-01T00", True),
        ("2023-09-22T09", False),
    ],
)
def test_what_is_known_of_ftt_is_what_was_known_then(data, tmp_path, until, is_gone):
    """No bar from 2022-11-15 05:00 on, until trading opened again on 2023-09-22."""
    folder = data / "ohlcv/binance_spot/1h"
    symbols = ("FTTUSDT", "CVCUSDT", "OMGUSDT")
    end = datetime.fromisoformat(f"{until}:00+00:00")
    for symbol in symbols:
        rows = pl.read_parquet(folder / f"{symbol}.parquet")
        rows.filter(pl.col("ts") < end).write_parquet(tmp_path / f"{symbol}.parquet")
    whole, then = (
        load(
            PanelSpec(
                (Source(where, "binance_spot", "spot"),),
                symbols=symbols,
                drop_last=False,
                accept_failed=True,
            )
        )
        for where in (folder, tmp_path)
    )
    assert whole.delisted_k.tolist() == [NEVER] * 3
    cut = part(whole, 0, row(whole, until))
    for name in ("member", "delisted_k", "quote_usd"):
        np.testing.assert_array_equal(getattr(then, name), getattr(cut, name))
    for one, two in zip((*then.bars, *then.market), (*cut.bars, *cut.market), strict=True):
        np.testing.assert_array_equal(one, two)
    c = column(then, "FTTUSDT")
    last = row(whole, "2022-11-15T04")
    assert then.delisted_k[c] == (whole.k0 + last if is_gone else NEVER)
    assert then.member[-1, c] == (not is_gone)
