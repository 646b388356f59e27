"""Settlements land on the bar at whose close they are paid."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.lake.builders import START_MS, settlements, store

from quorate.errors import SchemaError
from quorate.lake import funding, layout
from quorate.lake.grid import Grid

HOUR = 3_600_000


def settle(hours, rates):
    at = START_MS + (np.asarray(hours, dtype=float) * HOUR).astype(np.int64)
    return funding.Settlements("set/A.parquet", at, np.asarray(rates, dtype=float))


def test_a_settlement_is_paid_at_the_close_it_falls_on():
    laid = funding.lay(settle([1], [3e-4]), Grid(START_MS, 5, 24))
    assert np.flatnonzero(laid.settled).tolist() == [11]  # the bar from 00:55 to 01:00
    assert laid.settled[11] == 3e-4


def test_a_settlement_within_a_bar_is_paid_at_that_bars_close():
    laid = funding.lay(settle([1.01], [3e-4]), Grid(START_MS, 5, 24))
    assert np.flatnonzero(laid.settled).tolist() == [12]


def test_several_settlements_in_one_bar_add_up():
    laid = funding.lay(settle([0.25, 0.5, 1.0], [1e-4, 2e-4, 4e-4]), Grid(START_MS, 60, 3))
    np.testing.assert_allclose(laid.settled, [7e-4, 0, 0])


def test_settlements_outside_the_grid_are_not_paid():
    laid = funding.lay(settle([-8, 0, 8], [1e-4] * 3), Grid(START_MS, 60, 5))
    assert laid.settled.tolist() == [0.0] * 5


def test_a_rate_is_known_from_its_settlement_on():
    laid = funding.lay(settle([0, 8, 16], [1e-4, 2e-4, 3e-4]), Grid(START_MS, 60, 17))
    assert laid.rate[6] == 1e-4  # closes at 07:00
    assert laid.rate[7] == 2e-4  # closes at 08:00, the instant of settlement
    assert laid.rate[15] == 3e-4


def test_before_the_first_settlement_nothing_is_known():
    laid = funding.lay(settle([8], [1e-4]), Grid(START_MS, 60, 10))
    assert np.isnan(laid.rate[:7]).all()
    assert np.isnan(laid.hours[:7]).all()
    assert laid.rate[7] == 1e-4


@pytest.mark.parametrize("every", [1, 4, 8])
def test_the_interval_comes_from_the_times(every):
    at = np.arange(0, 48, every)
    laid = funding.lay(settle(at, np.full(at.size, 1e-4)), Grid(START_MS, 60, 48))
    # the second settlement says how long an interval is, and not before
    assert (laid.hours[every:] == every).all()
    assert set(laid.hours[:every]) <= {8.0, float(every)}


def test_an_interval_is_not_known_from_the_settlement_after():
    """Cut between the first two settlements, the first hours are what they are of the whole."""
    at = np.array([4, 8, 12])
    whole = funding.lay(settle(at, np.full(3, 1e-4)), Grid(START_MS, 60, 24))
    then = funding.lay(settle(at[:1], np.full(1, 1e-4)), Grid(START_MS, 60, 6))
    np.testing.assert_array_equal(then.hours, whole.hours[:6])
    assert whole.hours[6] == 8.0
    assert whole.hours[8] == 4.0


def test_a_hole_keeps_the_interval_and_the_rate_goes_stale_after_a_day():
    laid = funding.lay(settle([0, 8, 100], [1e-4, 2e-4, 3e-4]), Grid(START_MS, 60, 100))
    known = np.flatnonzero(~np.isnan(laid.rate)) + 1  # hours of the close
    assert known.max() == 100
    assert known[known < 100].max() == 8 + 24
    assert laid.hours[99] == 8.0


def test_one_settlement_counts_as_eight_hours():
    assert funding.interval_hours(np.array([START_MS])).tolist() == [8.0]


def test_no_settlement_means_unknown():
    laid = funding.lay(settle([], []), Grid(START_MS, 60, 4))
    assert np.isnan(laid.rate).all()
    assert (laid.settled == 0).all()


@pytest.mark.parametrize("minutes", [5, 60])
def test_the_assumed_rate_settles_at_00_08_and_16(minutes):
    per_hour = 60 // minutes
    grid = Grid(START_MS, minutes, 24 * per_hour)
    empty = np.full(grid.n_bars, np.nan)
    filled = funding.assume(funding.Funding(np.zeros(grid.n_bars), empty, empty), 1e-4, grid)
    paid_at = (np.flatnonzero(filled.settled) + 1) / per_hour
    assert paid_at.tolist() == [8, 16, 24]
    assert (filled.rate == 1e-4).all()
    assert (filled.hours == 8).all()


def test_assuming_leaves_known_rates_alone():
    grid = Grid(START_MS, 60, 48)
    known = funding.lay(settle([24, 28, 32, 36, 40, 44, 48], [5e-4] * 7), grid)
    filled = funding.assume(known, 1e-4, grid)
    assert filled.settled[[7, 15]].tolist() == [1e-4, 1e-4]
    assert filled.settled[[23, 27, 31]].tolist() == [5e-4] * 3
    assert (filled.hours[27:] == 4).all()  # the second settlement says so


KEY = layout.Key("demo", "funding", "8h")


def told(tmp_path, *writes):
    """Store rows hour by hour as (settled, rate, known, or None for its own time); return files."""
    for hour, rate, known in writes:
        row = settlements([START_MS + hour * HOUR], [rate])
        when = None if known is None else START_MS + int(known * HOUR)
        layout.write(row, tmp_path, KEY, "A", known_at=when)
    return layout.files(layout.folder(tmp_path, KEY))["A"]


def test_a_rate_that_was_told_late_is_not_known_before(tmp_path):
    paths = told(tmp_path, (0, 1e-4, None), (8, 2e-4, 11.5), (16, 3e-4, None))
    laid = funding.lay(funding.read(paths), Grid(START_MS, 60, 18))
    assert laid.rate[:11].tolist() == [1e-4] * 11  # closes up to 11:00
    assert laid.rate[11:15].tolist() == [2e-4] * 4
    assert laid.rate[15:].tolist() == [3e-4] * 3
    assert np.flatnonzero(laid.settled).tolist() == [7, 15]  # it fell due all the same
    assert laid.settled[7] == 2e-4


def test_a_corrected_rate_is_the_old_one_until_it_is_corrected(tmp_path):
    paths = told(tmp_path, (0, 1e-4, None), (8, 2e-4, None), (8, 5e-4, 10))
    laid = funding.lay(funding.read(paths), Grid(START_MS, 60, 12))
    assert laid.rate.tolist() == [1e-4] * 7 + [2e-4] * 2 + [5e-4] * 3
    assert laid.settled[7] == 5e-4  # what was paid is what is known of it now
    before = funding.lay(funding.read(paths, START_MS + 9 * HOUR), Grid(START_MS, 60, 12))
    assert before.rate.tolist() == [1e-4] * 7 + [2e-4] * 5
    assert before.settled[7] == 2e-4


def test_the_jitter_of_a_stamp_is_no_delay(tmp_path):
    rows = settlements([START_MS + 8 * HOUR + 9, START_MS + 16 * HOUR], [1e-4, 2e-4])
    layout.write(rows[:1], tmp_path, KEY, "A")
    layout.write(rows[1:], tmp_path, KEY, "A", known_at=START_MS + 17 * HOUR)
    paths = layout.files(layout.folder(tmp_path, KEY))["A"]
    laid = funding.lay(funding.read(paths), Grid(START_MS, 60, 17))
    assert laid.rate[7] == 1e-4  # closes at 08:00
    assert laid.rate[15:].tolist() == [1e-4, 2e-4]


def test_funding_jitter_is_snapped_to_the_minute(tmp_path):
    eight = 28_800_000
    at = START_MS + np.array([9, eight + 388, 2 * eight + 30_000])
    folder = store(tmp_path, A=settlements(at, [1e-4, 2e-4, -1e-4]))
    read_back = funding.read([folder / "A.parquet"])
    assert (read_back.at_ms - START_MS).tolist() == [0, eight, 2 * eight + 30_000]


@pytest.mark.parametrize("rate", [0.51, np.nan])
def test_a_funding_rate_is_a_fraction(tmp_path, rate):
    folder = store(tmp_path, A=settlements([START_MS], [rate]))
    with pytest.raises(SchemaError, match="funding_rate is"):
        funding.read([folder / "A.parquet"])
