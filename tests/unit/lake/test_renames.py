"""One asset under two symbols, one after the other: one coin by a table, nothing by a guess."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, settlements, store

import quorate
from quorate.cli import run
from quorate.core.types import Bar
from quorate.errors import DataError
from quorate.lake import NEVER, PanelSpec, Source, certificate, keep, load, room
from quorate.lake.assets import Listed
from quorate.lake.renames import Base, Span, link, span
from quorate.lake.successors import likely

BAR_MS = 300_000
DAY = 288
N = 4 * DAY
HUNDREDTH = Fraction(1, 100)
PRICES = ("open", "high", "low", "close")


def table(where, *rows, head="symbol,asset,units"):
    path = where / "assets.csv"
    path.write_text("\n".join((head, *rows, "")))
    return path


def listed(*rows):
    return {row[0]: Listed(*row) for row in rows}


def halves(first=2 * DAY, gap=6, times=100):
    """Return a coin's bars until it changes its name, and from then on, worth so many times."""
    whole = bars(N)
    late = whole[first + gap :].with_columns(
        *(pl.col(each) * times for each in PRICES), volume=pl.col("volume") / times
    )
    return whole[:first], late


@pytest.fixture
def folder(tmp_path):
    lend, aave = halves()
    return store(tmp_path / "bars", LENDUSDT=lend, AAVEUSDT=aave, BTCUSDT=bars(N))


@pytest.fixture
def named(tmp_path):
    return table(tmp_path, "LENDUSDT,aave,0.01", "AAVEUSDT,aave,1")


def spot(folder, **given):
    return PanelSpec((Source(folder, "binance_spot", "spot"),), **given)


@pytest.mark.parametrize("how", ["load", "keep"])
def test_a_renamed_coin_goes_on_in_the_first_unit_and_has_no_end(folder, named, tmp_path, how):
    spec = spot(folder, assets=named)
    panel = load(spec) if how == "load" else keep(spec, tmp_path / "kept")
    assert panel.symbols == ("BTCUSDT", "LENDUSDT")
    assert (panel.delisted_k[:] == NEVER).all()
    close, status = panel.bars.close[:][:, 1], panel.bars.status[:][:, 1]
    given = bars(N)["close"].to_numpy()
    hole = slice(2 * DAY, 2 * DAY + 6)
    assert (status[hole] == Bar.IMPUTED).all()
    assert (np.delete(status, np.r_[hole]) == Bar.TRADED).all()
    np.testing.assert_array_equal(close[: 2 * DAY], given[: 2 * DAY])
    late = slice(2 * DAY + 6, N - 1)
    np.testing.assert_array_equal(close[late], given[late] * 100 / 100)
    np.testing.assert_allclose(panel.bars.volume[:][late, 1], 10.0, rtol=1e-15)
    assert not any("delisted" in note for note in panel.notes)
    (said,) = panel.certificate.renames
    assert said[0] == "binance_spot"
    assert said[1].startswith("LENDUSDT goes on as AAVEUSDT from 2023-02-03 00:30:00Z (prices x 1/")
    assert said[1].endswith("one asset, aave, and no end.")
    assert f"On binance_spot: {said[1]}" in panel.notes
    certificate.write(panel.certificate, tmp_path / "c")
    assert certificate.read(tmp_path / "c").renames == panel.certificate.renames


def test_without_a_table_nothing_is_guessed(folder):
    panel = load(spot(folder))
    assert panel.symbols == ("AAVEUSDT", "BTCUSDT", "LENDUSDT")
    assert panel.delisted_k[2] != NEVER
    assert panel.certificate.renames == ()


def test_a_coin_is_asked_for_by_any_of_its_names(folder, named):
    for name in ("AAVEUSDT", "LENDUSDT"):
        assert load(spot(folder, assets=named, symbols=(name,))).symbols == ("LENDUSDT",)
    both = ("AAVEUSDT", "LENDUSDT", "BTCUSDT")
    assert load(spot(folder, assets=named, symbols=both)).symbols == ("LENDUSDT", "BTCUSDT")
    found = quorate.load(folder, venue="binance_spot", kind="spot", symbols=["AAVE"], assets=named)
    assert found.symbols == ("LENDUSDT",)


def test_what_was_known_before_the_rename_is_a_prefix(folder, named):
    whole, part = (
        load(spot(folder, assets=named)),
        load(spot(folder, assets=named, end="2023-02-02")),
    )
    assert part.symbols == whole.symbols
    for full, cut in zip(whole.bars, part.bars, strict=True):
        np.testing.assert_array_equal(full[:DAY], cut)


def test_the_table_counts_in_the_digest(folder, named):
    one = load(spot(folder, assets=named)).source.digest
    named.write_text(named.read_text().replace("aave,1", "aave,1.0"))
    assert load(spot(folder, assets=named)).source.digest == one
    named.write_text(named.read_text().replace("aave,1.0", "aave,2"))
    assert load(spot(folder, assets=named)).source.digest != one
    assert load(spot(folder)).source.digest != one


def test_a_rename_that_was_made_known_later_is_none_for_those_who_traded_then(folder, tmp_path):
    late = table(
        tmp_path,
        "LENDUSDT,aave,0.01,2017-01-01",
        "AAVEUSDT,aave,1,2023-02-03T01:00Z",
        head="symbol,asset,units,known_at",
    )
    panel = load(spot(folder, assets=late))
    assert panel.symbols == ("AAVEUSDT", "BTCUSDT", "LENDUSDT")
    ((_, said),) = panel.certificate.renames
    assert said == (
        "AAVEUSDT is aave, as LENDUSDT is, but that became known only at 2023-02-03 01:00:00Z, "
        "after its first bar: it is kept apart."
    )


def test_funding_and_marks_go_on_with_the_coin(folder, named, tmp_path):
    when = [START_MS + k * 8 * 3_600_000 for k in range(12)]
    rates = np.arange(1.0, 13.0) * 1e-4
    lend, aave = (rows.select("ts", *PRICES) for rows in halves())
    mark = store(
        tmp_path / "mark",
        LENDUSDT=lend.with_columns(pl.col(PRICES) * 1.001),
        AAVEUSDT=aave.with_columns(pl.col(PRICES) * 1.001),
    )
    # the old name is settled on for a day, the new one has rates from before it traded
    funding = store(
        tmp_path / "funding",
        LENDUSDT=settlements(when[:9], rates[:9]),
        AAVEUSDT=settlements(when[4:], -rates[4:]),
    )
    source = Source(folder, "binance_usdm", "perp", funding=funding, mark=mark)
    panel = load(PanelSpec((source,), symbols=("LENDUSDT",), assets=named))
    paid = panel.market.funding[:, 0, 0]
    wanted = np.where(np.array(when) < START_MS + (2 * DAY + 6) * BAR_MS, rates, -rates)
    np.testing.assert_array_equal(paid[paid != 0.0], wanted[1:])
    assert panel.funding == ("known",)
    ratio = panel.market.mark[:, 0, 0] / panel.bars.close[:, 0]
    np.testing.assert_allclose(np.delete(ratio[:-1], np.r_[2 * DAY : 2 * DAY + 6]), 1.001)


def test_another_venue_that_has_the_new_name_alone_is_in_the_old_unit(folder, named, tmp_path):
    aave = halves()[1]
    other = Source(store(tmp_path / "other", AAVEUSDT=aave, BTCUSDT=bars(N)), "kraken_spot", "spot")
    panel = load(PanelSpec((Source(folder, "binance_spot", "spot"), other), assets=named))
    assert panel.symbols == ("BTCUSDT", "LENDUSDT")
    late = slice(2 * DAY + 6, N - 1)
    np.testing.assert_array_equal(panel.market.close[late, 1, 1], panel.market.close[late, 0, 1])


def test_the_later_symbol_counts_once_the_earlier_has_traded_for_the_last_time(tmp_path, named):
    lend, aave = halves(gap=-12)  # both trade for an hour
    frozen = bars(2 * DAY, start_ms=START_MS + 2 * DAY * BAR_MS).with_columns(volume=pl.lit(0.0))
    where = store(tmp_path / "bars", LENDUSDT=pl.concat([lend, frozen]), AAVEUSDT=aave)
    panel = load(spot(where, assets=named))
    assert panel.symbols == ("LENDUSDT",)
    assert (panel.bars.status[:, 0] == Bar.TRADED).all()
    np.testing.assert_allclose(panel.bars.close[:, 0], bars(N)["close"][: N - 1], rtol=1e-15)


def test_units_that_prices_contradict_are_refused(folder, tmp_path):
    wrong = table(tmp_path, "LENDUSDT,aave,1", "AAVEUSDT,aave,1")
    with pytest.raises(DataError, match=r"AAVEUSDT is said to go on with LENDUSDT, and its price"):
        load(spot(folder, assets=wrong))


def test_three_names_are_one_chain_and_another_venue_has_its_name():
    spans = {
        "A": Span(0, 10, 1.0, 1.0),
        "B": Span(20, 30, 10.0, 10.0),
        "C": Span(40, 50, 0.1, 0.1),
        "D": Span(5, 8, 1.0, 1.0),
    }
    given = listed(("A", "x"), ("B", "x", Fraction(10)), ("C", "x", Fraction(1, 10)), ("D", "x"))
    found = link(spans, given)
    (chain,) = found.chains.values()
    assert [(each.symbol, each.first_ms, each.times) for each in chain.parts[1:]] == [
        ("B", 20, Fraction(1, 10)),
        ("C", 40, 10),
    ]
    assert [each.end_ms for each in chain.parts[:2]] == [20, 40]
    assert chain.jumps == pytest.approx((1.0, 1.0))
    assert found.apart == ("D is x and ends before A does.",)
    there = link({"B": spans["B"]}, given, {"x": Base("A", Fraction(1))})
    assert there.chains["A"].parts[0].times == Fraction(1, 10)
    assert found.name_of("C") == "A"
    assert found.name_of("E") == "E"


def test_a_span_is_of_bars_that_traded():
    rows = bars(5).with_columns(volume=pl.Series([0.0, 1.0, 1.0, 0.0, 0.0]))
    at = START_MS + BAR_MS * np.arange(5)
    assert span(rows, "f") == Span(at[1], at[2], rows["open"][1], rows["close"][2])
    assert span(rows[:1], "f") is None


def test_likely_renames_are_named_and_nothing_more():
    day = 86_400_000
    old = Span(0, 10 * day, 1.0, 2.0)
    rest = {"BTCUSDT": Span(0, 99 * day, 1.0, 1.0)}
    (found,) = likely({**rest, "OLDUSDT": old, "NEWUSDT": Span(13 * day, 90 * day, 2010.0, 1.0)})
    assert (found.ended, found.begun, round(found.ratio)) == ("OLDUSDT", "NEWUSDT", 1005)
    assert "(OLDUSDT units 1, NEWUSDT units 1000)" in found.told()
    for other in (
        Span(18 * day, 90 * day, 2010.0, 1.0),  # too late
        Span(8 * day, 90 * day, 2010.0, 1.0),  # too early
        Span(13 * day, 90 * day, 5.0, 1.0),  # no power of ten
    ):
        assert likely({**rest, "OLDUSDT": old, "NEWUSDT": other}) == []
    assert likely({**rest, "OLDUSDT": old, "NEWUSD": Span(13 * day, 90 * day, 2.0, 1.0)}) == []
    living = Span(0, 98 * day, 1.0, 2.0)  # goes on to the end of the data
    assert likely({**rest, "OLDUSDT": living, "NEWUSDT": Span(98 * day, 99 * day, 2.0, 1.0)}) == []
    assert likely({}) == []


def test_check_suggests_and_links_nothing(folder, capsys):
    found = quorate.check_data(folder)
    assert found.coins["symbol"].to_list() == ["AAVEUSDT", "BTCUSDT", "LENDUSDT"]
    (suggested,) = found.successors
    assert (suggested.ended, suggested.begun) == ("LENDUSDT", "AAVEUSDT")
    assert found.as_dict()["successors"][0]["told"] == suggested.told()
    assert run(["data", "check", str(folder)]) == 0
    assert "AAVEUSDT begins 2023-02-03 00:30:00Z where" in capsys.readouterr().out


def test_a_check_of_a_span_suggests_what_changes_in_it(folder):
    """A change that lies before the span or behind it is not told of."""
    within = quorate.check_data(folder, start="2023-02-02", end="2023-02-04")
    assert [each.begun for each in within.successors] == ["AAVEUSDT"]
    assert quorate.check_data(folder, start="2023-02-04").successors == ()
    assert quorate.check_data(folder, end="2023-02-02").successors == ()


def test_the_files_of_every_name_count_before_they_are_read(folder, named, monkeypatch):
    """Memory that lacks a byte for the rows is refused with a table as without one."""
    monkeypatch.setattr(room, "free_bytes", lambda: 56 * (2 * N - 6) - 1)
    for given in ({}, {"assets": named}):
        with pytest.raises(DataError, match="rows of 3 files take"):
            load(spot(folder, **given))
