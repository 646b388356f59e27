"""Symbols of several venues are told to be the same coin."""

from __future__ import annotations

from pathlib import Path

import pytest

from quorate.errors import ConfigError, DataError
from quorate.lake import PanelSpec, Source
from quorate.lake.instruments import is_known, known_venues
from quorate.lake.spec import KINDS, base_asset, check, match

PAIRS = [
    ("BTCUSDT", "BTC"),
    ("BTCBUSD", "BTC"),
    ("BTC-USD", "BTC"),
    ("BTC/USDT:USDT", "BTC"),
    ("BTC", "BTC"),
    ("USDT", "USDT"),
]


@pytest.mark.parametrize(("symbol", "base"), PAIRS)
def test_base_asset(symbol, base):
    assert base_asset(symbol) == base


def test_the_own_spelling_comes_first():
    files = {"BTC": (Path("a"),), "BTCUSDT": (Path("b"),)}
    assert match("BTCUSDT", files) == (Path("b"),)
    assert match("BTCUSD", files) == (Path("a"),)
    assert match("ETHUSDT", files) == ()


def test_several_pairs_of_a_coin_are_not_guessed_at():
    files = {"BTCUSD": (Path("a"),), "BTCUSDC": (Path("b"),), "ETHUSD.2": (Path("c"),)}
    with pytest.raises(DataError, match="BTCUSDT may be BTCUSD, BTCUSDC of the other venue"):
        match("BTCUSDT", files)
    assert match("ETHUSDT", files) == ()  # the second coin of a name is another coin


def test_every_venue_with_numbers_has_a_kind():
    assert set(KINDS) == set(known_venues())


@pytest.mark.parametrize(("venue", "kind"), KINDS.items())
def test_a_known_venue_is_of_one_kind(venue, kind):
    other = "perp" if kind == "spot" else "spot"
    assert is_known(venue)
    check(PanelSpec((Source(Path("bars"), venue, kind),)))
    with pytest.raises(ConfigError, match=f"{venue} is a {kind} venue"):
        check(PanelSpec((Source(Path("bars"), venue, other),)))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("binance_spott", "binance_spot"), ("binnance", "binance_spot"), ("okx_swp", "okx_swap")],
)
def test_a_slip_of_a_venue_is_refused_with_the_one_that_was_meant(typed, meant):
    with pytest.raises(ConfigError, match=f"nearly {meant!r}"):
        check(PanelSpec((Source(Path("bars"), typed, "spot"),)))


@pytest.mark.parametrize("own", ["my_venue", "coinhouse", "lab"])
def test_a_venue_of_your_own_is_no_slip(own):
    check(PanelSpec((Source(Path("bars"), own, "spot"),)))
