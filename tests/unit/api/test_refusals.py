"""What was refused is counted by its first gate, and edges are held against costs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from quorate.api.refusals import Refusals, together
from quorate.core.account import Code, Column
from quorate.core.types import Reason


def block(reasons, edges, costs):
    """Return a block of one coin, a bar each, as far as it is read."""
    code = np.zeros((len(reasons), len(Code), 1), np.int16)
    number = np.zeros((len(reasons), len(Column), 1))
    code[:, Code.REASON, 0], number[:, Column.COST_BPS, 0] = reasons, costs
    return SimpleNamespace(
        decisions=SimpleNamespace(code=code, number=number),
        consensus=SimpleNamespace(edge_bps=np.array(edges)[:, None]),
    )


def test_counts_and_edges_are_those_of_all_blocks_of_all_tests():
    one, other = Refusals(), Refusals()
    dear = Reason.EDGE_BELOW_COST
    one.add(block([Reason.NO_QUORUM, dear, dear], [9.0, 1.0, -2.0], [0.0, 20.0, 30.0]))
    one.add(block([Reason.ENTRY, Reason.HOLDING], [50.0, 0.0], [20.0, 0.0]))
    other.add(block([Reason.NO_QUORUM, dear], [0.0, 6.0], [0.0, 28.0]))
    found = together([one, other])
    assert found.counts == {"ENTRY": 1, "NO_QUORUM": 2, "EDGE_BELOW_COST": 3, "HOLDING": 1}
    assert found.edge_bps == pytest.approx((2.0, 5.92, 6.0))
    assert found.cost_bps == 28.0
    assert found.told().startswith("EDGE_BELOW_COST refused 43% of coin-bars, NO_QUORUM 29%; the 3")


def test_a_gate_that_stopped_nothing_has_no_edges():
    one = Refusals()
    one.add(block([Reason.NO_QUORUM, Reason.ENTRY], [1.0, 2.0], [3.0, 4.0]))
    found = together([one])
    assert found.edge_bps == ()
    assert (
        found.told() == "NO_QUORUM refused 50% of coin-bars; no signal was stopped at the cost gate"
    )
