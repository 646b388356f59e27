"""A perpetual has funding, known or stated as assumed; never silently none."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.lake.builders import START_MS, bars, settlements, store

from quorate.errors import DataError
from quorate.lake import PanelSpec, Source, load

HOUR = 3_600_000
N = 4 * 288


def eight_hourly(first=0, last=96, rate=2e-4):
    at = np.arange(first, last + 1, 8)
    return settlements(START_MS + at * HOUR + 9, np.full(at.size, rate))


def perp(path, funding=None, mark=None, **choices):
    return load(PanelSpec((Source(path, "okx_swap", "perp", funding, mark),), **choices))


@pytest.fixture
def folder(tmp_path):
    return store(tmp_path / "bars", A=bars(n=N + 1), B=bars(n=N + 1))


def test_a_perpetual_without_funding_is_refused(folder, tmp_path):
    with pytest.raises(DataError, match="okx_swap A: funding is unknown for 96 h, 100%") as caught:
        perp(folder)
    assert "assume_funding" in str(caught.value)
    only_a = store(tmp_path / "funding", A=eight_hourly())
    with pytest.raises(DataError, match="okx_swap B"):
        perp(folder, only_a)


def test_funding_that_covers_a_part_is_refused(folder, tmp_path):
    part = store(tmp_path / "funding", A=eight_hourly(), B=eight_hourly(last=24))
    with pytest.raises(DataError, match="okx_swap B: funding is unknown for 48 h, 50%"):
        perp(folder, part)


def test_known_funding_is_paid_and_known_at_its_stamp(folder, tmp_path):
    known = store(tmp_path / "funding", A=eight_hourly(), B=eight_hourly(rate=-1e-4))
    panel = perp(folder, known)
    assert panel.funding == ("known", "known")
    assert panel.notes == ()
    paid = np.flatnonzero(panel.market.funding[:, 0, 1])
    assert ((panel.k0 + paid) % 96 == 0).all()
    assert paid.size == 12
    assert (panel.bars.funding_rate == [2e-4, -1e-4]).all()
    assert (panel.bars.funding_hours == 8.0).all()
    assert (panel.venues.is_perp == 1).all()


def test_assumed_funding_is_said(folder):
    panel = perp(folder, assume_funding=1e-4)
    assert panel.funding == ("assumed", "assumed")
    assert panel.notes == (
        "Funding on okx_swap is assumed, not known, at 1 bps per 8 h where data lack: A, B.",
    )
    np.testing.assert_allclose(panel.market.funding.sum(axis=0), 12e-4)


def test_holes_are_filled_by_the_assumption_and_said(folder, tmp_path):
    part = store(tmp_path / "funding", A=eight_hourly(), B=eight_hourly(last=24))
    panel = perp(folder, part, assume_funding=1e-4)
    assert panel.funding == ("known", "mixed")
    assert panel.notes[0].endswith(": B.")
    # 3 settlements known after the start, one day on which the last rate holds, 6 assumed.
    np.testing.assert_allclose(panel.market.funding[:, 0, 1].sum(), 3 * 2e-4 + 6 * 1e-4)
    assert not np.isnan(panel.bars.funding_rate).any()


def test_marks_of_the_same_bars_are_used_where_known(folder, tmp_path):
    mark = store(tmp_path / "mark", A=bars(n=11, price=200.0).drop("volume"))
    panel = perp(folder, mark=mark, assume_funding=0.0)
    np.testing.assert_array_equal(panel.market.mark[:10, 0, 0], bars(n=10, price=200.0)["close"])
    np.testing.assert_array_equal(panel.market.mark[10:, 0, 0], panel.bars.close[10:, 0])
    np.testing.assert_array_equal(panel.market.mark[:, 0, 1], panel.bars.close[:, 1])
    assert panel.bars.close[0, 0] == 100.0


def test_marks_of_bars_that_do_not_fit_are_not_used_and_that_is_said(folder, tmp_path):
    mark = store(tmp_path / "mark", A=bars(n=50, minutes=7, price=200.0).drop("volume"))
    panel = perp(folder, mark=mark, assume_funding=0.0)
    np.testing.assert_array_equal(panel.market.mark, panel.market.close)
    assert "Mark prices of other bar lengths on okx_swap not used: A." in panel.notes


def test_basis_is_perpetual_over_spot(folder, tmp_path):
    rows = bars(n=N + 1)
    cheaper = rows.with_columns(rows[name] / 1.001 for name in ("open", "high", "low", "close"))
    spot = store(tmp_path / "spot", A=cheaper)
    sources = (Source(folder, "okx_swap", "perp"), Source(spot, "binance_spot", "spot"))
    panel = load(PanelSpec(sources, assume_funding=1e-4))
    np.testing.assert_allclose(panel.bars.basis_bps[:, 0], 10.0, atol=1e-9)
    assert np.isnan(panel.bars.basis_bps[:, 1]).all()
    assert panel.venues.is_perp.tolist() == [[1, 1], [0, 0]]
    assert (panel.market.funding[:, 1] == 0.0).all()
