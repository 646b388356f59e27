"""A folder held against the rules: every injected flaw is found, counted and told by name."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import bars, put, store, without

import quorate
from quorate.cli import run
from quorate.errors import ConfigError, DataError, SchemaError


@pytest.fixture
def folder(tmp_path):
    good = bars(600)
    doubled = pl.concat([good[:100], good[99:]])
    return store(
        tmp_path / "set",
        GOOD=good,
        HOLES=without(without(good, 300, 11), 100, 12),
        WRONG=put(doubled, 50, high=1.0),
    )


def test_every_coin_has_its_line_and_every_flaw_its_rule(folder):
    found = quorate.check_data(folder)
    assert found.bar_minutes == 5
    lines = found.coins.select("symbol", "n_rows", "n_traded", "n_filled", "n_missing", "failed")
    assert lines.rows() == [
        ("GOOD", 600, 599, 0, 0, ""),
        ("HOLES", 577, 576, 22, 1, ""),
        ("WRONG", 601, 598, 1, 0, "ROW_IMPOSSIBLE"),
    ]
    counts = found.findings.group_by("symbol", "rule").agg(pl.col("n").sum()).sort("symbol", "rule")
    assert counts.rows() == [
        ("GOOD", "ROW_UNFINISHED", 1),
        ("HOLES", "GAP_BREAK", 12),
        ("HOLES", "GAP_FILLED", 11),
        ("HOLES", "ROW_UNFINISHED", 1),
        ("WRONG", "GAP_FILLED", 1),
        ("WRONG", "ROW_DOUBLED", 1),
        ("WRONG", "ROW_IMPOSSIBLE", 1),
        ("WRONG", "ROW_UNFINISHED", 1),
    ]
    days = found.days.group_by("symbol").agg(pl.exclude("day").sum()).sort("symbol")
    assert days.rows() == [("GOOD", 599, 0, 0), ("HOLES", 576, 22, 1), ("WRONG", 598, 1, 0)]


def test_a_failed_coin_is_named_with_its_rule(folder):
    found = quorate.check_data(folder)
    assert found.has_failed
    with pytest.raises(DataError, match=r"1 of 3 coins of .* fail: WRONG \(ROW_IMPOSSIBLE\)"):
        found.raise_if_failed()
    quorate.check_data(folder, symbols=["GOOD", "HOLES"]).raise_if_failed()


def test_a_second_vendor_is_compared_where_it_has_the_coin(folder, tmp_path):
    close = bars(600)["close"]
    off = pl.when(pl.int_range(600) == 300).then(close * 1.02).otherwise(close)
    second = bars(600).with_columns(off.alias("close"), (off + 0.2).alias("high"))
    other = store(tmp_path / "other", GOODUSD=second)
    found = quorate.check_data(store(tmp_path / "one", GOODUSDT=bars(600)), other=other)
    line = found.pairs.row(0, named=True)
    assert (line["symbol"], line["other"], line["n_bars"]) == ("GOODUSDT", "GOODUSD", 599)
    assert line["max_bps"] == pytest.approx(198.03, abs=0.01)
    assert (line["median_bps"], line["n_quarantined"]) == (0.0, 0)
    elsewhere = store(tmp_path / "elsewhere", REST=bars(600))
    assert quorate.check_data(folder, other=elsewhere).pairs.is_empty()


def spiky(n=600):
    """Return calm bars with one bad close that hardly traded, and the same without."""
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, n)))
    calm = bars(n).with_columns(
        open=pl.Series(close),
        close=pl.Series(close),
        high=pl.Series(close * 1.6),
        low=pl.Series(close * 0.9),
        volume=pl.Series(rng.uniform(5.0, 15.0, n)),
    )
    return put(calm, n - 50, close=close[n - 50] * 1.5, volume=1.0), calm


@pytest.mark.parametrize(
    ("other", "kind", "rule"),
    [
        ("AUSDT", "spot", "SPIKE_DISPUTED"),
        ("A", "perp", "SPIKE_DISPUTED"),
        ("AUSDT", None, "RETURN_SUSPECT"),
        ("AUSD", "spot", "RETURN_SUSPECT"),  # other money
    ],
)
def test_a_second_vendor_of_the_kind_disputes_as_in_a_run(tmp_path, other, kind, rule):
    bad, calm = spiky()
    one, two = store(tmp_path / "one", AUSDT=bad), store(tmp_path / "two", **{other: calm})
    found = quorate.check_data(one, other=two, kind=kind)
    assert set(found.findings["rule"]) - {"ROW_UNFINISHED", "GAP_FILLED"} == {rule}
    assert found.pairs.height == 1
    is_dropped = rule == "SPIKE_DISPUTED"
    assert found.coins["n_dropped"].to_list() == [int(is_dropped)]
    assert found.pairs["max_bps"][0] < 1.0 if is_dropped else found.pairs["max_bps"][0] > 4_000.0
    if kind is not None:  # as a run has it
        venue, second = {
            "spot": ("binance_spot", "kraken_spot"),
            "perp": ("binance_usdm", "okx_swap"),
        }[kind]
        panel = quorate.load(
            one, venue=venue, kind=kind, second=(two, second, None), assume_funding=0.0
        )
        held = panel.certificate.venues[0][1]
        assert held.findings.equals(found.findings)
        assert held.coins.equals(found.coins)


def test_a_kind_without_a_second_vendor_is_refused(folder):
    with pytest.raises(ConfigError, match="for none is given"):
        quorate.check_data(folder, kind="spot")
    with pytest.raises(ConfigError, match="kind 'basis'"):
        quorate.check_data(folder, other=folder, kind="basis")


def test_the_command_tells_and_fails(folder, capsys):
    assert run(["data", "check", str(folder), "--by-day"]) == 3
    said = capsys.readouterr()
    for word in ("WRONG", "ROW_IMPOSSIBLE", "GAP_BREAK", "What the rules found", "By day"):
        assert word in said.out
    assert "next: look at --by-day" in said.err


def test_the_command_is_quiet_about_good_bars(folder, capsys):
    assert run(["data", "check", str(folder), "--symbols", "GOOD", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["coins"][0]["first"] == "2023-02-01"
    assert [each["rule"] for each in told["findings"]] == ["ROW_UNFINISHED"]


def test_other_bar_lengths_and_unknown_coins_are_refused(folder, tmp_path):
    hourly = store(tmp_path / "hourly", GOOD=bars(100, 60))
    with pytest.raises(SchemaError, match=r"bars of 60 minutes, but 5 is that of .*GOOD"):
        quorate.check_data(folder, other=hourly)
    mixed = store(tmp_path / "mixed", AAA=bars(100), BBB=bars(100, 60))
    with pytest.raises(SchemaError, match="bars of 60 minutes"):
        quorate.check_data(mixed)
    with pytest.raises(DataError, match="has no bars of DOGE"):
        quorate.check_data(folder, symbols=["DOGE"])
    with pytest.raises(DataError, match="no symbol at all"):
        quorate.check_data(folder, symbols=[])
    with pytest.raises(SchemaError, match="no column ts"):
        quorate.check_data(store(tmp_path / "bare", A=bars(10).drop("ts")))


def test_a_change_of_unit_is_no_difference_of_two_vendors(tmp_path):
    old, late = bars(600), pl.int_range(600) >= 300
    scaled = {
        name: pl.when(late).then(pl.col(name) * 1e3).otherwise(pl.col(name))
        for name in ("open", "high", "low", "close")
    }
    where, other = (store(tmp_path / name, A=old.with_columns(**scaled)) for name in ("one", "two"))
    line = quorate.check_data(where, other=other).pairs.row(0, named=True)
    assert (line["n_bars"], line["max_bps"]) == (599, pytest.approx(0.0, abs=1e-9))


def test_a_vendor_beside_itself_is_refused(folder):
    with pytest.raises(ConfigError, match="is given as both vendors"):
        quorate.check_data(folder, other=folder)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_bars_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no Parquet file|is not a folder"):
        quorate.check_data(tmp_path / name)


def test_threads_do_not_change_what_is_told(folder):
    first, second = quorate.check_data(folder), quorate.check_data(folder)
    for name in ("coins", "findings", "days", "pairs"):
        assert getattr(first, name).equals(getattr(second, name))
