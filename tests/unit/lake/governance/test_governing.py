"""Rows that come in stretches become the same bars, and the same is found, as rows in one piece."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from tests.unit.lake import flawed
from tests.unit.lake.builders import START_MS, put, without

from quorate.lake.governance import Governing, Params, govern
from quorate.lake.grid import join
from quorate.lake.sources import COLUMNS

DAY = flawed.DAY
DAY_MS = 86_400_000


def in_stretches(frame, lengths, given=None, **kwargs):
    """Return what is made of stretches of so many days, the last of what is left."""
    governing = Governing("A", 5, given or Params(), **kwargs)
    day = (frame["ts"].dt.epoch("ms").to_numpy() + 150_000) // DAY_MS
    wanted = {int(day.min()) + n for n in np.cumsum(lengths).tolist()}
    # where a row stands before one of an earlier day there is no cut: the reader makes none
    clean = [n for n in sorted(wanted) if (np.diff((day >= n).astype(int)) >= 0).all()]
    edges = [int(day.min()), *(n for n in clean if n <= day.max()), int(day.max()) + 1]
    coins: dict[str, list] = {}
    for low, high in pairwise(edges):
        part = frame.filter((day >= low) & (day < high))
        for name, series in governing.step(part, is_last=high == edges[-1]):
            coins.setdefault(name, []).append(series)
    return [(name, join(parts)) for name, parts in coins.items()], governing.findings


def same(frame, lengths, given=None, **kwargs):
    """Compare with the whole, to the byte."""
    whole = govern("A", frame, 5, given, **kwargs)
    coins, findings = in_stretches(frame, lengths, given, **kwargs)
    assert [name for name, _ in coins] == [name for name, _ in whole.coins]
    for (_, mine), (_, theirs) in zip(coins, whole.coins, strict=True):
        for name in COLUMNS:
            assert getattr(mine, name).tobytes() == getattr(theirs, name).tobytes(), name
    assert findings.equals(whole.findings)
    return whole


def unit(frame, first, power):
    """Return bars in another unit from a row on, prices and volumes."""
    factor, is_late = 10.0**power, pl.int_range(pl.len()) >= first
    made = flawed.scaled(frame, factor, first)
    return made.with_columns(
        pl.when(is_late).then(pl.col(name) / factor).otherwise(pl.col(name)).alias(name)
        for name in ("volume", "taker_buy_volume")
    )


def rough():
    """Return three weeks of bars in which each rule has something to say, often over midnight."""
    frame = flawed.noisy(21, 21 * DAY)
    spike = dict.fromkeys(("open", "high", "low", "close"), 150.0)
    spike |= {"high": 151.0, "volume": 0.0, "taker_buy_volume": 0.0}
    for row in (8 * DAY - 2, 8 * DAY - 1, 10 * DAY - 1, 12 * DAY, 12 * DAY + 1, 12 * DAY + 2):
        frame = put(frame, row, **spike)
    frame = pl.concat([frame[: 9 * DAY], frame[9 * DAY - 1 :]])  # midnight's last row twice
    frame = unit(unit(frame, 11 * DAY, 3), 15 * DAY + 7, -2)
    frame = without(without(frame, 13 * DAY - 5, 10), 14 * DAY - 20, 40)
    halted = flawed.still(frame[: 18 * DAY], 16 * DAY - 40)
    return pl.concat([halted, frame[18 * DAY :]])


def coarse():
    """Return bars whose first ones, late on a day, are in coarser steps than the others."""
    close = np.full(4 * DAY, 1000.0)
    close[50:] += np.round(np.random.default_rng(3).normal(0.0, 0.02, 4 * DAY - 50), 2)
    close[[3 * DAY, 3 * DAY + 99]] += 0.6
    prices = {name: pl.Series(close) for name in ("open", "high", "low", "close")}
    frame = flawed.noisy(3, 4 * DAY).with_columns(**prices)
    return frame.with_columns(ts=pl.col("ts") + pl.duration(minutes=5 * (DAY - 50)))


FRAMES = flawed.market() | {
    "COARSE": coarse(),
    "A HALT TO MIDNIGHT": pl.concat(
        [flawed.still(flawed.noisy(5)[: 3 * DAY], DAY + 7), flawed.noisy(5)[3 * DAY :]]
    ),
    "ROUGH": rough(),
    "UNSORTED IN A DAY": pl.concat(
        [rough()[: 9 * DAY + 9][::-1][: DAY + 9], rough()[9 * DAY + 9 :]]
    ),
    "QUIET START": pl.concat(
        [flawed.still(flawed.noisy(5)[: DAY + 9], 0), flawed.noisy(5)[DAY + 9 :]]
    ),
    "QUIET START, A DAY AT MOST": flawed.still(flawed.noisy(5), 0)[:DAY].vstack(
        flawed.noisy(5)[DAY:]
    ),
    "HALTS ON ONE DAY": pl.concat(
        [
            flawed.still(flawed.noisy(5)[: 3 * DAY + 50], DAY - 20),
            flawed.still(flawed.noisy(5)[3 * DAY + 50 :], 40),
        ]
    ),
    "THREE COINS": pl.concat(
        [
            flawed.noisy(1, 2 * DAY),
            flawed.scaled(flawed.noisy(2, 5 * DAY), 9.0)[4 * DAY + 270 :],
            flawed.scaled(flawed.noisy(3, 9 * DAY), 90.0)[8 * DAY :],
        ]
    ),
}
CUTS = ([1] * 30, [2] * 20, [5, 1, 3, 9], [3] * 9, [8, 4, 2, 1])


@pytest.mark.parametrize("lengths", CUTS, ids=str)
@pytest.mark.parametrize("name", FRAMES)
def test_however_it_is_cut(name, lengths):
    for kwargs in ({}, {"drop_last": True}):
        same(FRAMES[name], lengths, **kwargs)


@pytest.mark.parametrize("lengths", CUTS, ids=str)
@pytest.mark.parametrize(
    "given",
    [
        Params(z_days=1.0, z_bars=20),
        Params(z_bars=3000, revert_bars=12, suspect_z=3.0),
        Params(frozen_hours=1.0, gap_minutes=5.0, coin_hole_hours=1.0, coin_jump=1.5),
    ],
    ids=["short", "long", "touchy"],
)
def test_with_other_parameters(given, lengths):
    for name in ("ROUGH", "GAPSUSDT", "THREE COINS"):
        same(FRAMES[name], lengths, given)


@pytest.mark.parametrize("lengths", CUTS, ids=str)
def test_with_a_second_vendor(lengths):
    """It is asked with the day before, so that it may look back on it."""

    def disputed(series):
        days = (series.open_ms - START_MS) // DAY_MS
        assert series.open_ms.size <= DAY or np.diff(series.open_ms).min() > 0
        return (days % 2 == 1) & (series.close > 0.0)

    frame = rough().with_columns(volume=pl.min_horizontal("volume", pl.lit(1.0)))
    whole = same(frame, lengths, Params(suspect_z=3.0), disputed=disputed)
    assert "SPIKE_DISPUTED" in whole.findings["rule"]


def test_the_flaws_are_there():
    """The comparisons above would say little of bars in which a rule finds nothing."""
    found = set()
    for frame in FRAMES.values():
        found |= set(govern("A", frame, 5, drop_last=True).findings["rule"])
    assert found >= {
        "ROW_ORDER",
        "ROW_DOUBLED",
        "ROW_IMPOSSIBLE",
        "ROW_UNFINISHED",
        "GAP_FILLED",
        "GAP_BREAK",
        "RETURN_SUSPECT",
        "SPIKE_REVERTED",
        "SPIKE_HELD",
        "FROZEN_HALT",
        "FROZEN_END",
        "SECOND_COIN",
        "REDENOMINATED",
    }
    names = [name for name, _ in govern("A", FRAMES["THREE COINS"], 5).coins]
    assert names == ["A", "A.2", "A.3"]
