"""One asset at a multiple on two venues: named so, borne out by prices, in one unit everywhere."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, settlements, store

import quorate
from quorate.cli import run
from quorate.errors import DataError
from quorate.lake import PanelSpec, Source, certificate, keep, layout, load, multiples
from quorate.lake.multiples import Claim, find
from quorate.lake.reading import named
from quorate.lake.sectors import sectors
from quorate.lake.shelf import Reading, Shelf

N = 600
KNOWN = multiples.LEAST_BARS - 1
"""The row with which prices have borne a multiple out."""
PRICES = ("open", "high", "low", "close")


def one(n=N, basis_bps=0.0):
    """Return bars of a coin worth a hundredth, with the digits that its venue gives."""
    odd = pl.Series("volume", np.arange(n) % 7 + 10.3)
    rows = bars(n).with_columns(volume=odd, taker_buy_volume=odd / 2)
    worth = (pl.col(each) * (1e-4 * (1.0 + basis_bps / 1e4)) for each in PRICES)
    return rows.with_columns(each.round(8) for each in worth)


def thousand(rows):
    return multiples.scaled(rows, Fraction(1000))


@pytest.fixture
def folders(tmp_path):
    """Return perpetuals of thousands, and spot of single coins; one name is another coin's."""
    perp = store(
        tmp_path / "perp",
        **{"1000PEPEUSDT": thousand(one(basis_bps=5.0)), "1000XUSDT": bars(N), "BTCUSDT": bars(N)},
    )
    spot = store(tmp_path / "spot", PEPEUSDT=one(), XUSDT=bars(N, price=40.0), BTCUSDT=bars(N))
    return perp, spot


def test_rows_are_counted_in_another_unit_to_the_digit():
    rows = one().with_columns(quote_volume=pl.lit(7.0), trades=pl.lit(3))
    more = thousand(rows)
    back = multiples.scaled(more, Fraction(1, 1000))
    for name in PRICES:
        np.testing.assert_array_equal(more[name], 1000.0 * rows[name].to_numpy())
        np.testing.assert_allclose(back[name], rows[name], rtol=3e-16)  # two roundings
    np.testing.assert_array_equal(more["volume"], rows["volume"].to_numpy() / 1000.0)
    np.testing.assert_array_equal(more["taker_buy_volume"], rows["taker_buy_volume"] / 1000.0)
    assert more.select("ts", "quote_volume", "trades").equals(
        rows.select("ts", "quote_volume", "trades")
    )


@pytest.mark.parametrize(
    ("symbol", "other", "up"),
    [
        ("1000PEPEUSDT", "PEPEUSDT", 1000),
        ("SHIB1000USDT", "1000SHIBUSDT", 1),
        ("kPEPE", "PEPE-USDT", 1000),
        ("1MBABYDOGEUSDT", "1000BABYDOGEUSDT", 1000),
        ("LUNA2USDT", "LUNAUSDT", 1),
    ],
)
def test_files_at_a_multiple_are_found(tmp_path, symbol, other, up):
    own = store(tmp_path / "own", **{symbol: multiples.scaled(one(), Fraction(up))})
    files = layout.files(store(tmp_path / "other", **{other: one(), "BTCUSDT": bars(N)}))
    paths = layout.files(own)[symbol]
    found = find(symbol, paths, files, Reading(Shelf()), symbol)
    assert found.paths == files[other]
    assert found.times == up
    assert found.claim is not None
    assert found.claim.holds
    assert found.claim.n_bars == N
    assert found.claim.ratio == pytest.approx(up, rel=1e-9)


def test_a_name_of_its_own_is_asked_for_nothing(tmp_path):
    files = layout.files(store(tmp_path, **{"1000PEPEUSDT": bars(), "PEPEUSDT": one()}))
    found = find("PEPEUSDT", (), files, Reading(Shelf()), "")
    assert found == (files["PEPEUSDT"], None, ())


def test_bars_of_two_lengths_agree_where_they_open(tmp_path):
    own = layout.files(store(tmp_path / "own", **{"1000PEPEUSDT": thousand(one())}))
    hourly = thousand(one())[::12].select("ts", *(pl.col(each) / 1000 for each in PRICES), "volume")
    files = layout.files(store(tmp_path / "other", PEPEUSDT=hourly))
    found = find("1000PEPEUSDT", own["1000PEPEUSDT"], files, Reading(Shelf()), "")
    since = START_MS + 19 * 3_600_000
    assert found.claim == Claim(
        "1000PEPEUSDT", "PEPEUSDT", 1000, 1, pytest.approx(1000.0), N // 12, since
    )


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (bars(N, price=40.0), "not by their prices, whose median ratio is"),
        (one().with_columns(pl.col("ts") + pl.duration(days=30)), "only 0 common bars"),
        (one()[:19], "only 19 common bars"),
    ],
)
def test_a_claim_that_prices_do_not_bear_out_is_told_and_kept_apart(tmp_path, other, said):
    own = layout.files(store(tmp_path / "own", **{"1000PEPEUSDT": thousand(one())}))
    files = layout.files(store(tmp_path / "other", PEPEUSDT=other))
    found = find("1000PEPEUSDT", own["1000PEPEUSDT"], files, Reading(Shelf()), "")
    assert found.paths == ()
    assert found.times == 1
    assert found.claim is not None
    assert not found.claim.holds
    assert said in found.claim.told()
    assert found.claim.told().endswith("they are kept apart.")


def test_a_tenth_off_is_no_longer_the_claim():
    for off, row in ((1.1, 19), (1.11, None), (1 / 1.11, None)):
        assert multiples.borne_out(np.full(99, 1000 * off), Fraction(1000)) == row


@pytest.mark.parametrize("how", ["load", "keep"])
def test_the_basis_of_a_perpetual_meets_spot_at_the_multiple(folders, tmp_path, how):
    sources = (
        Source(folders[0], "binance_usdm", "perp"),
        Source(folders[1], "binance_spot", "spot"),
    )
    spec = PanelSpec(sources, assume_funding=0.0)
    panel = load(spec) if how == "load" else keep(spec, tmp_path / "kept")
    assert panel.symbols == ("1000PEPEUSDT", "1000XUSDT", "BTCUSDT")
    np.testing.assert_allclose(panel.bars.basis_bps[KNOWN:][:, 0], 5.0, atol=0.1)
    assert np.isnan(panel.bars.basis_bps[:KNOWN][:, 0]).all()  # who could have said so?
    assert np.isnan(panel.bars.basis_bps[:][:, 1]).all()  # XUSDT is another coin
    given = one()[KNOWN : N - 1]
    np.testing.assert_array_equal(
        panel.market.close[KNOWN:][:, 1, 0], 1000.0 * given["close"].to_numpy()
    )
    np.testing.assert_array_equal(panel.market.volume[KNOWN:][:, 1, 0], given["volume"] / 1000.0)
    (_, held), (_, contradicted) = panel.certificate.multiples
    assert (held.holds, contradicted.holds) == (True, False)
    assert f"On binance_spot: {held.told()}" in panel.notes
    assert f"On binance_spot: {contradicted.told()}" in panel.notes
    certificate.write(panel.certificate, tmp_path / "c")
    assert certificate.read(tmp_path / "c").multiples == panel.certificate.multiples


def test_an_older_certificate_does_not_say_since_when():
    held = Claim("1000AUSDT", "AUSDT", 1000, 1, 1000.0, 99, 7)
    told = held.as_dict()
    assert Claim.of_dict(told) == held
    del told["since_ms"]
    assert Claim.of_dict(told).holds
    assert not Claim.of_dict(told | {"holds": False}).holds


def test_a_second_venue_is_of_the_kind_that_it_lists(folders):
    perp = {"venue": "binance_usdm", "kind": "perp", "assume_funding": 0.0}
    panel = quorate.load(folders[0], second=(folders[1], "binance_spot", None), **perp)
    assert panel.venues.is_perp[:, 0].tolist() == [1, 0]
    np.testing.assert_allclose(panel.bars.basis_bps[KNOWN:, 0], 5.0, atol=0.1)
    panel = quorate.load(folders[0], second=(folders[1], "a_venue_of_mine", None), **perp)
    assert panel.venues.is_perp[:, 0].tolist() == [1, 1]


def test_funding_and_marks_of_a_second_venue_are_found_at_the_multiple(folders, tmp_path):
    rates = settlements([START_MS + k * 28_800_000 for k in range(7)], [3e-4] * 7)
    marks = thousand(one(basis_bps=20.0)).select("ts", *PRICES)
    sources = (
        Source(folders[1], "binance_spot", "spot"),
        Source(
            folders[0],
            "binance_usdm",
            "perp",
            funding=store(tmp_path / "funding", **{"1000PEPEUSDT": rates, "BTCUSDT": rates}),
            mark=store(tmp_path / "mark", **{"1000PEPEUSDT": marks}),
        ),
    )
    panel = load(PanelSpec(sources, symbols=("BTCUSDT", "PEPEUSDT")))
    paid = panel.market.funding[:, 1]
    np.testing.assert_array_equal(paid[KNOWN:, 1], paid[KNOWN:, 0])
    assert (paid[KNOWN:, 1] > 0.0).any()
    assert not paid[:KNOWN, 1].any()
    ratio = panel.market.mark[KNOWN:, 1, 1] / panel.market.close[KNOWN:, 1, 1] - 1.0
    np.testing.assert_allclose(1e4 * ratio, 15.0, atol=0.2)
    np.testing.assert_allclose(
        panel.market.mark[KNOWN:, 1, 1] / panel.bars.close[KNOWN:, 1], 1.002, atol=1e-5
    )


def test_check_compares_at_the_multiple_and_says_so(folders, tmp_path, capsys):
    found = quorate.check_data(folders[0], other=folders[1])
    pairs = found.pairs.select("symbol", "other", "n_bars", "agree_frac").rows()
    assert pairs == [
        ("1000PEPEUSDT", "PEPEUSDT", N - 1, 1.0),
        ("BTCUSDT", "BTCUSDT", N - 1, 1.0),
    ]
    assert found.pairs["median_bps"][0] == pytest.approx(5.0, abs=0.1)
    assert [claim.holds for claim in found.multiples] == [True, False]
    assert [each["holds"] for each in found.as_dict()["multiples"]] == [True, False]
    page = found.page(tmp_path / "data.html").read_text()
    assert "PEPEUSDT is the asset of 1000PEPEUSDT at 1000 : 1" in page
    assert run(["data", "check", str(folders[0]), "--other", str(folders[1])]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "its prices are multiplied by 1000 and its volumes divided by it" in said
    assert "1000XUSDT and XUSDT are one asset at 1000 : 1 by their names, but not" in said


def test_vendors_are_reconciled_at_the_multiple(tmp_path, capsys):
    short = one()[:500]
    first = store(tmp_path / "first", **{"1000PEPEUSDT": thousand(short), "1000XUSDT": bars(N)})
    second = store(tmp_path / "second", PEPEUSDT=one(), XUSDT=bars(N, price=40.0))
    where = tmp_path / "merged"
    found = quorate.reconcile_data([first, second], kind="perp", to=where, quorum=1)
    assert found.coins.rows() == [
        ("1000PEPEUSDT", "first", 499, 499, 0, 0),
        ("1000PEPEUSDT", "second", N - 1, N - 500, N - 500, 0),
        ("1000XUSDT", "first", N - 1, N - 1, N - 1, 0),
        ("XUSDT", "second", N - 1, N - 1, N - 1, 0),  # contradicted: a coin of its own
    ]
    assert found.disputed.is_empty()
    merged = pl.read_parquet(tmp_path / "merged" / "1000PEPEUSDT.parquet")
    given = one()[: N - 1]
    np.testing.assert_array_equal(merged["close"], 1000.0 * given["close"].to_numpy())
    np.testing.assert_array_equal(merged["volume"], given["volume"] / 1000.0)
    assert [(who, claim.holds) for who, claim in found.multiples] == [
        ("second", True),
        ("second", False),
    ]
    words = ["data", "reconcile", str(first), str(second), "--kind", "perp", "--json"]
    assert run([*words, "--quorum", "1"]) == 0
    told = json.loads(capsys.readouterr().out)["multiples"]
    assert [(each["vendor"], each["mine"], each["holds"]) for each in told] == [
        ("second", 1000, True),
        ("second", 1000, False),
    ]


def test_a_multiple_is_of_the_sector_of_its_asset():
    codes = sectors(["PEPEUSDT", "1000PEPEUSDT", "SHIB1000USDT", "1000NOSUCHUSDT"])
    assert codes.tolist() == [codes[0]] * 3 + [-1]


@pytest.mark.parametrize(
    ("asked", "stored", "meant"),
    [
        ("PEPE", "1000PEPEUSDT", "1000PEPEUSDT"),
        ("PEPEUSDT", "1000PEPEUSDT", "1000PEPEUSDT"),
        ("SHIB", "SHIB1000USDT", "SHIB1000USDT"),
        ("BONK", "kBONK", "kBONK"),
        ("1000PEPE", "PEPEUSDT", "PEPEUSDT"),  # and back
        ("BABYDOGE", "1MBABYDOGEUSDT", "1MBABYDOGEUSDT"),
    ],
)
def test_a_coin_that_is_asked_for_is_found_under_a_multiple(asked, stored, meant):
    assert named([asked, "BTC"], {"BTCUSDT": (), stored: ()}) == (meant, "BTCUSDT")


def test_of_a_coin_and_its_thousand_the_coin_is_meant():
    files = {"PEPEUSDT": (), "1000PEPEUSDT": ()}
    assert named(["PEPE", "1000PEPE"], files) == ("PEPEUSDT", "1000PEPEUSDT")


def test_of_two_multiples_the_error_names_both():
    with pytest.raises(DataError, match="PEPE may mean 1000PEPEUSDC, 1000PEPEUSDT") as refusal:
        named(["PEPE"], {"1000PEPEUSDT": (), "1000PEPEUSDC": ()})
    assert "in full" in refusal.value.hint
    assert named(["PEPEUSDC"], {"1000PEPEUSDT": (), "1000PEPEUSDC": ()}) == ("1000PEPEUSDC",)


def test_each_command_finds_the_multiple(folders, tmp_path):
    perp, _ = folders
    assert quorate.check_data(perp, symbols=["PEPE"]).coins["symbol"].to_list() == ["1000PEPEUSDT"]
    panel = quorate.load(perp, venue="binance_spot", kind="spot", symbols=["PEPE"])
    assert panel.symbols == ("1000PEPEUSDT",)
    other = store(tmp_path / "other", kPEPE=pl.read_parquet(perp / "1000PEPEUSDT.parquet"))
    merged = quorate.reconcile_data([perp, other], kind="perp", symbols=["PEPE"])
    assert set(merged.coins["symbol"]) == {"1000PEPEUSDT"}
    with pytest.raises(DataError, match="no bars of DOGE"):
        quorate.check_data(perp, symbols=["DOGE"])
