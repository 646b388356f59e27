"""A fitted edge map in a run: same bytes in any blocks, and what it replaces is the edge alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.parity.market import LIVELY, Case, case, differing, fold, leaves

from quorate.core.consensus.edge_map import EdgeMap
from quorate.lake.synthetic import synthetic

SLOPE = LIVELY["consensus"]["edge_slope"]


def edges(*values: float) -> EdgeMap:
    """Return a map of one tier over the horizon of the market below."""
    knots = np.linspace(0.0, 1.0, len(values))
    found = EdgeMap(np.zeros(0), knots[None], np.array([values]), np.sqrt([4.0 / 24.0]))
    for array in found:
        array.flags.writeable = False
    return found


@pytest.fixture(scope="module")
def stated() -> Case:
    return case(synthetic(n_coins=4, days=16, planted_edge=4.0), (0, 0, 1, 1), **LIVELY)


def mapped(made: Case, given: EdgeMap) -> Case:
    return made._replace(machine=replace(made.machine, edges=given))


@pytest.fixture(scope="module")
def bent(stated: Case) -> Case:
    return mapped(stated, edges(0.0, 0.05, 0.3, 1.0, 2.0, 4.0))


def test_blocks_of_any_size_give_the_same_bytes(bent: Case) -> None:
    whole, cut = bent.begin(), bent.begin()
    sizes = np.random.default_rng(1).integers(1, 300, 60).tolist()
    assert differing(fold(bent, memory=whole), fold(bent, sizes, cut)) == []
    assert differing(leaves(whole), leaves(cut)) == []


def test_the_stated_slope_as_a_map_decides_the_same(stated: Case) -> None:
    one, other = fold(stated), fold(mapped(stated, edges(0.0, SLOPE)))
    assert len(one["fills.whole"]) > 20
    assert other["consensus.edge_bps"] == pytest.approx(
        one["consensus.edge_bps"], rel=1e-12, nan_ok=True
    )
    assert (one["decisions.code"] == other["decisions.code"]).all()


def test_it_changes_the_edge_and_nothing_the_consensus_remembers(stated: Case, bent: Case) -> None:
    before, after = stated.begin(), bent.begin()
    one, other = fold(stated, memory=before), fold(bent, memory=after)
    of_consensus = [name for name in differing(one, other) if name.startswith("consensus.")]
    assert of_consensus == ["consensus.edge_bps"]
    assert differing(leaves(before.consensus), leaves(after.consensus)) == []


def test_scores_without_an_edge_open_nothing(stated: Case) -> None:
    found = fold(mapped(stated, edges(0.0, 0.0)))
    assert len(found["fills.whole"]) == 0
    assert np.nanmax(found["consensus.edge_bps"]) == 0.0
