"""Every flaw that data are known to have, put in at known places, is found there and treated so.

One table: what is done to good rows, which rule finds how many on which coin and day, and what a
run then has of those bars. Each line is walked through what people call: ``quorate.check_data``,
``quorate.load`` with its certificate, and the command; the flaws of two vendors through
``reconcile_data`` too. Whatever a line does not name must be as in the good rows.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, put, stamps, store, without

import quorate
from quorate.cli import run
from quorate.errors import DataError
from quorate.lake.governance import findings

if TYPE_CHECKING:
    from collections.abc import Callable

BAR_MS, DAY, HOUR = 300_000, 288, 12
N = 5 * DAY
PRICES = ("open", "high", "low", "close")
LOUD = {"volume": 500.0}
QUIET = {"volume": 0.0}


def market(seed: int, price: float = 100.0, n: int = N) -> pl.DataFrame:
    """Return good rows: a calm walk that trades on every bar."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, 1e-3, n)))
    opened = np.append(close[0], close[:-1])
    return pl.DataFrame(
        {
            "ts": stamps(START_MS + np.arange(n) * BAR_MS),
            "open": opened,
            "high": np.maximum(opened, close) * 1.0005,
            "low": np.minimum(opened, close) * 0.9995,
            "close": close,
            "volume": rng.uniform(5.0, 15.0, n),
        }
    )


def late(rows: pl.DataFrame, which: list[int], ms: int) -> pl.DataFrame:
    """Move the stamps of some rows."""
    at = rows["ts"].dt.epoch("ms").to_numpy().copy()
    at[which] += ms
    return rows.with_columns(stamps(at))


def times(rows: pl.DataFrame, first: int, n: int = N, **factors: float) -> pl.DataFrame:
    """Multiply columns of the rows from one on."""
    inside = pl.int_range(pl.len()).is_between(first, first + n - 1)
    return rows.with_columns(
        pl.when(inside).then(pl.col(name) * factor).otherwise(name).alias(name)
        for name, factor in factors.items()
    )


def spike(rows: pl.DataFrame, row: int, factor: float, **more: float) -> pl.DataFrame:
    """Put one close far out, its bar around it."""
    close = rows["close"][row] * factor
    return put(rows, row, close=close, high=close * 1.1, **more)


def flat(rows: pl.DataFrame, first: int, n: int) -> pl.DataFrame:
    """Print one price without volume."""
    inside = pl.int_range(pl.len()).is_between(first, first + n - 1)
    values = {**dict.fromkeys(PRICES, rows["close"][first - 1]), "volume": 0.0}
    return rows.with_columns(
        pl.when(inside).then(value).otherwise(name).alias(name) for name, value in values.items()
    )


def unit(rows: pl.DataFrame, first: int, factor: float) -> pl.DataFrame:
    """Count from a row on in a unit worth so many of the old one."""
    return times(rows, first, **dict.fromkeys(PRICES, factor), volume=1.0 / factor)


def two(rows: pl.DataFrame) -> pl.DataFrame:
    """End a coin, and begin another one under its name 50 hours later."""
    return without(times(rows, 600, **dict.fromkeys(PRICES, 9.0)), 600, 50 * HOUR)


class Flaw(NamedTuple):
    """What is done to a coin's rows, what is found of it, and what a run has of its bars.

    ``found`` counts by rule and day (0 is the first); ``lost`` are runs of bars a run does not have
    traded: first row, how many, I (carried) or A (absent).
    """

    done: Callable[[pl.DataFrame], pl.DataFrame]
    found: dict[tuple[str, int], int]
    lost: tuple[tuple[int, int, str], ...] = ()
    changed: tuple[int, ...] = ()  # rows whose close stays another one than in the good rows
    second: tuple[int, ...] = ()  # from where on another coin has the bars


FLAWS: dict[str, Flaw] = {
    "nothing": Flaw(lambda rows: rows, {}),
    "ten rows twice": Flaw(
        lambda rows: pl.concat([rows[:610], rows[600:]]),
        {("ROW_ORDER", 2): 9, ("ROW_DOUBLED", 2): 10},  # the tenth is no earlier than the latest
    ),
    "a row twice in place": Flaw(
        lambda rows: pl.concat([rows[:601], rows[600:]]),
        {("ROW_DOUBLED", 2): 1},
    ),
    "a row contradicted": Flaw(
        lambda rows: pl.concat([rows[:601], times(rows[600:601], 0, close=1.0001), rows[601:]]),
        {("ROW_CONFLICT", 2): 1},
        changed=(600,),
    ),
    "a row contradicted at the end of the file": Flaw(
        lambda rows: pl.concat([rows, times(rows[600:601], 0, close=1.0001)]),
        {("ROW_ORDER", 2): 1, ("ROW_CONFLICT", 2): 1},
        changed=(600,),
    ),
    "stamps two seconds late": Flaw(
        lambda rows: late(rows, [600, 601, 900], 2_000),
        {("STAMP_SNAPPED", 2): 2, ("STAMP_SNAPPED", 3): 1},
    ),
    "stamps nine milliseconds early": Flaw(
        lambda rows: late(rows, [600], -9), {("STAMP_SNAPPED", 2): 1}
    ),
    "a stamp farther off": Flaw(
        lambda rows: late(rows, [600], 2_001),
        {("STAMP_OFF_GRID", 2): 1, ("GAP_FILLED", 2): 1},
        ((600, 1, "I"),),
    ),
    "twenty rows backwards": Flaw(
        lambda rows: pl.concat([rows[:600], rows[600:620].reverse(), rows[620:]]),
        {("ROW_ORDER", 2): 19},
    ),
    "the whole file backwards": Flaw(
        lambda rows: rows.reverse(),
        {("ROW_ORDER", day): DAY - (day == 4) for day in range(5)},
    ),
    "a gap of 55 minutes": Flaw(
        lambda rows: without(rows, 600, 11), {("GAP_FILLED", 2): 11}, ((600, 11, "I"),)
    ),
    "a gap of 60 minutes": Flaw(
        lambda rows: without(rows, 600, 12),
        {("GAP_BREAK", 2): 12},
        ((600, 11, "I"), (611, 1, "A")),
    ),
    "a gap of 65 minutes": Flaw(
        lambda rows: without(rows, 600, 13),
        {("GAP_BREAK", 2): 13},
        ((600, 11, "I"), (611, 2, "A")),
    ),
    "three gaps on two days": Flaw(
        lambda rows: without(without(without(rows, 1000, 2), 860, 8), 600, 1),
        {("GAP_FILLED", 2): 9, ("GAP_FILLED", 3): 2},
        ((600, 1, "I"), (860, 8, "I"), (1000, 2, "I")),
    ),
    "a spike that traded": Flaw(
        lambda rows: spike(rows, 700, 1.3, **LOUD), {("RETURN_SUSPECT", 2): 2}, changed=(700,)
    ),
    "a spike without volume": Flaw(
        lambda rows: spike(rows, 700, 1.3, **QUIET),
        {("SPIKE_REVERTED", 2): 1, ("GAP_FILLED", 2): 1, ("VOLUME_ZERO", 2): 1},
        ((700, 1, "I"),),
    ),
    "a spike of two bars without volume": Flaw(
        lambda rows: spike(spike(rows, 700, 1.3, **QUIET), 701, 1.3, **QUIET),
        {("SPIKE_REVERTED", 2): 2, ("GAP_FILLED", 2): 2, ("VOLUME_ZERO", 2): 2},
        ((700, 2, "I"),),
    ),
    "a price without volume that stays": Flaw(
        lambda rows: put(times(rows, 700, **dict.fromkeys(PRICES, 1.3)), 700, **QUIET),
        {
            ("SPIKE_HELD", 2): 1,
            ("GAP_FILLED", 2): 1,
            ("RETURN_SUSPECT", 2): 1,
            ("VOLUME_ZERO", 2): 1,
        },
        ((700, 1, "I"),),
        changed=tuple(range(701, N)),
    ),
    "a crash": Flaw(
        lambda rows: put(times(rows, 700, **dict.fromkeys(PRICES, 0.5)), 700, **LOUD),
        {("RETURN_SUSPECT", 2): 1},
        changed=tuple(range(700, N)),
    ),
    "a row that cannot be": Flaw(
        lambda rows: put(rows, 700, low=1e9),
        {("ROW_IMPOSSIBLE", 2): 1, ("GAP_FILLED", 2): 1},
        ((700, 1, "I"),),
    ),
    "a thousand new for one old": Flaw(
        lambda rows: unit(rows, 700, 1e-3), {("REDENOMINATED", 2): 1}
    ),
    "a thousandth after a halt of six hours": Flaw(
        lambda rows: without(unit(rows, 700 + 6 * HOUR, 1e-3), 700, 6 * HOUR),
        {("GAP_BREAK", 2): 6 * HOUR},
        ((700, 11, "I"), (711, 61, "A")),
        changed=tuple(range(700 + 6 * HOUR, N)),  # not the old price to the digit: a loss
    ),
    "a multiplier of a thousand": Flaw(
        lambda rows: unit(rows, 700, 1e3), {("REDENOMINATED", 2): 1}
    ),
    "a dead end": Flaw(
        lambda rows: flat(rows, 700, N),
        {
            (rule, day): n
            for rule in ("FROZEN_END", "VOLUME_ZERO")
            for day, n in ((2, 164), (3, 288), (4, 287))
        },
        ((988, 11, "I"), (999, N - 999, "A")),
        changed=tuple(range(700, 988)),
    ),
    "bars that move without volume": Flaw(
        lambda rows: times(times(rows, 860, 8, volume=0.0), 1000, 1, volume=0.0),
        {("VOLUME_ZERO", 2): 4, ("VOLUME_ZERO", 3): 5},
    ),
    "flat bars for less than a day": Flaw(
        lambda rows: flat(rows, 700, 20),
        {("VOLUME_ZERO", 2): 20},
        changed=tuple(range(700, 720)),
    ),
    "a halt of thirty hours": Flaw(
        lambda rows: flat(rows, 600, 30 * HOUR),
        {
            ("FROZEN_HALT", 2): 264,
            ("FROZEN_HALT", 3): 96,
            ("GAP_BREAK", 3): 72,
            ("VOLUME_ZERO", 2): 264,
            ("VOLUME_ZERO", 3): 96,
        },
        ((888, 11, "I"), (899, 61, "A")),
        changed=tuple(range(600, 888)),
    ),
    "two coins of one name": Flaw(
        two,
        {("SECOND_COIN", 4): 1},
        ((600, 11, "I"), (611, N - 611, "A")),
        second=(1200,),
    ),
}


def counts(found: pl.DataFrame) -> dict[tuple[str, str, int], int]:
    """Return what was found by coin, rule and day, the unfinished last rows left out."""
    rows = findings.by_day(found).filter(pl.col("rule") != "ROW_UNFINISHED")
    first = dt.date(2023, 2, 1)
    return {
        (symbol, rule, (day - first).days): n
        for symbol, day, rule, n in rows.select("symbol", "day", "rule", "n").rows()
    }


@pytest.fixture(params=list(FLAWS))
def flaw(request) -> Flaw:
    return FLAWS[request.param]


@pytest.fixture
def folder(flaw, tmp_path):
    return store(tmp_path / "bars", AAAUSDT=flaw.done(market(1)), BBBUSDT=market(2, 7.0))


def expected(flaw: Flaw) -> dict[tuple[str, str, int], int]:
    return {("AAAUSDT", *key): n for key, n in flaw.found.items() if n}


def test_a_check_finds_each_at_its_place_and_nothing_else(flaw, folder):
    found = quorate.check_data(folder)
    assert counts(found.findings) == expected(flaw)
    assert found.has_failed == any(rule in findings.FAILING for rule, _ in flaw.found)
    unfinished = found.findings.filter(pl.col("rule") == "ROW_UNFINISHED")
    assert unfinished["symbol"].to_list() == ["AAAUSDT", "BBBUSDT"]
    assert unfinished["at"].to_list() == [market(1)["ts"][-1]] * 2
    lines = {row["symbol"]: row for row in found.coins.iter_rows(named=True)}
    assert lines["BBBUSDT"]["n_traded"] == N - 1
    n_frozen = sum(n for (rule, _), n in flaw.found.items() if rule.startswith("FROZEN"))
    assert lines["AAAUSDT"]["n_frozen"] == n_frozen
    n_zero = sum(n for (rule, _), n in flaw.found.items() if rule == "VOLUME_ZERO")
    assert found.quality.zero_volume() == ({"AAAUSDT": n_zero} if n_zero else {})


def test_a_run_has_the_bars_as_written(flaw, folder):
    fails = any(rule in findings.FAILING for rule, _ in flaw.found)
    given = {"venue": "binance_spot", "kind": "spot"}
    if fails:
        with pytest.raises(DataError, match="AAAUSDT on binance_spot"):
            quorate.load(folder, **given)
    panel = quorate.load(folder, accept_failed=fails, **given)
    assert panel.certificate.is_accepted == fails
    ((_, worth),) = panel.certificate.venues
    assert counts(worth.findings) == expected(flaw)
    status = ["T"] * N
    for first, n, code in flaw.lost:
        status[first : first + n] = [code] * n
    status = status[: N - 1]
    assert "".join("ATI"[each] for each in panel.bars.status[:, 0]) == "".join(status)
    good, close = market(1)["close"].to_numpy()[: N - 1], panel.bars.close[:, 0]
    is_same = np.array(status) == "T"
    is_same[[row for row in flaw.changed if row < N - 1]] = False
    np.testing.assert_allclose(close[is_same], good[is_same], rtol=1e-12)
    is_other = (np.array(status) == "T") & ~is_same
    assert (np.abs(close[is_other] / good[is_other] - 1.0) > 5e-5).all()
    for first in flaw.second:
        np.testing.assert_allclose(panel.bars.close[first:, 1], 9.0 * good[first:], rtol=1e-12)


def test_the_command_says_so_by_its_exit_code(flaw, folder, capsys):
    fails = any(rule in findings.FAILING for rule, _ in flaw.found)
    assert run(["data", "check", str(folder), "--json"]) == (3 if fails else 0)
    told = json.loads(capsys.readouterr().out)["findings"]
    by_rule: dict[str, int] = {}
    for each in told:
        by_rule[each["rule"]] = by_rule.get(each["rule"], 0) + each["n"]
    by_rule.pop("ROW_UNFINISHED")
    mine: dict[str, int] = {}
    for (rule, _), n in flaw.found.items():
        if n:
            mine[rule] = mine.get(rule, 0) + n
    assert by_rule == mine


# Of two vendors


def near(rows: pl.DataFrame, seed: int = 9) -> pl.DataFrame:
    """Return the same market as another vendor shows it, a basis point apart, of its own volume."""
    rng = np.random.default_rng(seed)
    apart = np.exp(rng.normal(0.0, 1e-4, rows.height))
    return rows.with_columns(
        pl.col(*PRICES) * pl.Series(apart), volume=pl.Series(rng.uniform(50.0, 150.0, rows.height))
    )


GOOD = {"AAAUSDT": market(1), "BBBUSDT": market(2, 7.0)}


class Vendors(NamedTuple):
    """What the second vendor has, and what is told of each coin beside it.

    ``off`` are days in quarantine, ``shift`` the bars by which its clock is late, ``closed`` the
    days on which a run opens nothing.
    """

    second: dict[str, pl.DataFrame]
    off: tuple[int, ...] = ()
    shift: int | None = 0
    closed: tuple[int, ...] = ()


PAIRS: dict[str, Vendors] = {
    "two that agree": Vendors({name: near(rows) for name, rows in GOOD.items()}),
    "two coins exchanged": Vendors(
        {"AAAUSDT": near(GOOD["BBBUSDT"]), "BBBUSDT": near(GOOD["AAAUSDT"])},
        (0, 1, 2, 3, 4),
        None,
        (1, 2, 3, 4),
    ),
    "two coins exchanged for a day": Vendors(
        {
            name: pl.concat(
                [
                    near(GOOD[name])[: 2 * DAY],
                    near(GOOD[other])[2 * DAY : 3 * DAY],
                    near(GOOD[name])[3 * DAY :],
                ]
            )
            for name, other in (("AAAUSDT", "BBBUSDT"), ("BBBUSDT", "AAAUSDT"))
        },
        (2,),
        None,
        (3,),
    ),
    "an hour late": Vendors(
        {name: late(near(rows), list(range(N)), HOUR * BAR_MS) for name, rows in GOOD.items()},
        shift=HOUR,
    ),
    "labelled by the close": Vendors(
        {name: late(near(rows), list(range(N)), BAR_MS) for name, rows in GOOD.items()}, shift=1
    ),
    "a wrong price on two bars of a day": Vendors(
        {
            name: times(near(rows), 900, 2, **dict.fromkeys(PRICES, 1.02))
            for name, rows in GOOD.items()
        },
        (3,),
        closed=(4,),
    ),
}


@pytest.fixture(params=list(PAIRS))
def vendors(request) -> Vendors:
    return PAIRS[request.param]


@pytest.fixture
def folders(vendors, tmp_path):
    return store(tmp_path / "one", **GOOD), store(tmp_path / "two", **vendors.second)


def test_a_second_vendor_is_told_day_by_day(vendors, folders):
    found = quorate.check_data(folders[0], other=folders[1], kind="spot")
    for line in found.pairs.iter_rows(named=True):
        mine = found.pair_days.filter(pl.col("symbol") == line["symbol"])
        off = [day - dt.date(2023, 2, 1) for day in mine.filter("quarantined")["day"]]
        if vendors.shift in {0, None}:  # another clock is apart by what an hour moves
            assert tuple(each.days for each in off) == vendors.off
            assert line["n_quarantined"] == len(vendors.off)
        assert line["shift_bars"] == vendors.shift
    assert found.pairs.height == 2
    assert not found.has_failed
    assert counts(found.findings) == {}


def test_a_run_opens_nothing_on_the_day_after_and_names_another_clock(vendors, folders):
    panel = quorate.load(
        folders[0], venue="binance_spot", kind="spot", second=(folders[1], "kraken_spot", None)
    )
    if not vendors.shift:
        closed = {day for day in range(5) if not panel.member[day * DAY : (day + 1) * DAY].any()}
        assert closed == set(vendors.closed)
    clocks = [note for note in panel.notes if "clock" in note]
    expected = (
        [f"AAAUSDT ({vendors.shift:+d})", f"BBBUSDT ({vendors.shift:+d})"] if vendors.shift else []
    )
    assert [all(each in note for each in expected) for note in clocks] == [True] * bool(expected)


def test_no_bar_is_merged_that_two_vendors_dispute(vendors, folders, tmp_path):
    found = quorate.reconcile_data(folders, kind="spot")
    day = found.disputed["at"].dt.date().cast(pl.Int32) - 19_389
    n_off = {
        row: int(((day == row) & (found.disputed["symbol"] == "AAAUSDT")).sum()) for row in range(5)
    }
    if len(vendors.off) == 5:
        assert n_off == {0: DAY, 1: DAY, 2: DAY, 3: DAY, 4: DAY - 1}
        with pytest.raises(DataError, match="2 of 2 coins have no bar that can be merged"):
            quorate.reconcile_data(folders, kind="spot", to=tmp_path / "merged")
        assert not (tmp_path / "merged").exists()
        return
    quorate.reconcile_data(folders, kind="spot", to=tmp_path / "merged")
    merged = pl.read_parquet(tmp_path / "merged" / "AAAUSDT.parquet")
    if not vendors.shift:
        each = DAY if vendors.off == (2,) else 2
        assert n_off == {row: each if row in vendors.off else 0 for row in range(5)}
        assert merged.height == N - 1 - sum(n_off.values())
