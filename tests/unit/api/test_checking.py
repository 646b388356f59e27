"""A folder held against the rules: every injected flaw is found, counted and told by name."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store, without

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


def test_a_second_vendor_without_a_common_bar_is_told(tmp_path, capsys):
    """It has the coin at other times, or not at all: either way it confirms nothing."""
    good = bars(600)
    one = store(tmp_path / "one", AUSDT=good[:400], BUSDT=good, CUSDT=good)
    two = store(tmp_path / "two", AUSDT=good[450:], BUSDT=good)
    found = quorate.check_data(one, other=two)
    assert found.pairs["symbol"].to_list() == ["BUSDT"]
    (apart,) = found.findings.filter(pl.col("rule") == "VENDOR_APART").rows(named=True)
    assert (apart["symbol"], apart["n"]) == ("AUSDT", 399)
    assert not found.has_failed
    assert run(["data", "check", str(one), "--other", str(two)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 of 3 coins have no bar in common with the second vendor" in said
    assert "AUSDT, CUSDT." in said
    assert run(["data", "check", str(one)]) == 0
    assert "second vendor" not in capsys.readouterr().out


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


HOURS = 8 * np.array([*range(9), *range(15, 30)])


@pytest.fixture
def funding(tmp_path):
    whole = settlements(START_MS + 8 * 3_600_000 * np.arange(30), np.full(30, 1e-4))
    holes = settlements(START_MS + 3_600_000 * HOURS, np.full(HOURS.size, 1e-4))
    return store(tmp_path / "funding", GOOD=whole, HOLES=holes)


def test_funding_is_held_against_rules_of_its_own(funding):
    found = quorate.check_data(funding)
    assert (found.kind, found.bar_minutes) == ("funding", None)
    lines = found.coins.select("symbol", "n_rows", "n_traded", "n_missing", "failed").rows()
    assert lines == [("GOOD", 30, 30, 0, ""), ("HOLES", 24, 24, 6, "")]
    assert found.findings.select("rule", "n", "value", "bound").rows() == [
        ("VALUE_MISSING", 6, 56.0, 8.0)
    ]
    assert found.by_day()["n"].to_list() == [3, 3]
    assert found.made() is None
    found.raise_if_failed()
    told = found.as_dict()
    assert (told["kind"], told["bar_minutes"]) == ("funding", None)
    assert told["intervals"][0]["hours"] == 8.0
    assert sum(day["n_missing"] for day in told["days"]) == 6


def test_the_command_tells_funding_as_table_json_and_page(funding, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert run(["data", "check", str(funding), "--by-day", "--html", str(page)]) == 0
    said = capsys.readouterr().out
    for word in ("every", "8 h", "settlements", "VALUE_MISSING", "2023-02-04"):
        assert word in said
    assert "carried" not in said
    text = page.read_text(encoding="utf-8")
    assert "Can these settlements be trusted?" in text
    assert "2 coins, 54 rows of funding, 2023-02-01 to 2023-02-10" in text
    assert "HOLES, 2023-02-04 to 2023-02-05: none there" in text
    assert "minutes" not in text.partition("<main>")[2].partition("What the rules found")[0]
    assert run(["data", "check", str(funding), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["coins"][1]["n_missing"] == 6


def test_a_run_refuses_what_fails_funding(funding, capsys):
    rows = pl.read_parquet(funding / "GOOD.parquet")
    put(rows, 5, funding_rate=0.6).write_parquet(funding / "GOOD.parquet")
    assert run(["data", "check", str(funding)]) == 3
    assert "GOOD (VALUE_IMPOSSIBLE)" in capsys.readouterr().err


@pytest.mark.parametrize("given", [{"bar_minutes": 60}, {"other": "elsewhere"}])
def test_what_is_for_bars_is_refused_of_funding(funding, tmp_path, given):
    store(tmp_path / "elsewhere", GOOD=bars(20))
    if "other" in given:
        given = {"other": tmp_path / "elsewhere"}
    with pytest.raises(
        ConfigError, match="holds funding, and a second vendor, a length and assets"
    ):
        quorate.check_data(funding, **given)


def test_a_span_is_told_by_rules_that_read_everything(folder):
    whole = quorate.check_data(folder)
    part = quorate.check_data(folder, start="2023-02-01T06:00", end="2023-02-01T09:00")
    lines = part.coins.select("symbol", "n_rows", "n_traded", "n_filled", "n_missing").rows()
    # HOLES lacks twelve bars from 08:20 on: eight of them before nine
    assert lines == [
        ("GOOD", 36, 36, 0, 0),
        ("HOLES", 28, 28, 8, 0),
        ("WRONG", 37, 36, 0, 0),
    ]
    rows = part.findings.select("rule", "symbol", "n").rows()
    assert rows == [("ROW_DOUBLED", "WRONG", 1), ("GAP_BREAK", "HOLES", 8)]
    assert set(part.days["day"]) == {dt.date(2023, 2, 1)}
    assert whole.days["n_missing"].sum() == 1


def test_a_second_vendor_is_compared_in_the_span(tmp_path):
    one, two = (store(tmp_path / name, A=bars(600)) for name in ("one", "two"))
    found = quorate.check_data(one, other=two, start="2023-02-01T06:00", end="2023-02-01T09:00")
    assert found.pairs["n_bars"].to_list() == [36]


def test_a_span_without_a_row_or_without_a_length_is_refused(folder, funding):
    for each in (folder, funding):
        with pytest.raises(DataError, match="has nothing from 2024-01-01 to the end"):
            quorate.check_data(each, start="2024-01-01")
        with pytest.raises(ConfigError, match="the span ends at 2023-01-01"):
            quorate.check_data(each, start="2023-02-01", end="2023-01-01")


def test_the_command_takes_a_span(folder, capsys):
    given = ["data", "check", str(folder), "--symbols", "GOOD", "--start", "2023-02-02", "--json"]
    assert run(given) == 0
    assert json.loads(capsys.readouterr().out)["coins"][0]["n_rows"] == 312


def test_a_hole_counts_on_every_day_of_it_at_the_length_of_the_rows(tmp_path):
    # from 22:00 of the first day to 04:00 of the second
    where = store(tmp_path / "set", A=without(bars(600), 264, 72))
    found = quorate.check_data(where, bar_minutes=60)
    rows = found.by_day().filter(pl.col("rule") == "GAP_BREAK").select("day", "n").rows()
    assert rows == [(dt.date(2023, 2, 1), 24), (dt.date(2023, 2, 2), 48)]
    plain = quorate.check_data(where).by_day().filter(pl.col("rule") == "GAP_BREAK")
    assert plain.select("day", "n").rows() == rows


def test_a_span_inside_a_hole_tells_what_is_missing(tmp_path):
    where = store(tmp_path / "set", A=without(bars(600), 264, 72))
    found = quorate.check_data(where, start="2023-02-02", end="2023-02-02T01:00")
    assert found.coins.select("n_rows", "n_traded", "n_filled", "n_missing").row(0) == (0, 0, 0, 12)


def test_instruments_are_no_series(tmp_path):
    facts = pl.DataFrame({"symbol": ["A"], "tick": ["0.1"], "lot": ["1"]})
    where = store(tmp_path / "facts", all=facts)
    said = {"vendor": "okx_swap", "kind": "instruments", "known_at": "2024-01-01"}
    done = quorate.import_data(where, tmp_path / "lake", **said)
    with pytest.raises(DataError, match="holds instruments, which are facts"):
        quorate.check_data(done.folder)


def test_symbols_of_one_asset_are_checked_as_one_coin_by_a_table(tmp_path, capsys):
    good = bars(600)
    old = good.with_columns(pl.col("open", "high", "low", "close") * 0.01)
    where = store(tmp_path / "one", OLDUSDT=old[:300], NEWUSDT=good[300:], REST=good)
    other = store(tmp_path / "two", NEWUSDT=good)
    table = tmp_path / "assets.csv"
    table.write_text("symbol,asset,units\nOLDUSDT,coin,0.01\nNEWUSDT,coin,1\n")
    apart = quorate.check_data(where, other=other)
    assert apart.coins["symbol"].to_list() == ["NEWUSDT", "OLDUSDT", "REST"]
    assert len(apart.successors) == 1
    found = quorate.check_data(where, other=other, assets=table)
    assert found.coins.select("symbol", "n_traded").rows() == [("OLDUSDT", 599), ("REST", 599)]
    assert set(found.findings["rule"]) == {"ROW_UNFINISHED"}  # and no return across the change
    assert found.pairs.select("symbol", "other", "n_bars", "agree_frac").rows() == [
        ("OLDUSDT", "NEWUSDT", 599, 1.0)
    ]
    assert found.successors == ()
    assert found.renames[0].startswith("OLDUSDT goes on as NEWUSDT from 2023-02-02 01:00:00Z")
    named = quorate.check_data(where, assets=table, symbols=["NEW", "OLD"])
    assert named.coins["symbol"].to_list() == ["OLDUSDT"]
    assert run(["data", "check", str(where), "--assets", str(table)]) == 0
    assert "OLDUSDT goes on as NEWUSDT" in capsys.readouterr().out
    paid = store(tmp_path / "paid", OLDUSDT=settlements([START_MS], [1e-4]))
    with pytest.raises(ConfigError, match="assets are for bars"):
        quorate.check_data(paid, assets=table)
