"""The CSV of the archive, in all the forms it has had, and in those it must not have."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.venues.archive_site import FUNDING, bars

from quorate.errors import SchemaError
from quorate.venues.archive.names import File, Period, series
from quorate.venues.archive.rows import rows


def file(period, market="spot", kind="ohlcv"):
    day = date.fromisoformat(period if len(period) == 10 else f"{period}-01")
    symbol = "BTCUSD_PERP" if market == "cm" else "BTCUSDT"
    return File(series(market, kind, "5m"), symbol, Period(day, is_month=len(period) == 7))


def test_bars_are_read_as_they_are():
    line = "1640995200000,46216.93,46271.08,46208.37,46250.00,40.57574,1640995499999,1876.5,1127,"
    line += "23.89712,1105.2,0"
    found = rows(f"{line}\n".encode(), file("2022-01"))
    assert found.to_dicts() == [
        {
            "ts": datetime(2022, 1, 1, tzinfo=UTC),
            "open": 46216.93,
            "high": 46271.08,
            "low": 46208.37,
            "close": 46250.00,
            "volume": 40.57574,
            "quote_volume": 1876.5,
            "trades": 1127,
            "taker_buy_volume": 23.89712,
        }
    ]
    assert found.schema["ts"] == pl.Datetime("ms", "UTC")


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("micro", [False, True])
@pytest.mark.parametrize("ends", ["\n", "\r\n", ""])
def test_header_unit_and_line_ends_make_no_difference(header, micro, ends):
    plain = rows(bars("2025-01").encode(), file("2025-01"))
    text = bars("2025-01", header=header, micro=micro)
    text = text.replace("\n", ends) if ends else text.rstrip("\n")
    assert_frame_equal(rows(text.encode(), file("2025-01")), plain)
    assert plain.height == 31 * 288
    assert plain["ts"][0] == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("year", range(2017, 2031))
@pytest.mark.parametrize("micro", [False, True])
def test_the_unit_is_told_by_bounds_in_every_year(year, micro):
    found = rows(bars(f"{year}-02", "1h", micro=micro).encode(), file(f"{year}-02"))
    assert found["ts"][0] == datetime(year, 2, 1, tzinfo=UTC)
    assert found["ts"][-1].hour == 23


@pytest.mark.parametrize(
    "time",
    [
        "1672531200",  # seconds
        "1672531200000000000",  # nanoseconds
        "1672531199999",  # a millisecond before the month
        "1675209600000",  # its end
        "1672531199999999",
        "-1",
        "0",
        "9223372036854775807",
    ],
)
def test_a_time_outside_its_file_is_refused_and_not_guessed(time):
    text = f"{time},1,1,1,1,1,1,1,1,1,1,0\n"
    with pytest.raises(SchemaError, match=f"time {time} in row 0 .1 such rows.") as info:
        rows(text.encode(), file("2023-01"))
    assert "within 2023-01" in info.value.message


def test_a_file_of_another_month_is_refused():
    with pytest.raises(SchemaError, match=r"in row 0 \(8064 such rows\)"):
        rows(bars("2023-02").encode(), file("2023-01"))


LINE = "1672531200000,1,1,1,1,1,1672531499999,1,1,1,1,0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{LINE},7\n", r"13\)"),
        (LINE.rpartition(",")[0], r"11\)"),
        (f"{LINE}\n1672531500000,1,1\n", "are not 12 columns"),
        (f"{LINE}\n{LINE},1\n{LINE.rpartition(',')[0]}\n", "cannot be read|are not 12"),
        (LINE.replace(",1,1,1,1,", ",1,x,1,1,", 1), "cannot be read"),
        (LINE.replace(",1,1,1,1,", ",1,,1,1,", 1), "lacks values of high"),
        ("<html>no</html>", "are not 12 columns"),
        ("time,open,high,low,close,volume,b,c,d,e,f,g\n" + LINE, "calls its columns time,open"),
    ],
)
def test_another_form_is_refused_by_name(text, said):
    with pytest.raises(SchemaError, match=said) as info:
        rows(text.encode(), file("2023-01"))
    assert "BTCUSDT-5m-2023-01.csv" in info.value.message
    assert info.value.hint


@pytest.mark.parametrize("text", ["", bars("2023-01", header=True).partition("\n")[0] + "\n"])
def test_a_file_without_rows_gives_none(text):
    found = rows(text.encode(), file("2023-01"))
    assert found.height == 0
    assert found.columns == rows(LINE.encode(), file("2023-01")).columns


@pytest.mark.parametrize("kind", ["mark", "index"])
def test_marks_have_prices_alone(kind):
    found = rows(bars("2023-01", header=True).encode(), file("2023-01", "um", kind))
    assert found.columns == ["ts", "open", "high", "low", "close"]


def test_settlements_keep_their_jitter():
    text = f"{FUNDING}\n1672531200009,8,0.00010000\n1672559999998,4,-0.0002\n"
    found = rows(text.encode(), file("2023-01", "um", "funding"))
    assert found.columns == ["ts", "funding_rate", "interval_hours"]
    assert found["ts"].dt.epoch("ms").to_list() == [1_672_531_200_009, 1_672_559_999_998]
    assert found["funding_rate"].to_list() == [0.0001, -0.0002]
    assert found["interval_hours"].to_list() == [8.0, 4.0]


def test_a_settlement_stamped_a_little_early_belongs_to_its_month():
    text = f"{FUNDING}\n1672531199999,8,0.0001\n"
    assert rows(text.encode(), file("2023-01", "um", "funding")).height == 1


def test_contracts_of_coin_margins_become_coins_and_dollars():
    """The example of the archive's own page: 206 contracts are 2.13660389 BTC near 9641."""
    line = (
        "1591258320000,9640.7,9642.4,9640.6,9642.0,206,1591258379999,2.13660389,48,119,1.23424865,0"
    )
    found = rows(line.encode(), file("2020-06", "cm"))
    assert found.select("volume", "quote_volume", "taker_buy_volume").row(0) == (
        2.13660389,
        20_600.0,
        1.23424865,
    )


@pytest.mark.parametrize("worth", [10.0, 100.0])
def test_the_worth_of_a_contract_is_found(worth):
    found = rows(bars("2023-01", contracts=worth, price=20.0).encode(), file("2023-01", "cm"))
    assert (found["quote_volume"] / found["close"] - found["volume"]).abs().max() < 1e-9


def test_a_contract_of_no_round_worth_is_refused():
    with pytest.raises(SchemaError, match="no power of ten"):
        rows(bars("2023-01", contracts=37.0).encode(), file("2023-01", "cm"))


def test_a_month_without_trades_has_no_volume():
    line = "1672531200000,1,1,1,1,0,1672531499999,0,0,0,0,0"
    assert rows(line.encode(), file("2023-01", "cm"))["quote_volume"].to_list() == [0.0]
