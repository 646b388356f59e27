"""Longer bars of any shorter ones are what a walk over every part says, and never wait for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core.types import Bar
from quorate.lake.grid import take
from quorate.lake.resampling import fold
from quorate.lake.sources import COLUMNS, MINUTE_MS, Series

HOUR = 60
START = 475_000 * HOUR  # minutes since 1970, on every grid
RUNS = st.lists(
    st.tuples(st.integers(1, 90), st.one_of(st.integers(1, 20), st.integers(50, 130))),
    min_size=1,
    max_size=8,
)
"""So many minutes there, so many missing, and again."""


def series_of(runs, seed, first=0, *, is_wild=False) -> Series:
    """Return minutes of whole prices and volumes, so that sums are exact."""
    there, now = [], START + first
    for n, gap in runs:
        there += range(now, now + n)
        now += n + gap
    rng = np.random.default_rng(seed)
    opened, close = rng.integers(90, 110, (2, len(there))).astype(float)
    high = np.maximum(opened, close) + rng.integers(0, 5, len(there))
    low = np.minimum(opened, close) - rng.integers(0, 5, len(there))
    volume = rng.integers(0, 9, len(there)).astype(float)
    flat = rng.random(len(there)) < rng.choice([0.0, 0.5, 0.95])
    for row in np.flatnonzero(flat):  # nobody traded: the last price again
        close[row] = close[row - 1] if row and not is_wild else close[row]
    for prices in (opened, high, low):
        prices[flat] = close[flat]
    volume[flat] = 0.0
    taker = np.where(rng.random(len(there)) < 0.02, np.nan, np.floor(volume / 2))
    at = np.array(there, np.int64) * MINUTE_MS
    return Series("f", at, opened, high, low, close, volume, taker)


def walked(series: Series, to: int, gap: float, minutes: int = 1) -> dict[int, tuple]:
    """Return bars by their open: walk every part, and think of what stands there."""
    rows = dict(
        zip((series.open_ms // MINUTE_MS).tolist(), range(series.open_ms.size), strict=True)
    )
    bars: dict[int, dict] = {}
    first, missing = min(rows), 0
    for part in range(first // to * to, max(rows) // to * to + to, minutes):
        bar = bars.setdefault(part // to * to, {"parts": [], "cut": False, "n": 0})
        bar["n"] += 1
        if part in rows:
            bar["parts"].append(rows[part])
            missing = 0
        elif part > first:
            missing += minutes
            bar["cut"] |= missing >= gap
    told = {}
    for opens, bar in bars.items():
        parts = bar["parts"]
        if not parts:
            continue
        volume = taker = 0.0
        for row in parts:
            volume += series.volume[row]
            taker += series.taker_buy[row]
        close = series.close[parts[-1]]
        alive = [
            row for row in parts if series.volume[row] > 0 or series.high[row] > series.low[row]
        ]
        alive = alive or parts
        told[opens * MINUTE_MS] = (
            series.open[alive[0]],
            max(close, *(series.high[row] for row in alive)),
            min(close, *(series.low[row] for row in alive)),
            close,
            volume,
            taker,
            Bar.ABSENT if bar["cut"] else Bar.TRADED if len(parts) == bar["n"] else Bar.IMPUTED,
        )
    return told


def as_walked(made: Series) -> dict[int, tuple]:
    columns = [getattr(made, name) for name in (*COLUMNS, "status")]
    return {int(at): values for at, *values in zip(*columns, strict=True)}


def same(one: Series, other: Series) -> None:
    for name in (*COLUMNS, "status"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


@given(RUNS, st.integers(0, 99), st.integers(0, 130), st.sampled_from([5, 15, 30, 60]))
@settings(max_examples=150, deadline=None)
def test_bars_are_what_a_walk_over_every_part_says(runs, seed, first, to):
    series = series_of(runs, seed, first, is_wild=bool(seed % 2))
    for gap in (60.0, 7.0, 0.0):
        made, told = fold(series, 1, to, gap)
        expected = walked(series, to, gap)
        found = as_walked(made)
        assert found.keys() == expected.keys()
        for at, values in expected.items():
            np.testing.assert_array_equal(found[at], values, str(at))
        counts = {each.rule.value: each.at_ms.size for each in told}
        assert counts.get("BAR_PARTIAL", 0) == (made.status == Bar.IMPUTED).sum()
        assert counts.get("BAR_BROKEN", 0) == (made.status == Bar.ABSENT).sum()


@given(RUNS, st.integers(0, 99), st.integers(0, 130), st.sampled_from([(5, 60), (5, 15), (15, 60)]))
@settings(max_examples=150, deadline=None)
def test_twice_is_once_where_volumes_are_exact(runs, seed, first, steps):
    by, to = steps
    series = series_of(runs, seed, first)
    between, _ = fold(series, 1, by, 60.0)
    twice, _ = fold(between, by, to, 60.0)
    once, _ = fold(series, 1, to, 60.0)
    same(twice, once)


@given(RUNS, st.integers(0, 99), st.integers(0, 130), st.sampled_from([5, 60]), st.data())
@settings(max_examples=150, deadline=None)
def test_a_bar_that_has_ended_is_the_same_whatever_follows(runs, seed, first, to, data):
    series = series_of(runs, seed, first)
    cut = data.draw(st.integers(1, series.open_ms.size))
    now_ms = int(series.open_ms[cut - 1]) + MINUTE_MS
    known = take(series, slice(cut))
    later = series_of(runs, seed + 1, first)  # other values, in the same places or shuffled away
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero(rng.random(series.open_ms.size - cut) < 0.5) + cut
    other = Series(
        "f",
        *(np.concatenate([getattr(known, name), getattr(later, name)[kept]]) for name in COLUMNS),
    )
    made = [fold(each, 1, to, 60.0)[0] for each in (known, series, other)]
    ended = [take(each, each.open_ms + to * MINUTE_MS <= now_ms) for each in made]
    same(ended[0], ended[1])
    same(ended[0], ended[2])


def test_lengths_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="bars of 60 minutes cannot be made of bars of 25"):
        fold(series_of([(3, 1)], 0), 25, 60, 60.0)


def test_volumes_are_added_in_order_of_time():
    at = np.arange(5) * MINUTE_MS
    values = np.array([1e16, 1.0, 1.0, 1.0, -1e16])  # any other order gives another sum
    one = np.ones(5)
    made, _ = fold(Series("f", at, one, one, one, one, values, values), 1, 5, 60.0)
    assert made.volume.tolist() == [((((1e16 + 1.0) + 1.0) + 1.0) - 1e16)]
