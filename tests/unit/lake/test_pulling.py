"""A venue's history in the lake: only what is new, what was changed, and on after any break."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from tests.unit.venues.building import HOUR, QUICK, START, STEP, bars, markets, settlements

from quorate.errors import ConfigError, DataError, NotOfferedError, VenueUnavailableError
from quorate.exchange.bybit.public import Bybit
from quorate.exchange.listing import ListedInstrument, Series
from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import served
from quorate.lake import asking, layout
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


@pytest.mark.parametrize("interval", ["1M", "3M", "1y"])
def test_bars_of_calendar_months_are_refused_before_anything_is_asked(tmp_path, interval):
    with served(markets(300)) as server:
        with pytest.raises(ConfigError, match=f"bars of {interval} are not all of one length"):
            pull(wanted(interval=interval), tmp_path, url=server.url, patience=QUICK)
        assert server.log == []


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


def pulled(server, root, **given):
    (found,) = pull(wanted(**given), root, url=server.url, patience=QUICK)
    return found


def steps(low, high):
    return {"start": at(START + low * STEP), "end": at(START + high * STEP)}


def test_an_earlier_start_brings_what_lies_before(tmp_path):
    with served(markets(3_000)) as server:
        assert pulled(server, tmp_path, **steps(2_000, 2_500)).n_new == 500
        early = pulled(server, tmp_path, **steps(500, 1_000))
        assert (early.n_new, early.problem, early.empty) == (500, None, ())
        # and then what lies between, before and behind, each row asked for once
        rest = pulled(server, tmp_path)
        assert (rest.n_new, rest.n_asked) == (1_999, 2_009)
        before = server.n_asked("klines")
        assert pulled(server, tmp_path).n_new == 0
        assert server.n_asked("klines") == before + 1
    assert stored(tmp_path).equals(bars(3_000, seed=0).head(2_999))


def test_what_was_broken_off_before_the_first_row_is_gone_on_with(tmp_path):
    """Rows before those stored come from their own beginning: a break leaves a hole between."""
    script = Script(Fault("klines", "status", first=3, times=QUICK.tries, size=503))
    with served(markets(3_000), script) as server:
        pulled(server, tmp_path, **steps(2_500, 2_600))
        assert pulled(server, tmp_path).problem is not None
        assert stored(tmp_path).height == 1_000 + 100
        last = pulled(server, tmp_path)
        assert (last.n_new, last.problem) == (1_899, None)
    assert stored(tmp_path).equals(bars(3_000, seed=0).head(2_999))


def test_a_month_that_was_deleted_comes_again(tmp_path):
    with served(markets(9_000)) as server:
        assert pulled(server, tmp_path).n_new == 8_999
        place = next(tmp_path.rglob("symbol=BTCUSDT"))
        next(place.glob("month=2023-11")).rename(tmp_path / "elsewhere")
        (place / "manifest.json").unlink()
        found = pulled(server, tmp_path)
    assert (found.n_new, found.problem) == (17 * 288, None)
    assert stored(tmp_path).equals(bars(9_000, seed=0).head(8_999))


@pytest.mark.parametrize("venue", ["binance", "bybit"])
def test_a_hole_of_the_venue_is_told_and_asked_for_once(tmp_path, venue):
    facade = markets(3_000)
    rows = bars(3_000, seed=0)
    facade.spot._series.clear()
    facade.spot.put("ohlcv", "BTCUSDT", "5m", pl.concat([rows[50:1_000], rows[2_300:]]))
    if venue == "bybit":
        facade = Bybit(facade.spot, facade.futures)
    with served(facade) as server:
        first = pulled(server, tmp_path, venue=venue)
        assert (first.n_new, first.problem) == (949 + 700, None)
        assert first.empty == (
            (at(START), at(START + 50 * STEP)),
            (at(START + 1_000 * STEP), at(START + 2_300 * STEP)),
        )
        asked = len(server.log)
        again = pulled(server, tmp_path, venue=venue)
        assert (again.n_new, again.empty) == (0, ())
        pages = [each for each in server.log[asked:] if "line" in each.path]
        assert len(pages) == 1
        # a venue that fills it later is asked with `again`
        filled = facade.spot if venue == "binance" else facade.sides["spot"]
        filled.put("ohlcv", "BTCUSDT", "5m", rows[1_500:1_600])
        last = pulled(server, tmp_path, venue=venue, again=True)
    assert (last.n_new, len(last.empty)) == (100, 3)


def test_an_end_within_a_hole_of_the_venue_is_no_standstill(tmp_path):
    facade = markets(3_000)
    rows = bars(3_000, seed=0)
    facade.spot._series.clear()
    facade.spot.put("ohlcv", "BTCUSDT", "5m", pl.concat([rows[:500], rows[1_500:]]))
    with served(facade) as server:
        found = pulled(server, tmp_path, **steps(0, 1_000))
        assert (found.n_new, found.problem) == (500, None)
        assert pulled(server, tmp_path).n_new == 1_499


def test_a_market_that_is_gone_is_not_walked_through_again(tmp_path):
    made = markets(500)
    made.spot.list(ListedInstrument("BTC", status="Closed"))
    made.spot.now_ms += 9_000 * STEP
    with served(Bybit(made.spot, made.futures)) as server:
        first = pulled(server, tmp_path, venue="bybit")
        asked = server.n_asked("kline")
        second = pulled(server, tmp_path, venue="bybit")
    assert (first.n_new, second.n_new, first.problem) == (500, 0, None)
    assert asked > 9
    assert server.n_asked("kline") == asked + 1


def test_two_pulls_of_one_symbol_do_not_meet(tmp_path):
    with served(markets(50)) as server:
        pulled(server, tmp_path)
        with asking.alone(tmp_path / ".pull/venue/binance_spot/ohlcv/5m/BTCUSDT", "BTC/USDT"):
            asked = server.n_asked("klines")
            found = pulled(server, tmp_path)
            assert "is being pulled by another process" in found.problem.message
            assert server.n_asked("klines") == asked
        assert pulled(server, tmp_path).problem is None


def test_a_symbol_named_twice_is_refused(tmp_path):
    with served(markets(50)) as server, pytest.raises(ConfigError, match="are both BTCUSDT of"):
        pulled(server, tmp_path, symbols=("BTC/USDT", "BTC/USDT"))
    assert server.n_asked("klines") == 0


def test_a_coin_whose_name_is_no_file_name_is_pulled(tmp_path):
    with served(markets(50, coins=("\u5e01",))) as server:
        found = pulled(server, tmp_path, symbols=("\u5e01/USDT",))
    assert (found.n_new, found.name) == (49, "U5E01.USDT")
    assert stored(tmp_path, symbol="U5E01.USDT").height == 49


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
    assert told == [(0, 1_500), (1_000, 1_500), (1_500, 1_500)]


def test_the_progress_knows_of_every_symbol_from_the_start(tmp_path):
    told, coins = [], ("BTC", "ETH", "SOL")
    with served(markets(1_500, coins=coins)) as server:
        pull(
            wanted(symbols=tuple(f"{coin}/USDT" for coin in coins), n_at_once=1),
            tmp_path,
            url=server.url,
            patience=QUICK,
            progress=lambda done, total: told.append((done, total)),
        )
    assert {total for _, total in told} == {4_497}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (4_497, 4_497)


def test_what_the_venue_does_not_have_counts_as_nothing_done(tmp_path):
    """Else a coin listed late fills the bar at once, and the rate and the time left are lies."""
    told, facade = [], markets(3_000)
    rows = facade.spot.series("ohlcv", "BTCUSDT", "5m").rows[1_700:]
    facade.spot._series["ohlcv", "BTCUSDT", "5m"] = Series([int(row[0]) for row in rows], rows)
    with served(facade) as server:
        pull(
            wanted(),
            tmp_path,
            url=server.url,
            patience=QUICK,
            progress=lambda done, total: told.append((done, total)),
        )
    assert told[:2] == [(0, 2_999), (1_000, 1_299)]
    assert told[-1] == (1_299, 1_299)


def test_a_resumed_pull_counts_only_what_is_left(tmp_path):
    told = []
    with served(markets(3_000)) as server:
        pulled(server, tmp_path, **steps(0, 2_000))
        pull(
            wanted(),
            tmp_path,
            url=server.url,
            patience=QUICK,
            progress=lambda done, total: told.append((done, total)),
        )
    assert told[0] == (0, 1_009)  # ten come again to be compared
    assert told[-1] == (1_009, 1_009)


def test_a_span_that_ends_before_it_begins_to_be_known_asks_for_no_row(tmp_path):
    with served(markets(50)) as server:
        (found,) = pull(
            wanted(start=at(START + 500 * HOUR)), tmp_path, url=server.url, patience=QUICK
        )
    assert (found.n_new, found.first, found.problem) == (0, None, None)
    assert server.n_asked("klines") == 0
