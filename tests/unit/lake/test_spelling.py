"""How the lake spells a venue's markets."""

from __future__ import annotations

import pytest

from quorate.lake.layout import Key, folder
from quorate.lake.spelling import denomination, name_of, vendor


def market(base, quote="USDT", settled=""):
    return {"base": base, "quote": quote, "symbol": f"{base}/{quote}{settled}"}


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("1INCH", "1INCHUSDT"),
        ("\u5e01\u5b89", "U5E01.U5B89.USDT"),
        ("$A", "U0024.AUSDT"),
        ("a b/c", "aU0020.bU002F.cUSDT"),
        (".X", "U002E.XUSDT"),
        ("..", "U002E..USDT"),
    ],
)
def test_every_symbol_has_a_name_that_can_be_a_folder(tmp_path, base, name):
    found = name_of(market(base))
    assert found == name
    assert (folder(tmp_path, Key("v", "k", found)) / "x").parent.name == f"interval={found}"


def test_names_that_differ_stay_apart():
    bases = ["A", "$A", "\u0391", "U0024.A", " A", "A "]
    assert len({name_of(market(base)) for base in bases}) == len(bases) - 1  # $A, spelt out by hand


def test_the_kind_of_a_market_is_in_its_vendor():
    kinds = [
        {"type": "spot"},
        {"type": "swap", "linear": True},
        {"type": "swap", "inverse": True},
    ]
    assert [vendor("binance", each) for each in kinds] == [
        "binance_spot",
        "binance_usdm",
        "binance_coinm",
    ]
    assert [vendor("gate", each) for each in kinds] == ["gate_spot", "gate_perp", "gate_inverse"]


@pytest.mark.parametrize(
    ("base", "asset", "n"),
    [
        ("1000PEPE", "PEPE", 1_000),
        ("10000LADYS", "LADYS", 10_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("SHIB1000", "SHIB", 1_000),
        ("kPEPE", "PEPE", 1_000),
        ("LUNA2", "LUNA", 1),
        ("1INCH", "1INCH", 1),
        ("100X", "100X", 1),
        ("C98", "C98", 1),
        ("1000", "1000", 1),
        ("KAVA", "KAVA", 1),
        ("1MT", "1MT", 1),
        ("BTC", "BTC", 1),
    ],
)
def test_a_name_says_how_many_of_an_asset_are_one(base, asset, n):
    assert denomination(base) == (asset, n)
