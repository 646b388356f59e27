"""From bars to who could be traded: any length of bar, one file or many, two coins of one name."""

from __future__ import annotations

import json
import shutil

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, stamps, store

import quorate
from quorate.cli import run
from quorate.errors import ConfigError, DataError
from quorate.lake.universe import Rules

DAY_MIN = 1440
DAY_MS = 86_400_000
GIVEN = Rules(min_age_days=10, turnover_days=5, min_turnover=500.0)


def daily(n, first=0, price=100.0):
    return bars(n, DAY_MIN, START_MS + first * DAY_MS, price)


@pytest.fixture
def folder(tmp_path):
    reborn = pl.concat([daily(20, price=0.01), daily(30, first=60)])
    return store(tmp_path / "days", OLD=daily(90), DEAD=daily(40), TWICE=reborn)


def verdicts(found):
    return dict(zip(found["symbol"], found["verdict"], strict=True))


def test_each_coin_is_judged_by_the_days_before(folder):
    found = quorate.universe(folder, "2023-03-13", rules=GIVEN)  # day 40
    assert verdicts(found) == {
        "DEAD": "IN",
        "OLD": "IN",
        "TWICE": "NOT_TRADING",
        "TWICE.2": "NOT_LISTED",
    }
    found = quorate.universe(folder, "2023-04-15", rules=GIVEN)  # day 73
    assert verdicts(found) == {
        "DEAD": "NOT_TRADING",
        "OLD": "IN",
        "TWICE": "NOT_TRADING",
        "TWICE.2": "IN",
    }
    assert found.filter(pl.col("symbol") == "TWICE.2")["age_days"].item() == 13


def test_short_bars_add_up_to_days_and_a_file_of_many_coins_is_the_same(folder, tmp_path):
    hours = bars(24 * 12, 60)
    found = quorate.universe(store(tmp_path / "hours", A=hours), "2023-02-12", rules=GIVEN)
    day = hours.filter(pl.col("ts").dt.date() == pl.date(2023, 2, 9))
    assert found["turnover"].item() == pytest.approx((day["close"] * day["volume"]).sum())
    many = [
        pl.read_parquet(folder / f"{name}.parquet").with_columns(symbol=pl.lit(name))
        for name in ("TWICE", "OLD", "DEAD")
    ]
    pl.concat(many).write_parquet(tmp_path / "all.parquet")
    one = quorate.universe(tmp_path / "all.parquet", "2023-03-13", "2023-04-15", GIVEN)
    assert one.equals(quorate.universe(folder, "2023-03-13", "2023-04-15", GIVEN))


def test_a_wide_spread_that_bars_carry_keeps_a_coin_out(tmp_path, capsys):
    """In a folder, in a file of many coins, and in a lake."""
    wide = daily(90).with_columns(spread_bps=pl.lit(500.0))
    near = daily(90).with_columns(spread_bps=pl.lit(2.0))
    where = store(tmp_path / "spread", OLD=daily(90), NEAR=near, WIDE=wide)
    said = {"NEAR": "IN", "OLD": "IN", "WIDE": "TOO_WIDE"}
    assert verdicts(quorate.universe(where, "2023-04-15", rules=GIVEN)) == said
    words = ["--min-age-days", "10", "--turnover-days", "5", "--min-turnover", "500"]
    assert run(["data", "universe", str(where), "--at", "2023-04-15", *words]) == 0
    assert "500.0" in capsys.readouterr().out
    for most, verdict in (("499", "TOO_WIDE"), ("500", "IN")):
        asked = ["--at", "2023-04-15", *words, "--max-spread-bps", most, "--json"]
        assert run(["data", "universe", str(where), *asked]) == 0
        told = json.loads(capsys.readouterr().out)
        assert {each["symbol"]: each["verdict"] for each in told} == said | {"WIDE": verdict}
    many = [
        pl.read_parquet(path).with_columns(symbol=pl.lit(path.stem)) for path in where.iterdir()
    ]
    pl.concat(many, how="diagonal").write_parquet(tmp_path / "all.parquet")
    found = quorate.universe(tmp_path / "all.parquet", "2023-04-15", rules=GIVEN)
    assert verdicts(found) == said
    done = quorate.import_data(where, tmp_path / "lake", vendor="demo_spot", kind="ohlcv")
    assert verdicts(quorate.universe(done.folder, "2023-04-15", rules=GIVEN)) == said


def test_a_run_lets_no_coin_in_while_its_spread_is_wide(tmp_path):
    late = pl.int_range(pl.len()) >= 24 * 20
    wide = hourly(40).with_columns(spread_bps=pl.when(late).then(500.0).otherwise(2.0))
    where = store(tmp_path, OLD=hourly(40), WIDE=wide)
    settings = quorate.read_settings(overrides=LOOSE)
    panel = quorate.load(
        where, venue="binance_spot", kind="spot", in_universe=True, settings=settings
    )
    by_day = panel.member[: 24 * 39].reshape(39, 24, 2)[:, 0]
    assert by_day[30].tolist() == [1, 0]
    assert by_day[20].tolist() == [1, 1]  # the first wide day is not over
    rules = Rules(10, 5, 20_000.0)
    said = quorate.universe(where, "2023-02-01", "2023-03-11", rules)
    is_in = (said.filter(pl.col("symbol") == "WIDE")["verdict"] == "IN").to_list()
    assert by_day[:, 1].tolist() == [int(each) for each in is_in]


def test_a_frozen_end_is_no_trading(tmp_path):
    alive = bars(24 * 12, 60).with_columns(pl.col("ts").dt.cast_time_unit("ms"))
    flat = alive[-1:].select(pl.exclude("ts"))
    quiet = pl.concat([flat] * 72).with_columns(
        stamps(START_MS + (24 * 12 + pl.int_range(72, eager=True).to_numpy()) * 3_600_000),
        volume=pl.lit(0.0),
        open=pl.col("close"),
        high=pl.col("close"),
        low=pl.col("close"),
    )
    where = store(tmp_path / "set", A=pl.concat([alive, quiet.select(alive.columns)]))
    assert verdicts(quorate.universe(where, "2023-02-14", rules=GIVEN)) == {"A": "NOT_TRADING"}


def test_the_command_lists_who_is_in_first(folder, capsys):
    words = ["--min-age-days", "10", "--turnover-days", "5", "--min-turnover", "500"]
    given = ["data", "universe", str(folder), "--at", "2023-03-13", *words]
    assert run(given) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1].startswith(("DEAD", "OLD"))
    assert "2 IN" in said
    assert run([*given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0] == {
        "day": "2023-03-13",
        "symbol": "DEAD",
        "verdict": "IN",
        "age_days": 40,
        "turnover": pytest.approx(1_037.0),
        "spread_bps": None,
    }
    assert run([*given[:-1], "-1"]) == 2
    assert "min_turnover is -1, outside" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("at", "until", "match"),
    [("soon", None, "is not a day"), ("2023-03-13", "2023-03-12", "before 2023-03-13")],
)
def test_wrong_days_are_told(folder, at, until, match):
    with pytest.raises(DataError, match=match):
        quorate.universe(folder, at, until)


def test_a_file_of_one_coin_is_no_universe(folder):
    with pytest.raises(DataError, match="has no column symbol"):
        quorate.universe(folder / "OLD.parquet", "2023-03-13")


def hourly(days, first=0, volume=10.0):
    rows = bars(24 * days, 60, START_MS + first * DAY_MS)
    return rows.with_columns(volume=pl.lit(volume))


LOOSE = {"universe.min_age_days": "10", "universe.turnover_days": "5"}
LOOSE |= {"universe.min_turnover": "20000"}


def test_a_run_takes_its_coins_from_the_universe_of_each_day(tmp_path):
    later = pl.concat([hourly(20, volume=0.1), hourly(20, first=20)])
    where = store(tmp_path, OLD=hourly(40), LATER=later, THIN=hourly(40, volume=0.1))
    settings = quorate.read_settings(overrides=LOOSE)
    panel = quorate.load(
        where, venue="binance_spot", kind="spot", in_universe=True, settings=settings
    )
    assert panel.symbols == ("LATER", "OLD")
    assert "Left out, never in the universe: THIN." in panel.notes
    assert panel.certificate.excluded == {"THIN": "never in the universe: TOO_THIN"}
    said = quorate.universe(
        where, "2023-02-01", "2023-03-12", Rules(10, 5, 20_000.0)
    )  # the same, day by day
    for c, symbol in enumerate(panel.symbols):
        is_in = (said.filter(pl.col("symbol") == symbol)["verdict"] == "IN").to_list()
        assert panel.member[::24, c].tolist() == [int(each) for each in is_in]
    by_day = panel.member[: 24 * 39].reshape(39, 24, 2)
    assert (by_day == by_day[:, :1]).all()
    assert 0 < panel.member[:, 0].sum() < panel.member[:, 1].sum() < panel.n_bars
    # a later start judges by the days before it
    late = quorate.load(
        where,
        venue="binance_spot",
        kind="spot",
        in_universe=True,
        settings=settings,
        start="2023-02-20",
    )
    np.testing.assert_array_equal(late.member, panel.member[19 * 24 :])
    with pytest.raises(ConfigError, match=r"universe\.min_age_days is 90, but the bars were"):
        quorate.run(panel, quorate.read_settings())
    result = quorate.run(panel, settings)
    assert result.facts["settings"]["universe"]["min_age_days"] == 10


def test_a_coin_that_is_never_in_the_universe_stops_no_load(tmp_path):
    bad = put(hourly(40, volume=0.1), 500, high=1.0)
    where = store(tmp_path / "bars", OLD=hourly(40), BAD=bad)
    beside = store(tmp_path / "beside", OLD=hourly(40), BADUSD=bad)
    settings = quorate.read_settings(overrides=LOOSE)
    given = {"venue": "binance_spot", "kind": "spot", "settings": settings}
    with pytest.raises(DataError, match=r"BAD on binance_spot \(ROW_IMPOSSIBLE\)"):
        quorate.load(where, **given)
    panel = quorate.load(where, in_universe=True, second=(beside, "kraken_spot", None), **given)
    assert panel.symbols == ("OLD",)
    assert not panel.certificate.is_accepted
    assert panel.certificate.failed.is_empty()
    assert panel.certificate.excluded == {"BAD": "never in the universe: TOO_THIN"}
    # in it on one day, and it stops the load
    rich = pl.concat([bad[: 24 * 25], hourly(15, first=25)])
    with pytest.raises(DataError, match=r"BAD on binance_spot \(ROW_IMPOSSIBLE\)"):
        quorate.load(store(tmp_path / "bars", BAD=rich), in_universe=True, **given)


def test_no_coin_in_the_universe_is_said(tmp_path):
    where = store(tmp_path, OLD=hourly(20))
    with pytest.raises(DataError, match="no coin is in the universe on any day from 2023-02-01"):
        quorate.load(where, venue="binance_spot", kind="spot", in_universe=True)


def test_the_command_tells_what_survivors_would_have_claimed(folder, capsys):
    words = ["data", "universe", str(folder), "--at", "2023-02-20", "--until", "2023-04-30"]
    words += ["--min-age-days", "10", "--turnover-days", "5", "--min-turnover", "500"]
    assert run(words) == 0
    said = capsys.readouterr().out.replace("\n", " ")
    assert "Only the 2 that were still trading" in said
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["survivorship"]
    assert told["n_ended"] == 1
    assert len(told["days"]) == 70
    assert (told["rebalance_days"], told["cost_bps"], told["haircut"]) == (1, 10.0, 0.05)
    names = [row["measure"] for row in told["measures"]]
    assert names == ["return", "sharpe", "drawdown", "costs", "ends"]
    gap = told["measures"][0]
    assert (
        gap["difference"] == pytest.approx(told["flattery"]) == gap["survivors"] - gap["everyone"]
    )
    for words in ("return, %", "Sharpe ratio, a year", "largest drawdown, %", "survivors add"):
        assert words in said


def test_costs_haircut_and_rebalancing_may_be_others(folder, capsys, monkeypatch):
    span = "2023-02-20", "2023-04-30"
    dear, cheap = (
        quorate.survivorship(folder, *span, GIVEN, cost_bps=bps).everyone for bps in (200.0, 0.0)
    )
    assert dear < cheap
    kind, hard = (
        quorate.survivorship(folder, *span, GIVEN, haircut=part).everyone for part in (0.0, 0.5)
    )
    assert hard < kind
    monkeypatch.setenv("QUORATE_EXCHANGE__DELISTING_HAIRCUT", "0.5")
    assert quorate.survivorship(folder, *span, GIVEN).everyone == hard
    words = ["data", "universe", str(folder), "--at", span[0], "--until", span[1], "--json"]
    words += ["--min-age-days", "10", "--turnover-days", "5", "--min-turnover", "500"]
    assert run([*words, "--rebalance-days", "30", "--cost-bps", "20", "--haircut", "0.1"]) == 0
    told = json.loads(capsys.readouterr().out)["survivorship"]
    assert (told["rebalance_days"], told["cost_bps"], told["haircut"]) == (30, 20.0, 0.1)
    assert run([*words, "--rebalance-days", "0"]) == 2
    assert "rebalance_days is 0, outside [1, 10000]" in capsys.readouterr().err


def test_a_day_beyond_the_data_is_refused_where_nothing_is_known(folder, capsys):
    # the last bars are of 1 May: that day is known, and so is who may be traded on the next
    assert verdicts(quorate.universe(folder, "2023-05-02", rules=GIVEN))["OLD"] == "IN"
    with pytest.raises(DataError, match="the bars end on 2023-05-01, before 2023-05-03: who could"):
        quorate.universe(folder, "2023-05-03", rules=GIVEN)
    with pytest.raises(DataError, match="ask for 2023-05-02 at the latest"):
        quorate.universe(folder, "2023-02-20", "2024-01-01", rules=GIVEN)
    assert run(["data", "universe", str(folder), "--at", "2030-01-01"]) == 3
    assert "the bars end on 2023-05-01, before 2030-01-01" in capsys.readouterr().err


def test_a_span_to_the_day_that_an_import_leaves_out_is_measured_to_the_day_before(
    folder, tmp_path, capsys
):
    done = quorate.import_data(folder, tmp_path / "lake", vendor="binance_spot", kind="ohlcv")
    words = ["--at", "2023-02-20", "--until", "2023-05-01", "--min-age-days", "10"]
    words += ["--turnover-days", "5", "--min-turnover", "500"]
    assert run(["data", "universe", done.folder, *words]) == 0
    said = capsys.readouterr().out.replace("\n", " ")
    assert "from 2023-02-20 to 2023-04-30: " in said
    held = quorate.survivorship(done.folder, "2023-02-20", "2023-05-01", GIVEN)
    assert held.days["day"][-1].isoformat() == "2023-04-30"
    named = quorate.survivorship(done.folder, "2023-02-20", "2023-04-30", GIVEN)
    assert (held.everyone, held.n_ever) == (named.everyone, named.n_ever)
    with pytest.raises(DataError, match="before 2023-05-02"):
        quorate.survivorship(done.folder, "2023-02-20", "2023-05-02", GIVEN)


def test_a_rename_is_no_end_by_a_table_of_assets(tmp_path, capsys):
    """A coin that goes on under another name keeps its age, and survives."""
    old = daily(40)
    late = daily(47, first=43, price=104.3).with_columns(
        *(pl.col(each) / 1000 for each in ("open", "high", "low", "close")),
        volume=pl.col("volume") * 1000,
    )
    folder = store(tmp_path / "days", OLD=old, NEW=late, REST=daily(90))
    table = tmp_path / "assets.csv"
    table.write_text("symbol,asset,units\nOLD,coin,1000\nNEW,coin,1\n")
    day = "2023-03-20"  # the fourth of the new name
    assert verdicts(quorate.universe(folder, day, rules=GIVEN)) == {
        "NEW": "TOO_YOUNG",
        "OLD": "NOT_TRADING",
        "REST": "IN",
    }
    found = quorate.universe(folder, day, rules=GIVEN, assets=table)
    assert verdicts(found) == {"OLD": "IN", "REST": "IN"}
    assert found["age_days"].to_list() == [47, 47]
    span = "2023-02-15", "2023-04-30"
    apart = quorate.survivorship(folder, *span, GIVEN)
    one = quorate.survivorship(folder, *span, GIVEN, assets=table)
    assert (apart.n_ever, apart.n_ended) == (3, 1)
    assert (one.n_ever, one.n_ended, one.flattery) == (2, 0, 0.0)
    assert one.everyone > apart.everyone  # no haircut is paid for a change of name
    told = ["data", "universe", str(folder), "--at", day, "--assets", str(table), "--json"]
    asked = ["--min-age-days", "10", "--turnover-days", "5", "--min-turnover", "500"]
    assert run([*told, *asked]) == 0
    assert [row["symbol"] for row in json.loads(capsys.readouterr().out)] == ["OLD", "REST"]
    shutil.rmtree(folder)
    rows = [(name, each) for name, each in (("OLD", old), ("NEW", late), ("REST", daily(90)))]
    file = tmp_path / "all.parquet"
    pl.concat([each.with_columns(symbol=pl.lit(name)) for name, each in rows]).write_parquet(file)
    assert quorate.universe(file, day, rules=GIVEN, assets=table).equals(found)


def test_a_correction_changes_no_verdict_of_a_day_before_it(tmp_path, capsys):
    """The universe of a day in a lake is what the lake knew when the day began."""
    lake = tmp_path / "lake"
    made = daily(90)
    plain = store(tmp_path / "days", THIN=made.with_columns(volume=pl.lit(1.0)), OLD=made)
    said = {"vendor": "v_spot", "kind": "ohlcv"}
    quorate.import_data(plain, lake, **said)
    store(plain, THIN=made)
    done = quorate.import_data(plain, lake, corrected_at="2024-01-01", **said)
    assert done.corrections.height > 0
    assert verdicts(quorate.universe(done.folder, "2023-03-13", rules=GIVEN))["THIN"] == "TOO_THIN"
    later = quorate.universe(done.folder, "2023-03-13", rules=GIVEN, as_of="2024-02-01")
    assert verdicts(later)["THIN"] == "IN"
    at = ["data", "universe", done.folder, "--at", "2023-03-13", "--min-turnover", "500"]
    at += ["--min-age-days", "10", "--turnover-days", "5", "--json"]
    assert run(at) == 0
    assert {row["symbol"]: row["verdict"] for row in json.loads(capsys.readouterr().out)}[
        "THIN"
    ] == "TOO_THIN"
    assert run([*at, "--as-of", "2024-02-01"]) == 0
    assert "TOO_THIN" not in capsys.readouterr().out
    assert run([*at, "--as-of", "2020-01-01"]) != 0
    assert "give a later --as-of" in capsys.readouterr().err
