"""Prices: what is refused, and what a panel gives."""

import numpy as np
import pytest

from quorate.lake.synthetic import synthetic
from quorate.research.prices import of, prices

FLAT = np.full((3, 2), 100.0)
STATE = np.ones((3, 2), np.int8)


def test_a_panel_gives_its_arrays_without_copies():
    panel = synthetic(n_coins=3, days=1, seed=1)
    found = of(panel)
    assert np.shares_memory(found.close, panel.bars.close)
    assert (found.k0, found.bar_minutes, found.n_bars, found.n_coins) == (panel.k0, 5, 288, 3)
    assert found.silent_bars == 24 * 60 // panel.bar_minutes


def test_what_kernels_cannot_write_is_copied():
    still = FLAT.copy()
    still.setflags(write=False)
    found = prices(still, FLAT, FLAT, FLAT.T.copy().T, STATE, k0=0)
    assert found.open.flags.writeable
    assert found.close.flags.c_contiguous


@pytest.mark.parametrize("minutes", [0, 7, 120, -5])
def test_a_bar_divides_the_hour(minutes):
    with pytest.raises(ValueError, match=f"bar_minutes is {minutes}, it must divide 60"):
        prices(FLAT, FLAT, FLAT, FLAT, STATE, k0=0, bar_minutes=minutes)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="give one, \\(time, coin\\)"):
        prices(FLAT, FLAT, FLAT, FLAT[:2], STATE, k0=0)
    with pytest.raises(ValueError, match=r"silent_hours is 0\.0, it must be above 0"):
        prices(FLAT, FLAT, FLAT, FLAT, STATE, k0=0, silent_hours=0.0)
