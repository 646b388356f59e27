"""A venue's history in the lake: only what is new, what was changed, and on after any break."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from tests.unit.venues.building import HOUR, QUICK, START, STEP, bars, markets, settlements

from quorate.errors import DataError, NotOfferedError, VenueUnavailableError
from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import served
from quorate.lake import layout
from quorate.lake.layout import Key
from quorate.lake.pulling import Wanted, pull

KEY = Key("binance_spot", "ohlcv", "5m")
LATER = datetime(9999, 1, 1, tzinfo=UTC)


def at(ms):
    return datetime.fromtimestamp(ms / 1e3, UTC)


def wanted(**given):
    usual = {
        "venue": "binance",
        "kind": "ohlcv",
        "interval": "5m",
        "symbols": ("BTC/USDT",),
        "start": at(START),
        "end": LATER,
    }
    return Wanted(**{**usual, **given})


def stored(root, key=KEY, symbol="BTCUSDT"):
    rows = layout.read(root, key, (symbol,)).drop("symbol")
    return rows.with_columns(pl.col("ts").dt.epoch("ms"))


def test_a_pull_stores_what_the_venue_has_and_the_next_one_only_what_is_new(tmp_path):
    facade = markets(3_000)
    with served(facade) as server:
        (first,) = pull(wanted(), tmp_path, url=server.url, patience=QUICK)
        assert (first.n_new, first.changed.height, first.problem) == (2_999, 0, None)
        assert stored(tmp_path).equals(bars(3_000, seed=0).head(2_999))
        assert server.n_asked("klines") == 4

        facade.spot.put("ohlcv", "BTCUSDT", "5m", bars(3_200, seed=0).tail(200))
        facade.spot.now_ms += 200 * STEP
        (second,) = pull(wanted(), tmp_path, url=server.url, patience=QUICK)
        assert (second.n_new, second.n_asked, second.changed.height) == (200, 210, 0)
        assert server.n_asked("klines") == 5  # ten rows stored last, and the new ones, in one page

        (third,) = pull(wanted(), tmp_path, url=server.url, patience=QUICK)
        assert (third.n_new, third.n_asked) == (0, 10)
        assert server.n_asked("klines") == 6
    assert (third.first, third.last) == (at(START), at(START + 3_198 * STEP))
    assert stored(tmp_path).height == 3_199


def test_the_lake_is_not_written_when_nothing_is_new(tmp_path):
    with served(markets(300)) as server:
        pull(wanted(), tmp_path, url=server.url, patience=QUICK)
        files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
        pull(wanted(), tmp_path, url=server.url, patience=QUICK)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == files


def test_what_the_venue_has_corrected_is_stored_and_told(tmp_path):
    facade = markets(1_500)
    with served(facade) as server:
        pull(wanted(), tmp_path, url=server.url, patience=QUICK)
        late = bars(1_500, seed=0)[1_497].with_columns(close=pl.lit(1.5), low=pl.lit(1.0))
        early = bars(1_500, seed=0)[20].with_columns(volume=pl.lit(7.0))
        facade.spot.put("ohlcv", "BTCUSDT", "5m", pl.concat([late, early]))
        (found,) = pull(wanted(), tmp_path, url=server.url, patience=QUICK)
        # The early row lies before what is compared; only `again` finds it.
        assert found.changed.drop("was").rows() == [
            (at(START + 1_497 * STEP), "close", 1.5),
            (at(START + 1_497 * STEP), "low", 1.0),
        ]
        assert found.n_new == 0
        (again,) = pull(wanted(again=True), tmp_path, url=server.url, patience=QUICK)
    was = bars(1_500, seed=0)["volume"][20]
    assert again.changed.rows() == [(at(START + 20 * STEP), "volume", was, 7.0)]
    held = stored(tmp_path)
    assert held["volume"][20] == 7.0
    assert held["close"][1_497] == 1.5
    assert held.height == 1_499


def test_many_symbols_side_by_side_and_one_that_fails_alone(tmp_path):
    facade = markets(700, coins=("BTC", "ETH", "SOL"))
    del facade.spot._series["ohlcv", "ETHUSDT", "5m"]  # listed, trading, and without a bar
    with served(facade) as server:
        found = pull(
            wanted(symbols=("BTC/USDT", "ETH/USDT", "SOL/USDT")),
            tmp_path,
            url=server.url,
            patience=QUICK,
        )
    assert [each.n_new for each in found] == [699, 0, 699]
    assert isinstance(found[1].problem, DataError)
    assert "stands still" in found[1].problem.hint
    assert (found[0].problem, found[2].problem) == (None, None)
    assert stored(tmp_path, symbol="SOLUSDT").equals(bars(700, seed=2).head(699))


def test_what_came_before_the_venue_went_away_is_kept_and_completed(tmp_path):
    gone = Fault("klines", "status", first=3, times=QUICK.tries, size=503)
    with served(markets(3_000), Script(gone)) as server:
        (first,) = pull(wanted(), tmp_path, url=server.url, patience=QUICK)
        assert isinstance(first.problem, VenueUnavailableError)
        assert stored(tmp_path).height == 1_999
        (second,) = pull(wanted(), tmp_path, url=server.url, patience=QUICK)
    assert (second.n_new, second.problem) == (1_000, None)
    assert stored(tmp_path).equals(bars(3_000, seed=0).head(2_999))


@pytest.mark.parametrize("kind", ["mark", "index", "funding", "open_interest"])
def test_every_kind_has_its_place_in_the_lake(tmp_path, kind):
    asked = wanted(venue="binanceusdm", kind=kind, symbols=("BTC/USDT:USDT",))
    with served(markets(700)) as server:
        (found,) = pull(asked, tmp_path, url=server.url, patience=QUICK)
        (again,) = pull(asked, tmp_path, url=server.url, patience=QUICK)
    interval = "event" if kind == "funding" else "5m"
    assert found.key == Key("binance_usdm", kind, interval)
    assert again.n_new == again.changed.height == 0
    rows = stored(tmp_path, found.key)
    if kind == "funding":
        assert rows.equals(settlements(8))
    else:
        assert rows["ts"].to_list()[:2] == [START, START + STEP]
        assert rows.height == found.n_new == (700 if kind == "open_interest" else 699)


def test_rows_of_a_richer_source_keep_what_this_one_does_not_tell(tmp_path):
    rich = (
        bars(500, seed=0)
        .head(400)
        .with_columns(pl.from_epoch("ts", time_unit="ms"), taker_buy_volume=pl.lit(0.5))
    )
    changed = rich[395].with_columns(close=pl.lit(3.0))
    layout.write(pl.concat([rich[:395], changed, rich[396:]]), tmp_path, KEY, "BTCUSDT")
    with served(markets(500)) as server:
        (found,) = pull(wanted(), tmp_path, url=server.url, patience=QUICK)
    assert found.n_new == 99
    assert found.changed["ts"].to_list() == [at(START + 395 * STEP)]
    held = stored(tmp_path)
    assert held.drop("taker_buy_volume").equals(bars(500, seed=0).head(499))
    # what this source does not tell stays as it was; new rows do not know theirs
    assert held["taker_buy_volume"].is_null().arg_true().to_list() == [*range(400, 499)]
    # the value that was corrected stands there still, known earlier
    was = layout.history(tmp_path, KEY, ["BTCUSDT"]).filter(pl.col("close") == 3.0)
    assert was.height == 1


def test_an_unknown_symbol_stops_all_before_anything_is_asked(tmp_path):
    with served(markets(50)) as server, pytest.raises(NotOfferedError, match="NOPE/USDT"):
        pull(wanted(symbols=("BTC/USDT", "NOPE/USDT")), tmp_path, url=server.url, patience=QUICK)
    assert server.n_asked("klines") == 0
    assert list(tmp_path.iterdir()) == []


def test_the_progress_ends_at_all_that_was_expected(tmp_path):
    told = []
    with served(markets(2_000)) as server:
        pull(
            wanted(end=at(START + 1_500 * STEP)),
            tmp_path,
            url=server.url,
            patience=QUICK,
            progress=lambda done, total: told.append((done, total)),
        )
    assert told[-1] == (1_500, 1_500)
    assert told == sorted(told)
    assert (1_000, 1_500) in told


def test_a_span_that_ends_before_it_begins_to_be_known_asks_for_no_row(tmp_path):
    with served(markets(50)) as server:
        (found,) = pull(
            wanted(start=at(START + 500 * HOUR)), tmp_path, url=server.url, patience=QUICK
        )
    assert (found.n_new, found.first, found.problem) == (0, None, None)
    assert server.n_asked("klines") == 0
