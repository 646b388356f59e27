"""A panel made at t is the later one cut at t: what a bar is worth never waits for a later row.

Files with every flaw that rules know, from two venues, are cut at many times, as they would have
been then; the whole chain from rows to arrays is walked each time, at the length of the files and
with longer bars made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, store

from quorate.core.types import Market
from quorate.lake import NEVER, PanelSpec, Source, keep, load
from quorate.lake.multiples import scaled
from quorate.lake.panel import Panel, part

BAR_MS = 300_000
HOUR, DAY = 12, 288
N = 7 * DAY


@dataclass(frozen=True)
class Files:
    """Rows of each symbol in the order in which a vendor stored them."""

    primary: dict[str, pl.DataFrame]
    second: dict[str, pl.DataFrame]


def walk(seed: int, n: int = N, price: float = 100.0) -> pl.DataFrame:
    """Return calm bars that traded."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, 1e-3, n)))
    opened = np.append(close[0], close[:-1])
    return pl.DataFrame(
        {
            "t": np.arange(n),
            "open": opened,
            "high": np.maximum(opened, close) * 1.0005,
            "low": np.minimum(opened, close) * 0.9995,
            "close": close,
            "volume": rng.uniform(5.0, 15.0, n),
        }
    )


def without(rows: pl.DataFrame, first: int, n: int) -> pl.DataFrame:
    return rows.filter((pl.col("t") < first) | (pl.col("t") >= first + n))


def at(rows: pl.DataFrame, first: int, n: int, **factors: float) -> pl.DataFrame:
    """Multiply columns of some bars."""
    inside = (pl.col("t") >= first) & (pl.col("t") < first + n)
    return rows.with_columns(
        pl.when(inside).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
        for name, factor in factors.items()
    )


def flat(rows: pl.DataFrame, first: int, n: int) -> pl.DataFrame:
    """Freeze some bars at one price without volume."""
    inside = (pl.col("t") >= first) & (pl.col("t") < first + n)
    price = rows.filter(pl.col("t") == first)["open"].item()
    prices = [
        pl.when(inside).then(price).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    ]
    return rows.with_columns(
        *prices, pl.when(inside).then(0.0).otherwise(pl.col("volume")).alias("volume")
    )


PRICE = ("open", "high", "low", "close")
VOLUME = 8  # the primary venue's, among the arrays of ``made``
STATUS = 2 * Market._fields.index("status")
MEMBER = -1


@pytest.fixture(scope="module")
def files() -> Files:
    gaps = walk(1)
    for first, n in ((400, 11), (500, 12), (600, 13), (700, 1), (1200, 3 * HOUR)):
        gaps = without(gaps, first, n)
    spikes = at(walk(2), 900, 1, high=1.4, close=1.4, volume=0.0)
    spikes = at(spikes, 1000, 2, high=1.5, close=1.5, volume=0.0)  # goes back after two
    spikes = at(spikes, 1100, N, **dict.fromkeys(PRICE, 0.7))  # a crash that traded
    spikes = at(spikes, 1300, 1, high=1.3, close=1.3, volume=0.1)  # disputed by the second venue
    frozen = flat(walk(3), 600, 30 * HOUR)  # a halt
    frozen = flat(frozen, 1500, N)  # and the end
    two = pl.concat(
        [walk(4, 500), walk(5, N, 900.0).filter(pl.col("t") >= 500 + 60 * HOUR)]
    )  # a second coin under the name
    unit = at(walk(6, price=0.001), 1400, N, **dict.fromkeys(PRICE, 1000.0), volume=1e-3)
    ends = walk(7, 1600)
    starts = walk(8).filter(pl.col("t") >= 1000)
    back = without(walk(10), 800, 40 * HOUR)  # the same coin again, as FTT in September 2023
    quiet = flat(walk(11), 1000, 5 * HOUR).filter(pl.col("t") >= 1000)  # listed, and not traded
    # a bar every other hour, for more than a day: no hour of them is worth anything
    sparse = walk(12).filter(~pl.col("t").is_between(1300, 1660) | (pl.col("t") % 24 == 6))
    doubled = walk(9)
    doubled = pl.concat([doubled[:300], doubled[290:]])  # ten rows stand twice
    second = {
        "GAPS": at(walk(1), 0, N, close=1.0002),
        "SPIKES": at(walk(2), 1100, N, **dict.fromkeys(PRICE, 0.7)),
        "TWO": two,
    }
    primary = {
        "GAPS": gaps,
        "SPIKES": spikes,
        "FROZEN": frozen,
        "TWO": two,
        "UNIT": unit,
        "ENDS": ends,
        "BACK": back,
        "STARTS": starts,
        "SPARSE": sparse,
        "QUIET": quiet,
        "DOUBLED": doubled,
    }
    return Files(primary, second)


def stamped(rows: pl.DataFrame, end: int) -> pl.DataFrame:
    """Return the rows before a bar with their times."""
    stamp = pl.from_epoch(START_MS + pl.col("t") * BAR_MS, time_unit="ms")
    return rows.filter(pl.col("t") < end).select(
        stamp.dt.replace_time_zone("UTC").alias("ts"), pl.exclude("t")
    )


def thousand(rows: pl.DataFrame) -> pl.DataFrame:
    return scaled(rows, Fraction(1000))


def panel_of(files: Files, end: int, where, start: int = 0, minutes: int = 5) -> Panel:
    """Return the panel from a bar on, made from the rows before another."""
    folders = []
    for name, frames in (("one", files.primary), ("two", files.second)):
        rows = {symbol: stamped(frame, end) for symbol, frame in frames.items()}
        folders.append(store(where / name, **{s: f for s, f in rows.items() if f.height}))
    panel = load(
        PanelSpec(
            (Source(folders[0], "binance_spot", "spot"), Source(folders[1], "kraken_spot", "spot")),
            drop_last=False,
            start=datetime.fromtimestamp((START_MS + start * BAR_MS) / 1e3, UTC) if start else None,
            accept_failed=True,
            bar_minutes=minutes,
        )
    )
    assert panel.n_bars == end * 5 // minutes - start * 5 // minutes
    return panel


def made(files: Files, end: int, where, start: int = 0, minutes: int = 5) -> dict[str, np.ndarray]:
    return arrays_of(panel_of(files, end, where, start, minutes))


def arrays_of(panel: Panel) -> dict[str, np.ndarray]:
    """Return each coin's arrays: of the market both venues, taker volumes, and membership."""
    arrays = {}
    for c, symbol in enumerate(panel.symbols):
        parts = [getattr(panel.market, name) for name in panel.market._fields]
        arrays[symbol] = np.stack([part[:, v, c] for part in parts for v in (0, 1)])
        taker = panel.bars.taker_buy[:, c]
        arrays[symbol] = np.concatenate([arrays[symbol], taker[None], panel.member[None, :, c]])
    return arrays


CUTS = (
    *(300, 295, 401, 405, 411, 412, 505, 511, 512, 513, 605, 612, 614, 701),
    *(560, 650, 600 + 24 * HOUR - 1, 600 + 24 * HOUR + 1, 600 + 30 * HOUR + 5),
    *(901, 902, 1001, 1002, 1003, 1101, 1102, 1301, 1302, 1205, 1212, 1215, 1240),
    *(500 + 60 * HOUR + 1, 1401, 1500 + 23 * HOUR, 1500 + 26 * HOUR, 1603, 1615, 1700),
    # in a hole of 40 hours, about when it has been silent for a day, and once it is over
    *(803, 811, 812, 800 + DAY, 811 + DAY, 812 + DAY, 800 + 30 * HOUR, 801 + 40 * HOUR),
    *(1030, 1059, 1061),
    *(1599 + DAY, 1600 + DAY, 1611 + DAY, 1612 + DAY, N - 1),
)


def held_against(then: Panel, whole: Panel, end: int) -> dict[str, bool]:
    """Compare a panel with the later one cut at its end; return who is gone in it."""
    cut = part(whole, 0, then.n_bars)
    known, later = arrays_of(then), arrays_of(cut)
    ended = dict(zip(cut.symbols, cut.delisted_k.tolist(), strict=True))
    for symbol, arrays in later.items():
        if symbol not in known:
            assert symbol in {"TWO.2", "STARTS", "QUIET"}
            assert not (arrays[STATUS] > 0).any()
            assert not arrays[MEMBER].any()
            assert ended[symbol] == NEVER
    gone = {}
    for symbol, ended_k in zip(then.symbols, then.delisted_k.tolist(), strict=True):
        np.testing.assert_array_equal(known[symbol], later[symbol], f"{symbol} at {end}")
        assert ended[symbol] == ended_k, f"{symbol} at {end}"
        gone[symbol] = ended_k != NEVER
    np.testing.assert_array_equal(then.quote_usd, cut.quote_usd)
    return gone


EVERY = pytest.param(1, marks=pytest.mark.slow, id="every cut")
THIRD = pytest.param(3, id="a third of the cuts")


@pytest.mark.parametrize("step", [THIRD, EVERY])
def test_a_panel_made_then_is_the_later_one_cut_there(files, tmp_path, step):
    whole = panel_of(files, N, tmp_path / "whole")
    assert {"SPIKES", "FROZEN", "UNIT", "STARTS", "DOUBLED", "GAPS", "TWO.2"} < set(whole.symbols)
    said = set()
    for end in sorted(CUTS)[::step]:
        then = panel_of(files, end, tmp_path / f"{end}")
        said |= set(held_against(then, whole, end).items())
    # of FROZEN no price has lacked for a day; a pause is an end until it is over
    assert {symbol for symbol, is_gone in said if is_gone} <= {"TWO", "ENDS", "BACK"}
    if step == 1:
        ends = {(symbol, is_gone) for symbol in ("BACK", "ENDS", "TWO") for is_gone in (0, 1)}
        assert ends < said
    assert {s for s, k in zip(whole.symbols, whole.delisted_k, strict=True) if k != NEVER} == {
        "TWO",
        "ENDS",
    }


@pytest.mark.parametrize("step", [THIRD, EVERY])
@pytest.mark.parametrize("minutes", [15, pytest.param(60, marks=pytest.mark.slow)])
def test_longer_bars_made_then_are_the_later_ones_cut_there(files, tmp_path, minutes, step):
    whole = panel_of(files, N, tmp_path / "whole", minutes=minutes)
    assert {"TWO.2", "STARTS", "ENDS"} < set(whole.symbols)
    seen = {value for each in arrays_of(whole).values() for value in np.unique(each[STATUS])}
    assert seen == {0.0, 1.0, 2.0}
    cuts = {*CUTS, 1000, 1001, 1008, 1009, 1020, 1600, 1604, 1608, 1612, 1613}
    for end in sorted(cuts)[::step]:
        then = panel_of(files, end, tmp_path / f"{end}", minutes=minutes)
        assert then.n_bars == end * 5 // minutes
        held_against(then, whole, end)


@pytest.mark.parametrize("how", [load, keep])
def test_marks_of_finished_files_are_cut_with_them(tmp_path, how):
    """``drop_last=False`` says of every file that its last row is whole, of marks too."""

    def made_of(end: int) -> Panel:
        place = tmp_path / f"{end}"
        rows, marks = bars(end), bars(end, price=103.0).drop("volume")
        folders = store(place / "bars", A=rows, B=rows), store(place / "mark", A=marks, B=marks)
        source = Source(folders[0], "binance_usdm", "perp", mark=folders[1])
        spec = PanelSpec((source,), assume_funding=0.0, drop_last=False)
        return how(spec) if how is load else how(spec, place / "kept")

    whole = made_of(DAY).market.mark[:]
    for end in (2, 25, 100, DAY - 1):
        then = made_of(end)
        np.testing.assert_array_equal(then.market.mark[:], whole[:end])
        assert (then.market.mark[:] > then.market.close[:] + 2.0).all()


@pytest.mark.parametrize(("how", "minutes"), [(load, 5), (keep, 60)])
def test_a_multiple_is_one_from_when_it_was_known(tmp_path, how, minutes):
    """Its name says so at once, prices with their 20th common bar, and never of another coin.

    One is listed in the middle, and its first prices are far from the other venue's; of one a
    second pair in other money bears it out before the first does.
    """
    ratio = np.where(np.arange(DAY) < 150, 1.4, 1.0)
    coin = walk(21, DAY, 1e-3)
    prices = [pl.col(name) * ratio for name in PRICE]
    rows = {
        "one": {"1000AUSDT": thousand(coin), "1000BEEUSDT": thousand(coin), "1000CUSDT": walk(22)},
        "two": {
            "AUSDT": coin.with_columns(prices).filter(pl.col("t") >= 120),
            "BEEUSD": coin.filter(pl.col("t") >= 40),
            "BEEUSDT": coin.filter(pl.col("t") >= 60),
            "CUSDT": walk(23),
        },
    }

    def made_of(end: int) -> Panel:
        place = tmp_path / f"{end}"
        folders = {
            name: store(place / name, **{s: stamped(f, end) for s, f in each.items()})
            for name, each in rows.items()
        }
        sources = (
            Source(folders["one"], "binance_usdm", "perp", mark=folders["one"]),
            Source(folders["two"], "bybit_linear", "perp", mark=folders["two"]),
        )
        spec = PanelSpec(sources, assume_funding=1e-4, drop_last=False, bar_minutes=minutes)
        return load(spec) if how is load else keep(spec, place / "kept")

    whole = made_of(DAY)
    close = whole.market.close[:][:, 1]
    known = [int(np.isfinite(close[:, c]).argmax()) * minutes // 5 for c in (0, 1)]
    assert known == ([199, 59] if minutes == 5 else [192, 48])  # of 80 bars, and of 20
    assert np.isnan(close[:, 2]).all()
    for end in (48, 59, 60, 199, 200, 216):
        then, n = made_of(end), end * 5 // minutes
        for name in ("close", "status", "mark", "funding", "volume"):
            np.testing.assert_array_equal(
                getattr(then.market, name)[:], getattr(whole.market, name)[:n], f"{name} at {end}"
            )


@pytest.mark.parametrize("step", [THIRD, EVERY])
def test_longer_bars_from_a_start_are_those_of_the_whole_from_there(files, tmp_path, step):
    whole = made(files, N, tmp_path / "whole", minutes=60)
    for start in sorted({cut // HOUR * HOUR for cut in CUTS})[::step]:
        part = made(files, N, tmp_path / f"{start}", start, 60)
        for symbol, arrays in whole.items():
            if symbol in part:
                np.testing.assert_array_equal(
                    part[symbol], arrays[:, start // HOUR :], f"{symbol} from {start}"
                )
            else:  # left out and named: nothing of it trades from there on
                assert not (arrays[VOLUME, start // HOUR :] > 0.0).any()


@pytest.mark.parametrize("step", [THIRD, EVERY])
@pytest.mark.parametrize("end", [pytest.param(N, marks=pytest.mark.slow), 1500 + 26 * HOUR])
def test_a_panel_from_a_start_is_the_whole_one_from_there(files, tmp_path, end, step):
    whole = made(files, end, tmp_path / "whole")
    for start in sorted(CUTS)[::step]:
        if start >= end:
            continue
        part = made(files, end, tmp_path / f"{start}", start)
        for symbol, arrays in whole.items():
            if symbol in part:
                np.testing.assert_array_equal(
                    part[symbol], arrays[:, start:], f"{symbol} from {start}"
                )
            else:  # left out and named: nothing of it trades from there on
                assert not (arrays[VOLUME, start:] > 0.0).any()


def test_the_flaws_are_there(files, tmp_path):
    whole = made(files, N, tmp_path)
    names = [name for name in ("open", "high", "low", "close") for _ in (0, 1)]
    close = names.index("close")
    spikes = whole["SPIKES"]
    for row, is_there in ((900, False), (1000, False), (1001, False), (1300, False)):
        carried = spikes[close, row] == spikes[close, row - 1]
        assert carried != is_there
    assert spikes[close, 1100] / spikes[close, 1099] == pytest.approx(0.7, abs=0.01)
    assert whole["UNIT"][close].max() < 0.01
    assert np.isnan(whole["FROZEN"][close, 600 + 26 * HOUR])
