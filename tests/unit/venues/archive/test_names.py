"""Where the files lie: the names of the public archive, one by one."""

from __future__ import annotations

from datetime import date

import pytest

from quorate.errors import ConfigError
from quorate.venues.archive.names import File, Period, check_symbol, is_symbol, series

JANUARY = Period(date(2023, 1, 1), is_month=True)
FIFTH = Period(date(2023, 1, 5), is_month=False)


@pytest.mark.parametrize(
    ("market", "kind", "symbol", "period", "key"),
    [
        ("spot", "ohlcv", "BTCUSDT", JANUARY, "spot/monthly/klines/BTCUSDT/5m/BTCUSDT-5m-2023-01"),
        ("spot", "ohlcv", "BTCUSDT", FIFTH, "spot/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2023-01-05"),
        (
            "um",
            "mark",
            "BTCUSDT",
            JANUARY,
            "futures/um/monthly/markPriceKlines/BTCUSDT/5m/BTCUSDT-5m-2023-01",
        ),
        (
            "um",
            "funding",
            "BTCUSDT",
            JANUARY,
            "futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2023-01",
        ),
        (
            "cm",
            "ohlcv",
            "BTCUSD_PERP",
            FIFTH,
            "futures/cm/daily/klines/BTCUSD_PERP/5m/BTCUSD_PERP-5m-2023-01-05",
        ),
        (
            "cm",
            "index",
            "BTCUSD_PERP",
            FIFTH,
            "futures/cm/daily/indexPriceKlines/BTCUSD/5m/BTCUSD-5m-2023-01-05",
        ),
    ],
)
def test_a_file_lies_where_the_archive_has_it(market, kind, symbol, period, key):
    assert File(series(market, kind, "5m"), symbol, period).key == f"data/{key}.zip"


def test_a_period_knows_its_bounds():
    assert JANUARY.span_ms == (1_672_531_200_000, 1_675_209_600_000)
    assert FIFTH.span_ms == (1_672_876_800_000, 1_672_963_200_000)
    assert Period(date(2023, 12, 1), is_month=True).end == date(2024, 1, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("futures", "ohlcv", "5m"), "use one of: spot, um, cm"),
        (("um", "trades", "5m"), "use one of: ohlcv, mark, index, funding"),
        (("um", "ohlcv", "1w"), "use one of: 1m, 3m"),
        (("spot", "mark", "5m"), "--market um"),
    ],
)
def test_what_the_archive_has_not_is_refused_with_help(given, said):
    with pytest.raises(ConfigError, match=said):
        series(*given)


@pytest.mark.parametrize("symbol", ["btcusdt", "../etc", "", "BTC/USDT", "_A"])
def test_a_symbol_that_would_leave_its_folder_is_refused(symbol):
    assert not is_symbol(symbol)
    with pytest.raises(ConfigError, match="not as the archive spells them"):
        check_symbol(symbol)


def test_all_means_perpetuals_and_pairs_in_dollars():
    assert series("spot", "ohlcv", "5m").is_usual("LUNAUSDT")
    assert not series("spot", "ohlcv", "5m").is_usual("ETHBTC")
    assert not series("um", "ohlcv", "5m").is_usual("BTCUSDT_230331")
    assert series("cm", "ohlcv", "5m").is_usual("BTCUSD_PERP")
    assert not series("cm", "ohlcv", "5m").is_usual("BTCUSD_230331")
    assert series("cm", "index", "5m").is_usual("BTCUSD")
