"""``quorate data pull venue``: what it says, in words, in JSON and by its exit code."""

from __future__ import annotations

import json

import polars as pl
import pytest
from tests.unit.venues.building import bars, markets

from quorate.cli import run
from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import served

SPAN = ["--start", "2023-11-14", "--interval", "5m"]


@pytest.fixture
def pulled(tmp_path):
    """Return a function that runs the command against a facade."""

    def command(facade, *words, script=None, venue="binance"):
        with served(facade, script) as server:
            asked = ["data", "pull", "venue", venue, *words]
            return run([*asked, "--lake", str(tmp_path), "--url", server.url])

    return command


def test_it_tells_what_is_new_and_what_was_changed(pulled, capsys):
    facade = markets(500, coins=("BTC", "ETH"))
    assert pulled(facade, "--symbols", "BTC/USDT", "ETH/USDT", *SPAN) == 0
    said = capsys.readouterr().out
    assert "binance_spot/BTCUSDT" in said
    assert said.count("499") == 2
    facade.spot.put(
        "ohlcv", "ETHUSDT", "5m", bars(500, seed=1)[495].with_columns(close=pl.lit(1.25))
    )
    assert pulled(facade, "--symbols", "BTC/USDT", "ETH/USDT", *SPAN) == 0
    said = capsys.readouterr().out
    assert "Changed by the venue" in said
    assert "1.25" in said


def test_it_tells_what_the_venue_does_not_have(pulled, capsys):
    facade = markets(500)
    assert pulled(facade, "--symbols", "BTC/USDT", "--start", "2023-11-01") == 0
    said = capsys.readouterr().out
    assert "The venue has nothing of" in said
    assert ["BTC/USDT", "2023-11-01", "00:00", "2023-11-14", "00:00"] in [
        line.split() for line in said.splitlines()
    ]
    assert pulled(facade, "--symbols", "BTC/USDT", "--start", "2023-10-31", "--json") == 0
    (symbol,) = json.loads(capsys.readouterr().out)["symbols"]
    assert symbol["empty"] == [["2023-10-31T00:00:00+00:00", "2023-11-01T00:00:00+00:00"]]


def test_json_for_machines(pulled, capsys):
    facade = markets(100)
    words = ["--symbols", "BTC/USDT:USDT", "--kind", "mark", *SPAN, "--json"]
    assert pulled(facade, *words, venue="binanceusdm") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_new"], told["n_changed"]) == (99, 0)
    (symbol,) = told["symbols"]
    assert (symbol["vendor"], symbol["kind"], symbol["name"]) == ("binance_usdm", "mark", "BTCUSDT")
    assert symbol["first"].startswith("2023-11-14T00:00:00")


def test_a_symbol_that_fails_fails_the_command_after_the_others_are_told(pulled, capsys):
    facade = markets(100, coins=("BTC", "ETH"))
    script = Script(Fault("klines", "skip", times=99, size=100_000))
    assert pulled(facade, "--symbols", "BTC/USDT", "ETH/USDT", *SPAN, script=script) == 3
    told = capsys.readouterr()
    assert "2 of 2 symbols were not pulled whole: BTC/USDT, ETH/USDT" in told.err
    assert "run the same command again" in told.err


def test_instruments(pulled, capsys):
    facade = markets(10, coins=("BTC", "ETH"))
    assert pulled(facade, "--kind", "instruments", venue="binanceusdm") == 0
    assert "BTC/USDT" in capsys.readouterr().out
    assert pulled(facade, "--kind", "instruments", "--json") == 0  # of spot and perpetuals
    told = json.loads(capsys.readouterr().out)
    assert [(row["vendor"], row["name"], row["is_new"]) for row in told] == [
        ("binance_spot", "BTCUSDT", True),
        ("binance_usdm", "BTCUSDT", False),
        ("binance_spot", "ETHUSDT", True),
        ("binance_usdm", "ETHUSDT", False),
    ]
    del facade.futures.instruments["ETHUSDT"]
    facade.futures.now_ms += 1_000
    facade.spot.now_ms += 1_000
    assert pulled(facade, "--kind", "instruments", venue="binanceusdm") == 0
    assert "listed no more" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["binance", "--symbols", "BTC/USDT"], 2, "needs symbols and a start"),
        (["binance", "--start", "2023-01-01"], 2, "needs symbols and a start"),
        (["binanze", "--symbols", "BTC/USDT", *SPAN], 2, "ccxt knows no venue 'binanze'"),
        (["binance", "--symbols", "BTC/USDT", "--start", "soon"], 3, "'soon' is not a time"),
        (
            ["binance", "--symbols", "BTC/USDT", "--start", "2023-02-01", "--end", "2023-01-01"],
            3,
            "is empty",
        ),
        (["binance", "--symbols", "BTC/USDT", *SPAN, "--at-once", "0"], 2, "n_at_once 0"),
    ],
)
def test_a_wrong_command_says_what_to_do(words, code, said, capsys):
    assert run(["data", "pull", "venue", *words]) == code
    assert said in capsys.readouterr().err


def test_ccxt_is_not_loaded_for_the_help():
    import subprocess
    import sys

    program = (
        "import sys\nfrom quorate.cli import run\n"
        "run(['data', 'pull', 'venue', '--help'])\n"
        "assert not {'ccxt', 'aiohttp', 'polars'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=60)
