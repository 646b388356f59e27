"""The flaws that real files are known to have, found; the agreement of real vendors, reproduced."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import quorate
from quorate.core.types import Bar

pytestmark = pytest.mark.realdata


def count(found, rule, symbol=None):
    rows = found.findings.filter(pl.col("rule") == rule)
    return rows if symbol is None else rows.filter(pl.col("symbol") == symbol)


def test_one_outage_of_all_coins_and_one_hole_of_five_months(data):
    found = quorate.check_data(data / "ohlcv/binance_spot/5m")
    breaks = count(found, "GAP_BREAK")
    assert found.coins["n_rows"].sum() == 2_999_263
    assert breaks["n"].sum() == 44_796
    outage = breaks.filter(pl.col("symbol") != "CVCUSDT")
    assert set(outage["at"]) == {dt.datetime(2023, 3, 24, 12, 40, tzinfo=dt.UTC)}
    assert (outage.height, outage["n"].unique().to_list()) == (24, [16])
    assert count(found, "GAP_BREAK", "CVCUSDT")["value"].to_list() == [3_701 * 60.0]
    assert not found.has_failed
    assert found.coins["n_dropped"].sum() == 0


def test_two_coins_of_one_name_and_a_price_that_goes_on_after_the_end(data):
    spot = quorate.check_data(data / "ohlcv/binance_spot/1h", symbols=["LUNAUSDT", "FTTUSDT"])
    assert spot.coins.select("symbol", "first", "last").rows() == [
        ("LUNAUSDT", dt.date(2021, 4, 4), dt.date(2022, 5, 13)),
        ("LUNAUSDT.2", dt.date(2022, 5, 31), dt.date(2023, 12, 30)),
        ("FTTUSDT", dt.date(2021, 4, 4), dt.date(2023, 12, 30)),
    ]
    # 7,468 hours from bar to bar: one less is missing
    assert count(spot, "GAP_BREAK", "FTTUSDT")["value"].max() == 7_467 * 60.0
    perps = quorate.check_data(data / "ohlcv/binance_usdm/1h", symbols=["FTTUSDT", "XRPUSDT"])
    # the file's last row counts as unfinished: 27,451 such hours are in it
    assert count(perps, "FROZEN_END", "FTTUSDT")["n"].sum() == 27_450
    assert count(perps, "FROZEN_END", "XRPUSDT").is_empty()


@pytest.fixture(scope="module")
def days(data, tmp_path_factory):
    """Return a folder of the 371 coins of one file, one file each."""
    where = tmp_path_factory.mktemp("days")
    rows = pl.read_parquet(data / "ohlcv/binance_spot/1d/all.parquet")
    for (symbol,), mine in rows.partition_by("symbol", as_dict=True).items():
        mine.write_parquet(where / f"{symbol}.parquet")
    return where


def test_three_units_change_and_one_symbol_is_two_coins(days):
    found = quorate.check_data(days)
    assert count(found, "REDENOMINATED").select("symbol", "at", "value").rows() == [
        ("SUNUSDT", dt.datetime(2021, 6, 18, tzinfo=dt.UTC), pytest.approx(1e-3)),
        ("BNXUSDT", dt.datetime(2023, 2, 22, tzinfo=dt.UTC), pytest.approx(1e-2)),
        ("QUICKUSDT", dt.datetime(2023, 7, 21, tzinfo=dt.UTC), pytest.approx(1e-3)),
    ]
    assert count(found, "SECOND_COIN")["symbol"].to_list() == ["LUNAUSDT"]
    assert not found.has_failed


def test_what_survivors_would_have_claimed(data):
    where = data / "ohlcv/binance_spot/1d/all.parquet"
    found = quorate.survivorship(where, "2021-09-01", "2023-12-30")
    assert found.everyone == pytest.approx(-0.5431, abs=5e-5)
    assert found.survivors == pytest.approx(-0.5587, abs=5e-5)
    assert (found.n_ever, found.n_ended) == (
        349,
        32,
    )  # GBP is one, whose last hour is on the day before the last
    names = ("measure", "everyone", "survivors", "difference")
    assert [
        (name, *(round(each, 4) for each in values))
        for name, *values in found.measures.select(names).rows()
    ] == [
        ("return", -0.5431, -0.5587, -0.0156),
        ("sharpe", -0.0635, -0.0729, -0.0094),
        ("drawdown", -0.826, -0.8305, -0.0045),
        ("costs", 0.0362, 0.0357, -0.0005),
        ("ends", 0.0055, 0.0, -0.0055),
    ]


@pytest.mark.slow
def test_from_the_low_of_2022_and_held_survivors_flatter(data):
    where = data / "ohlcv/binance_spot/1d/all.parquet"
    found = quorate.survivorship(where, "2022-06-01", "2023-12-30", rebalance_days=10_000)
    assert (found.n_ever, found.n_ended) == (336, 22)
    assert found.everyone == pytest.approx(0.1633, abs=5e-5)
    assert found.flattery == pytest.approx(0.0326, abs=5e-5)


@pytest.mark.parametrize(
    ("folder", "symbol", "rule", "n_places", "n_rows", "longest"),
    [
        ("binance_spot/1h", "CVCUSDT", "GAP_BREAK", 5, 3_712, 3_701),
        ("binance_spot/5m", "PERLUSDT", "RETURN_SUSPECT", 1_617, 1_617, 1),
        ("binance_spot/5m", "STPTUSDT", "VOLUME_ZERO", 10_495, 15_427, 16),
        ("binance_spot/5m", "CVCUSDT", "VOLUME_ZERO", 7_475, 12_085, 18),
        ("binance_spot/5m", "PERLUSDT", "VOLUME_ZERO", 7_126, 9_760, 14),
        ("binance_usdm/1h", "WAVESUSDT", "FROZEN_END", 569, 13_646, 24),
        # 64 gaps and 179 hours in all; 41 hours from bar to bar
        ("kraken_spot/1h", "ETHUSD", "GAP_BREAK", 52, 116, 40),
        ("kraken_spot/1h", "BTCUSD", "GAP_BREAK", 12, 63, 23),
    ],
)
def test_what_single_files_are_known_for(data, folder, symbol, rule, n_places, n_rows, longest):
    found = quorate.check_data(data / "ohlcv" / folder, symbols=[symbol])
    rows = count(found, rule, symbol)
    assert (rows.height, rows["n"].sum(), rows["n"].max()) == (n_places, n_rows, longest)
    assert not found.has_failed
    assert found.coins["n_dropped"].to_list() == [0]


def test_the_crash_of_2025_10_10_is_kept(data):
    found = quorate.check_data(data / "ohlcv/bybit_linear/5m", symbols=["AVAXUSDT"])
    suspects = count(found, "RETURN_SUSPECT").filter(
        pl.col("at").dt.date() == dt.date(2025, 10, 10)
    )
    assert suspects["value"].abs().max() > 200.0
    assert found.coins["n_dropped"].to_list() == [0]


@pytest.mark.parametrize(
    ("first", "second", "symbol", "expected"),
    [
        ("binance_spot/5m", "okx_swap/5m", "BTCUSDT", (44_002, 0.97, 6.4, 82)),
        ("binance_spot/5m", "okx_swap/5m", "ETHUSDT", (44_002, 1.39, 18.8, 200)),
        ("binance_spot/5m", "okx_swap/5m", "SOLUSDT", (44_002, 3.09, 244.9, 2_686)),
        ("binance_spot/5m", "okx_swap/5m", "XRPUSDT", (44_002, 2.12, 11.4, 166)),
        ("binance_spot/5m", "okx_swap/5m", "DOGEUSDT", (44_002, 1.68, 9.9, 179)),
        ("binance_spot/5m", "okx_swap/5m", "LINKUSDT", (44_002, 2.14, 10.3, 152)),
        ("binance_spot/5m", "okx_swap/5m", "LTCUSDT", (44_002, 1.92, 11.6, 225)),
        ("binance_spot/5m", "okx_swap/5m", "UNIUSDT", (44_002, 5.94, 22.0, 103)),
        ("binance_spot/1h_long", "kraken_spot/1h", "BTCUSDT", (43_796, 8.33, 284.3, 1_069)),
        ("binance_spot/1h_long", "kraken_spot/1h", "ETHUSDT", (45_800, 8.76, 282.9, 1_019)),
        ("binance_usdm/5m", "bybit_linear/5m", "SOLUSDT", (28_511, 0.99, 4.5, 410)),
        ("binance_usdm/5m", "hyperliquid_perp/5m", "SOLUSDT", (31_738, 3.05, 15.5, 41)),
        ("binance_usdm/5m", "hyperliquid_perp/5m", "DOGEUSDT", (31_739, 4.30, 20.4, 57)),
    ],
)
def test_agreement_of_two_vendors(data, first, second, symbol, expected):
    folder = data / "ohlcv"
    found = quorate.check_data(folder / first, other=folder / second, symbols=[symbol])
    line = found.pairs.row(0, named=True)
    n_bars, median, p99, most = expected
    assert line["n_bars"] == n_bars
    assert line["median_bps"] == pytest.approx(median, abs=0.005)
    assert line["p99_bps"] == pytest.approx(p99, abs=0.05)
    assert line["max_bps"] == pytest.approx(most, abs=0.5)
    assert line["shift_bars"] == 0


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("BTCUSDT", (9_503, 4.60, 6.9, 24)),
        ("ETHUSDT", (9_503, 4.81, 7.9, 99)),
        ("SOLUSDT", (9_503, 5.38, 15.9, 324)),
        ("BNBUSDT", (9_503, 5.47, 11.5, 62)),
        ("ADAUSDT", (9_503, 6.19, 11.7, 338)),
    ],
)
def test_agreement_of_bars_that_were_built_from_shorter_ones(data, tmp_path, symbol, expected):
    """Three five-minute bars are one of fifteen."""
    five = pl.read_parquet(data / f"ohlcv/bybit_linear/5m/{symbol}.parquet")
    fifteen = five.group_by_dynamic("ts", every="15m").agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )
    fifteen.write_parquet(tmp_path / f"{symbol}.parquet")
    spot = data / "ohlcv/binance_spot/15m"
    line = quorate.check_data(spot, other=tmp_path, symbols=[symbol]).pairs.row(0, named=True)
    n_bars, median, p99, most = expected
    assert line["n_bars"] == n_bars
    assert line["median_bps"] == pytest.approx(median, abs=0.005)
    assert line["p99_bps"] == pytest.approx(p99, abs=0.05)
    assert line["max_bps"] == pytest.approx(most, abs=0.5)


@pytest.mark.slow
def test_a_universe_of_its_day_is_not_that_of_the_survivors(data):
    where = data / "ohlcv/binance_spot/1d/all.parquet"
    on = quorate.universe(where, "2022-05-12")
    last = quorate.universe(where, "2023-12-30")
    then = set(on.filter(pl.col("verdict") == "IN")["symbol"])
    now = set(last.filter(pl.col("verdict") == "IN")["symbol"])
    assert {"LUNAUSDT", "USTUSDT", "FTTUSDT"} <= then
    assert "LUNAUSDT" not in now
    assert "LUNAUSDT.2" in now
    assert (len(then), len(then - now)) == (232, 35)


def test_a_hole_of_4004_hours_is_in_the_funding_of_one_coin(data):
    found = quorate.check_data(data / "funding/binance_usdm")
    assert found.kind == "funding"
    assert found.coins["n_rows"].sum() == 38_237
    hole = count(found, "VALUE_MISSING")
    assert hole.select("symbol", "n", "value", "bound").rows() == [("ENAUSDT", 1_000, 4_004.0, 4.0)]
    assert hole["at"].item() == dt.datetime(2025, 7, 17, 16, tzinfo=dt.UTC)
    days = found.by_day().filter(pl.col("rule") == "VALUE_MISSING")
    assert (days.height, days["n"].sum(), days["n"].max()) == (168, 1_000, 6)
    of_ena = found.days.filter(pl.col("symbol") == "ENAUSDT")
    assert (of_ena["n_traded"].sum(), of_ena["n_missing"].sum()) == (1_004, 1_000)
    hours = dict(found.intervals.select("symbol", "hours").rows())
    assert hours.pop("ENAUSDT") == 4.0
    assert set(hours.values()) == {8.0}
    assert not found.has_failed


@pytest.mark.parametrize(
    ("folder", "hours", "n_missing"),
    [
        ("funding/binance_usdm_2023jul", [8.0], 0),
        ("funding/bybit_linear", [8.0], 0),
        ("funding/okx_swap", [8.0], 0),
        ("funding/hyperliquid_perp", [1.0, 8.0], 18),
        ("funding/multi_venue/binance", [4.0, 8.0], 0),
        ("funding/multi_venue/bybit", [8.0], 0),
        ("funding/multi_venue/hyperliquid", [1.0], 0),
        ("funding/multi_venue/kraken", [1.0], 35),
        ("funding/multi_venue/lighter", [1.0], 5 * 1_463),
        ("funding/multi_venue/okx", [4.0, 8.0], 0),
        ("mark/binance_usdm/1h", [1.0], 0),
        ("mark/bybit_linear/1h", [1.0], 0),
        ("mark/okx_swap/1h", [1.0], 0),
    ],
)
def test_every_coin_has_its_own_interval(data, folder, hours, n_missing):
    found = quorate.check_data(data / folder)
    assert found.intervals["hours"].unique().sort().to_list() == hours
    assert found.coins["n_missing"].sum() == n_missing
    assert not found.has_failed


def test_an_outage_of_80_minutes_is_carried_for_55_and_missing_for_25(data):
    """The check, the certificate and the panel of a run say the same of it."""
    where = data / "ohlcv/binance_spot/5m"
    span = {"start": "2023-03-24", "end": "2023-03-25"}
    found = quorate.check_data(where, symbols=["BTC", "ETH"], **span)
    panel = quorate.load(where, venue="binance_spot", kind="spot", symbols=("BTC", "ETH"), **span)
    held = panel.certificate.venues[0][1]
    for name in ("coins", "days", "findings"):
        assert getattr(found, name).equals(getattr(held, name))
    counts = ("n_rows", "n_traded", "n_filled", "n_missing")
    assert found.coins.select(counts).rows() == [(272, 272, 11, 5)] * 2
    assert found.days.select(counts[1:]).rows() == [(272, 11, 5)] * 2
    outage = found.findings.filter(pl.col("rule") == "GAP_BREAK")
    assert outage.select("n", "value").rows() == [(16, 80.0)] * 2
    assert held.zero_volume() == {"BTCUSDT": 14, "ETHUSDT": 14}
    worth = [int((panel.bars.status == each).sum()) for each in (Bar.TRADED, Bar.IMPUTED)]
    assert worth == [2 * 272, 2 * 11]
    hours = quorate.check_data(where, symbols=["BTC"], bar_minutes=60, **span)
    # of the hour from 12:00 eight bars are there, of the next one none
    assert hours.coins.select(counts).row(0) == (272, 22, 1, 1)
