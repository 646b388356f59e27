"""Integer cost lines and how they are shared at zero."""

from __future__ import annotations

import pytest

from quorate.backtest.booking import cost_lines, part, rest
from quorate.backtest.quotes import resting, settled
from quorate.core.ledger import Costs


def test_a_sale_below_its_decision_price_is_a_delay_paid() -> None:
    child = resting(-10, 99.0, 100.0, 99.5, 2.0, 1, 4, 1, 0)
    costs = cost_lines(child, -1.0)
    assert costs == Costs(delay=100000000, spread=-50000000, impact=0, latency=0, fee=1990000)


def test_a_settlement_costs_only_its_haircut() -> None:
    child = settled(-10, 99.0, 4.95, 13, 0)
    assert cost_lines(child, -1.0) == Costs(0, 0, 0, 0, 0)
    assert child.haircut == 4.95
    assert child.price == child.arrival == child.decision_price


@pytest.mark.parametrize("share", [0.0, 1.0 / 3.0, 0.5, 0.999999, 1.0])
def test_parts_sum_to_the_whole(share: float) -> None:
    whole = Costs(delay=-7, spread=1, impact=3, latency=0, fee=123_456_789_012_345_679)
    taken = part(whole, share)
    left = rest(whole, taken)
    assert [a + b for a, b in zip(taken, left, strict=True)] == list(whole)
    if share == 1.0:
        assert taken == whole
