"""From bars to who could be traded: any length of bar, one file or many, two coins of one name."""

from __future__ import annotations

import json

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, stamps, store

import quorate
from quorate.cli import run
from quorate.errors import DataError
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
