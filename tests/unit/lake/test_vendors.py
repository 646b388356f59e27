"""Every coin of several vendors has one name, and answers to each of its own."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tests.unit.lake.builders import bars, store

from quorate.errors import DataError
from quorate.lake import layout, multiples, renames, vendors
from quorate.lake.assets import Listed
from quorate.lake.shelf import Reading, Shelf
from quorate.lake.vendors import Vendor

N = 300
PLACE = Reading(Shelf())


@pytest.fixture
def having(tmp_path):
    """One has OLD and NEW in turn and BTC; another BTC, spelt otherwise, and thousands of PEPE."""
    good = bars(N)
    old = multiples.scaled(good, Fraction(1, 100))
    folders = (
        store(tmp_path / "one", OLDUSDT=old[:150], NEWUSDT=good[150:], BTCUSDT=good),
        store(tmp_path / "two", BTC=good, **{"1000PEPEUSDT": good}),
        store(tmp_path / "three", LATEUSDT=good, PEPE=multiples.scaled(good, Fraction(1, 1000))),
    )
    listed = {
        "OLDUSDT": Listed("OLDUSDT", "coin", Fraction(1, 100)),
        "NEWUSDT": Listed("NEWUSDT", "coin"),
    }
    found = [layout.files(each) for each in folders]
    linked = renames.of_venues(found, listed, PLACE)
    return [Vendor(*each) for each in zip(found, linked, strict=True)]


def test_a_coin_has_the_name_of_the_first_vendor_that_has_it(having):
    coins = vendors.everyone(having, PLACE)
    assert {name: first.v for name, first in coins.items()} == {
        "BTCUSDT": 0,
        "OLDUSDT": 0,
        "1000PEPEUSDT": 1,
        "LATEUSDT": 2,
    }


def test_its_files_are_those_of_every_name(having):
    coins = vendors.everyone(having, PLACE)
    one, _, three = vendors.by_vendor("OLDUSDT", coins["OLDUSDT"], having, PLACE)
    assert [leg.part.symbol for leg in one.legs] == ["OLDUSDT", "NEWUSDT"]
    assert three.paths == ()
    none, nor, own = vendors.by_vendor("LATEUSDT", coins["LATEUSDT"], having, PLACE)
    assert (none.paths, nor.paths, len(own.paths)) == ((), (), 1)


def test_each_name_finds_it_once_and_an_unknown_one_is_named(having):
    coins = vendors.everyone(having, PLACE)
    asked = ["NEW", "OLDUSDT", "BTC", "LATE", "NEWUSDT"]
    assert vendors.chosen(asked, coins, having) == ("OLDUSDT", "BTCUSDT", "LATEUSDT")
    with pytest.raises(DataError, match="no vendor has NOPE"):
        vendors.chosen(["NOPE"], coins, having)
