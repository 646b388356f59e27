"""ccxt's own client against the simulated exchange, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.unit.venues.building import (
    HOUR,
    QUICK,
    START,
    STEP,
    bars,
    history,
    markets,
    settlements,
    together,
)

from quorate.errors import (
    ConfigError,
    DataError,
    NotOfferedError,
    RateLimitError,
    VenueError,
    VenueUnavailableError,
)
from quorate.exchange.binance.public import Binance
from quorate.exchange.listing import ListedInstrument, Listing
from quorate.exchange.meter import Meter
from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import served
from quorate.venues.client import connected
from quorate.venues.market import opened
from quorate.venues.pace import Pace

SPOT = ("binance", "ohlcv", "BTC/USDT")
PERP = "BTC/USDT:USDT"


def test_three_thousand_candles_come_in_pages_and_the_forming_bar_does_not():
    facade = markets(3_000)
    with served(facade) as server:
        pages = history(server.url, *SPOT)
    assert [page.height for page in pages] == [1000, 999, 999, 1]
    assert together(pages).equals(bars(3_000, seed=0).head(2_999))
    assert server.n_asked("klines") == 4
    assert [asked.path for asked in server.log if asked.status != 200] == []


@pytest.mark.parametrize(("kind", "seed"), [("ohlcv", 100), ("mark", 200), ("index", 300)], ids=str)
def test_candles_of_futures(kind, seed):
    with served(markets(1_200)) as server:
        pages = history(server.url, "binanceusdm", kind, PERP)
    right = bars(1_200, seed=seed).head(1_199)
    assert together(pages).equals(right if kind == "ohlcv" else right.drop("volume"))


def test_funding_comes_as_settled_jitter_and_all():
    with served(markets(3_000)) as server:
        pages = history(server.url, "binanceusdm", "funding", PERP, "", page_rows=10)
    assert together(pages).equals(settlements(32))
    assert len(pages) == 4


def test_open_interest_comes_whole_although_the_venue_cuts_spans_from_the_front():
    with served(markets(1_200)) as server:
        pages = history(server.url, "binanceusdm", "open_interest", PERP)
    found = together(pages)
    assert found.columns == ["ts", "open_interest"]
    assert found["ts"].to_list() == [START + i * STEP for i in range(1_200)]
    asked = [each.query for each in server.log if "period" in each.query]
    # The end is always said: with a start alone, some venues give the newest rows of all.
    assert {int(each["endTime"]) - int(each["startTime"]) for each in asked} == {499 * STEP}


def test_open_interest_older_than_a_month_is_refused_by_the_venue_and_said_so():
    with served(markets(1_200)) as server, pytest.raises(VenueError, match="startTime"):
        history(server.url, "binanceusdm", "open_interest", PERP, start=START - 40 * 24 * HOUR)


def test_instruments_with_exact_numbers_listing_and_end():
    ending = ListedInstrument("OLD", status="SETTLING", listed_ms=START, ends_ms=START + HOUR)
    # More digits than a float holds: amounts to trade must not be rounded on the way.
    fine = ListedInstrument(
        "PEPE", tick="0.12345678901234567891", lot="1", min_notional="5", listed_ms=START
    )
    futures = Listing(ending, fine, now_ms=START)
    spot = Listing(ListedInstrument("BTC"), ListedInstrument("LUNA", status="BREAK"), now_ms=START)

    async def both(url):
        async with opened("binanceusdm", url=url, patience=QUICK) as data:
            perps = data.instruments()
        async with opened("binance", symbols=["BTC/USDT"], url=url, patience=QUICK) as data:
            return perps, data.instruments()

    with served(Binance(spot, futures)) as server:
        perps, coins = asyncio.run(both(server.url))
    assert dict(zip(perps["symbol"], perps["active"], strict=True)) == {
        "OLD/USDT:USDT": False,
        "PEPE/USDT:USDT": True,
    }
    old, pepe = perps.to_dicts()
    assert (pepe["tick"], pepe["lot"], pepe["min_notional"]) == (
        "0.12345678901234567891",
        "1",
        "5",
    )
    assert (pepe["maker"], pepe["taker"]) == ("0.0002", "0.0005")
    assert int(pepe["listed_at"].timestamp() * 1e3) == START
    assert pepe["ends_at"] is None
    assert int(old["ends_at"].timestamp() * 1e3) == START + HOUR
    assert dict(zip(coins["symbol"], coins["active"], strict=True)) == {
        "BTC/USDT": True,
        "LUNA/USDT": False,
    }
    assert coins["taker"].to_list() == ["0.001", "0.001"]


def test_the_time_may_be_told_instead_of_asked():
    from datetime import UTC, datetime

    now = datetime.fromtimestamp((START + 10 * STEP) / 1e3, UTC)
    with served(markets(100)) as server:
        pages = history(server.url, *SPOT, now=now)
    assert together(pages)["ts"].to_list() == [START + i * STEP for i in range(10)]
    assert server.n_asked("time") == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("klines", "skip", first=2, size=40),
        Fault("klines", "hole", first=2, size=40),
        Fault("klines", "overlap", first=3, size=40),
        Fault("klines", "repeat", first=3),
        Fault("klines", "empty", first=2),
        Fault("klines", "cut", first=2),
        Fault("klines", "refuse", first=2),
        Fault("klines", "garble", first=2),
        Fault("klines", "status", first=1, times=2, size=500),
        Fault("time", "status", size=503),
        Fault("exchangeInfo", "cut"),
        Fault("exchangeInfo", "garble"),
        Fault("klines", "status", first=2, size=429, wait_s=0),
        Fault("klines", "status", first=2, size=418, wait_s=0),
    ],
    ids=lambda fault: f"{fault.endpoint}-{fault.trouble}-{fault.size:g}-{fault.first}",
)
def test_a_fault_changes_nothing_in_what_comes(fault):
    with served(markets(900), Script(fault)) as server:
        pages = history(server.url, *SPOT, page_rows=300)
    assert together(pages).equals(bars(900, seed=0).head(899))


def test_the_wait_that_a_venue_asks_for_is_kept():
    script = Script(Fault("klines", "status", first=2, size=429, wait_s=1))
    with served(markets(900), script) as server:
        begun = time.monotonic()
        history(server.url, *SPOT, page_rows=300)
        assert time.monotonic() - begun >= 1.0
    assert [asked.status for asked in server.log if asked.path.endswith("klines")][:3] == [
        200,
        429,
        200,
    ]


def test_a_wait_until_a_date_is_kept():
    script = Script(Fault("klines", "status", first=2, size=429, wait_s=2, is_date=True))
    with served(markets(900), script) as server:
        begun = time.monotonic()
        pages = history(server.url, *SPOT, page_rows=300)
        assert time.monotonic() - begun >= 2.0
    assert together(pages).equals(bars(900, seed=0).head(899))


def side_by_side(url, coins, patience=QUICK, ended=None):
    """Return what came of each coin's history, all asked for at once; errors as they are."""

    async def all_of():
        async with opened(
            "binance", symbols=["BTC/USDT"], url=url, patience=patience, page_rows=150
        ) as data:
            begun = time.monotonic()

            async def one(coin):
                pages = data.history("ohlcv", f"{coin}/USDT", "5m", START, data.now_ms)
                found = together([page async for page in pages])
                if ended is not None:
                    ended.append(time.monotonic() - begun)
                return found

            return await asyncio.gather(*map(one, coins), return_exceptions=True)

    return asyncio.run(all_of())


COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT")


def test_a_ban_holds_for_all_and_nobody_asks_on():
    script = Script(Fault("klines", "status", size=418, wait_s=259_200))
    with served(markets(900, coins=COINS), script) as server:
        found = side_by_side(server.url, COINS, QUICK._replace(pace_ms=50.0))
        assert server.n_asked("klines") == 1
    assert {type(each) for each in found} == {RateLimitError}
    assert "to be left alone for 259200 s" in str(found[-1])


def test_who_waits_in_the_queue_when_a_pause_is_asked_for_waits_on():
    script = Script(Fault("klines", "status", first=2, size=429, wait_s=1))
    ended = []
    with served(markets(140, coins=COINS), script) as server:
        found = side_by_side(server.url, COINS, QUICK._replace(pace_ms=100.0), ended)
    assert [each.height for each in found] == [139] * 6
    # The first was through before; of those behind the second none went out during the pause.
    assert min(ended) < 1.0 <= sorted(ended)[1]


def test_a_queue_is_no_stall():
    """Many symbols on a slow venue wait longer for their turn than a reply may take."""
    patience = QUICK._replace(tries=1, timeout_s=1.0, pace_ms=1000.0)
    with served(markets(140, coins=COINS)) as server:
        found = side_by_side(server.url, COINS, patience)  # weight 0.4 each: a request in 0.4 s
    assert [each.height for each in found if not isinstance(each, Exception)] == [139] * 6


def test_a_venue_is_asked_below_the_pace_it_allows():
    import ccxt

    async def pace(patience):
        async with connected("binance", url=url, patience=patience) as client:
            assert isinstance(client.exchange.throttle, Pace)
            return client.exchange.rateLimit

    with served(markets(10)) as server:
        url = server.url
        usual, given = asyncio.run(pace(None)), asyncio.run(pace(QUICK))
    allowed = ccxt.binance().rateLimit
    assert (usual, given) == (allowed / 0.8, 1.0)


def test_a_ban_of_days_is_told_and_not_slept_through():
    script = Script(Fault("klines", "status", size=418, wait_s=259_200))
    with served(markets(900), script) as server:
        with pytest.raises(RateLimitError, match=r"HTTP 418.*, to wait 259200 s") as caught:
            history(server.url, *SPOT)
        assert server.n_asked("klines") == 1
    assert caught.value.wait_s == 259_200


def test_a_limit_that_is_real_is_kept_to_by_many_symbols_at_once():
    listed = markets(600, coins=("BTC", "ETH", "SOL"))
    meter = Meter(limit=1_000, window_s=1.0, ban_s=60.0)
    facade = Binance(listed.spot, listed.futures, spot_meter=meter)

    async def all_of(url):
        async with opened(
            "binance", symbols=["BTC/USDT"], url=url, patience=QUICK, page_rows=150
        ) as data:
            meter.limit = 10  # five pages a second; ccxt would ask for fifty

            async def one(coin):
                pages = data.history("ohlcv", f"{coin}/USDT", "5m", START, data.now_ms)
                return [page async for page in pages]

            return await asyncio.gather(*(one(coin) for coin in ("BTC", "ETH", "SOL")))

    with served(facade) as server:
        found = asyncio.run(all_of(server.url))
    right = [bars(600, seed=i).head(599) for i in range(3)]
    assert [together(pages).equals(one) for pages, one in zip(found, right, strict=True)] == [
        True,
        True,
        True,
    ]
    assert {asked.status for asked in server.log} == {200, 429}
    # Whoever was refused waited for the next second: no refusal led to a second one at once.
    assert sum(asked.status == 429 for asked in server.log) <= 9


def test_a_server_that_stalls_is_given_up_and_asked_again():
    patience = QUICK._replace(timeout_s=0.5)
    script = Script(Fault("klines", "stall", first=2, size=30))
    with served(markets(900), script) as server:
        begun = time.monotonic()
        pages = history(server.url, *SPOT, page_rows=300, patience=patience)
        assert time.monotonic() - begun < 10
    assert together(pages).equals(bars(900, seed=0).head(899))


def test_a_venue_that_stays_away_is_told_after_the_last_try():
    script = Script(Fault("klines", "status", times=99, size=503))
    with served(markets(900), script) as server:
        with pytest.raises(VenueUnavailableError, match="HTTP 503"):
            history(server.url, *SPOT)
        assert server.n_asked("klines") == QUICK.tries


def test_rows_that_never_come_are_an_error_and_not_a_short_history():
    script = Script(Fault("klines", "skip", first=2, times=99, size=3))
    with served(markets(900), script) as server, pytest.raises(DataError, match="do not hold"):
        history(server.url, *SPOT, page_rows=300)


def test_a_venue_that_stands_still_is_an_error():
    script = Script(Fault("klines", "repeat", first=2, times=99))
    with served(markets(900), script) as server, pytest.raises(DataError, match="stands still"):
        history(server.url, *SPOT, page_rows=300)
    assert server.n_asked("klines") < 12


def test_a_delisted_market_just_ends():
    facade = markets(900)
    facade.spot.list(ListedInstrument("BTC", status="BREAK"))
    facade.spot.now_ms += 1_000 * STEP
    with served(facade) as server:
        pages = history(server.url, *SPOT)
    assert together(pages).equals(bars(900, seed=0))


def test_a_symbol_that_is_not_listed_names_its_neighbours():
    refused = pytest.raises(NotOfferedError, match=r"binance lists no 'BTC/USD'")
    with served(markets(10, coins=("BTC", "ETH"))) as server, refused as caught:
        history(server.url, "binance", "ohlcv", "BTC/USD")
    assert "BTC/USDT" in caught.value.hint


def test_what_a_venue_does_not_offer_is_said_before_it_is_asked_for():
    with served(markets(10)) as server:
        with pytest.raises(NotOfferedError, match="no bars of '7m'"):
            history(server.url, "binance", "ohlcv", "BTC/USDT", "7m")
        with pytest.raises(NotOfferedError, match="linear and inverse contracts only"):
            history(server.url, "binance", "open_interest", "BTC/USDT")
    assert server.n_asked("klines") == 0


def test_a_name_that_ccxt_does_not_know_names_its_neighbours():
    with pytest.raises(ConfigError, match="no venue 'binanse'") as caught:
        history("http://127.0.0.1:1", "binanse", "ohlcv", "BTC/USDT")
    assert "binance" in caught.value.hint


def test_nobody_at_the_address_is_told():
    with pytest.raises(VenueUnavailableError, match="load_markets"):
        history("http://127.0.0.1:1", *SPOT)


CODES = (-1121, -1003, -1021, -2019, -2022, -4131, -4116, -4164, -5022, -1008)


def test_an_error_means_the_same_on_loopback_as_at_the_venue():
    """ccxt chooses its table of errors by address; a test address must not change a class."""
    import json

    import ccxt
    import ccxt.async_support

    def judged(exchange, code, url):
        body = {"code": code, "msg": "no"}
        try:
            exchange.handle_errors(400, "Bad", url, "GET", {}, json.dumps(body), body, {}, None)
        except ccxt.BaseError as error:
            return type(error).__name__
        return "nothing"

    async def both(url):
        real = ccxt.async_support.binanceusdm()
        there = "https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT"
        right = {code: judged(real, code, there) for code in CODES}
        await real.close()
        async with connected("binanceusdm", url=url, patience=QUICK) as client:
            here = f"{url}/fapi/v1/order?symbol=BTCUSDT"
            return {code: judged(client.exchange, code, here) for code in CODES}, right

    with served(markets(10)) as server:
        told, right = asyncio.run(both(server.url))
    assert told == right
    assert right[-5022] == "OrderNotFillable"
