"""Nothing that happens after a bar can change what was decided on it, or before it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from tests.parity.market import LIVELY, Case, case, fold

from quorate.backtest.fills import Column
from quorate.core.types import Bar
from quorate.lake.synthetic import synthetic

DAYS = 25
FIRST = 17 * 288  # from here on it trades


@pytest.fixture(scope="module")
def made() -> Case:
    return case(synthetic(n_coins=5, days=DAYS, planted_edge=4.0), (0, 0, 1, 1), **LIVELY)


@pytest.fixture(scope="module")
def whole(made: Case) -> dict[str, np.ndarray]:
    return fold(made)


def prices(panel: Any, after: slice) -> None:
    """Draw other prices, which also draws other votes."""
    rng = np.random.default_rng(1)
    factor = np.exp(np.cumsum(rng.normal(0.0, 0.01, panel.bars.close[after].shape), axis=0))
    for name in ("open", "high", "low", "close"):
        getattr(panel.bars, name)[after] *= factor
        getattr(panel.market, name)[after, 0] *= factor
    panel.market.mark[after, 0] *= factor


def volumes(panel: Any, after: slice) -> None:
    for array in (panel.bars.volume, panel.bars.taker_buy, panel.market.volume):
        array[after] *= 7.0
    panel.bars.taker_buy[after] *= 0.1


def funding(panel: Any, after: slice) -> None:
    panel.bars.funding_rate[after] = 0.01
    panel.bars.basis_bps[after] += 90.0
    panel.market.funding[after] += 0.002


def spreads(panel: Any, after: slice) -> None:
    panel.bars.spread_bps[after] = 60.0
    panel.market.spread_bps[after] = 60.0


def universe(panel: Any, after: slice) -> None:
    panel.member[after, :3] = 0
    panel.quote_usd[after] = 0.9


def holes(panel: Any, after: slice) -> None:
    for array in (*panel.bars[:-1], *panel.market[:-1]):
        array[after] = np.nan
    panel.bars.status[after] = Bar.ABSENT
    panel.market.status[after] = Bar.ABSENT


def changed(made: Case, change: Any, first: int) -> Case:
    """Return the case with every input changed from a row on."""
    panel = copy.deepcopy(made.panel)
    change(panel, slice(first, None))
    return made._replace(panel=panel)


CHANGES = [prices, volumes, funding, spreads, universe, holes]


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_later_changes_nothing_before_it(
    change: Any, made: Case, whole: dict[str, np.ndarray]
) -> None:
    seed = CHANGES.index(change)
    cut = int(np.random.default_rng(seed).integers(FIRST, made.panel.n_bars - 300))
    # in one block, so that the rows changed later stand beside the ones that may not read them
    found = fold(changed(made, change, cut))
    early = []
    for name, array in whole.items():
        if name.startswith("fills."):
            n = int((whole["fills.whole"][:, Column.K] < made.panel.k0 + cut).sum())
            early.append((name, array[:n], found[name][:n]))
            assert n > 5
        else:
            early.append((name, array[:cut], found[name][:cut]))
    assert [name for name, one, other in early if one.tobytes() != other.tobytes()] == []
    seen = {name for name, array in whole.items() if array.tobytes() != found[name].tobytes()}
    assert "decisions.code" in seen  # and the change did matter afterwards


def test_a_look_ahead_would_be_seen(made: Case, whole: dict[str, np.ndarray]) -> None:
    """The very bar that is changed differs: the cut is not one bar too early."""
    cut = 20 * 288
    found = fold(changed(made, prices, cut))
    assert found["features"][cut].tobytes() != whole["features"][cut].tobytes()
    assert found["decisions.number"][cut].tobytes() != whole["decisions.number"][cut].tobytes()
