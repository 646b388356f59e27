"""Symbols of several venues are told to be the same coin."""

from __future__ import annotations

from pathlib import Path

import pytest

from quorate.lake.spec import base_asset, match

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
