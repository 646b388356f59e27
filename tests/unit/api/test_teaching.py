"""What is learned for a split knows nothing of its tests, not by the memory that weighs it either.

Bars of an hour make the proof whole and cheap: no feature here remembers longer than 34 days, so
past an embargo of 40 a market that went another way within a test and came back is the same to the
byte. The exponential mean against Bitcoin forgets last, and who reads it is left out.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.api import folding
from quorate.api.crossed import Cross
from quorate.api.crossing import histories_of
from quorate.api.extensions import named
from quorate.api.teaching import Course, taught
from quorate.core.engines.catalogue import builtin
from quorate.research.histories import walk

CROSS = Cross(n_blocks=3, n_test=1, embargo_days=40.0, warm_days=5)
AGAINST_BITCOIN = {"beta_btc", "resid_24h", "lead_gap_1h"}
BAR_DAYS = 24
PRICES = ("open", "high", "low", "close")


def settings():
    left_out = [e.name for e in builtin() if AGAINST_BITCOIN & set(e.reads)]
    return quorate.read_settings(overrides=LIVELY | {"engines.exclude": left_out})


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=260, bar_minutes=60, planted_edge=4.0)


def changed(panel, days):
    """Return a market that went another way on some days, and came back after them."""
    first, after = (int(day) * BAR_DAYS + 1 - panel.k0 for day in days)
    other = np.exp(np.random.default_rng(3).normal(0.0, 0.02, (after - first, panel.n_coins)))
    columns = {name: getattr(panel.bars, name).copy() for name in (*PRICES, "volume")}
    for column in columns.values():
        column[first:after] *= other
    return dataclasses.replace(panel, bars=panel.bars._replace(**columns))


def learned(panel, cut, threads=2, absent=""):
    """Return the fits of every split, as bytes that can be compared."""
    chosen = settings()
    engines = named(chosen)
    voters = [engine for engine in engines if engine.name != absent]
    fold = folding.begin(panel, chosen, voters)
    course = Course(panel, cut, CROSS.embargo_days, CROSS.edge)
    seer = folding.begin(panel, chosen, engines)
    found = taught(course, seer, {"one": (absent, fold)}, threads=threads)["one"]
    return [
        (cells.tobytes(), None if edges is None else [each.tobytes() for each in edges])
        for cells, edges in found
    ]


@pytest.fixture(scope="module")
def fits(panel):
    return learned(panel, histories_of(panel, CROSS))


@pytest.mark.parametrize("block", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_a_test_that_went_another_way_changes_nothing_that_is_learned_beside_it(panel, fits, block):
    cut = histories_of(panel, CROSS)
    again = learned(changed(panel, cut.days[block]), cut)
    assert all(edges is not None for _, edges in fits)
    for split, (before, after) in enumerate(zip(fits, again, strict=True)):
        cells, edges = (a == b for a, b in zip(before, after, strict=True))
        assert cells == edges == (split == block)


def test_a_walk_is_taught_by_one_memory_that_goes_on(panel):
    first = histories_of(panel, CROSS).days[0, 0]
    cut = walk(int(first), 250, train_days=100, purge_days=5, test_days=70)
    course = Course(panel, cut, CROSS.embargo_days, CROSS.edge)
    assert [course.begins(split) for split in range(len(cut.tests))] == [[], []]


def test_threads_and_an_absent_engine_change_no_byte(panel, fits):
    cut = histories_of(panel, CROSS)
    assert learned(panel, cut, threads=1) == fits
    assert learned(panel, cut, absent="momentum_day")[1] != fits[1]
