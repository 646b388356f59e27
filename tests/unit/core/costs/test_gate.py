"""Spec 4: reject where edge less cost is below the margin."""

from math import nan, nextafter

import pytest

from quorate.core.costs.gate import clears


@pytest.mark.parametrize(
    ("edge", "traded"), [(25.0, True), (21.0, True), (nextafter(21.0, 0.0), False), (-30.0, False)]
)
def test_equality_trades(edge: float, traded: bool) -> None:
    assert clears(edge, 18.0, 3.0) is traded


def test_what_is_unknown_is_refused() -> None:
    assert not clears(nan, 18.0, 3.0)
    assert not clears(25.0, nan, 3.0)


def test_a_short_that_earns_funding_clears_where_a_long_does_not() -> None:
    assert clears(20.0, 15.1, 3.0)
    assert not clears(20.0, 18.1, 3.0)
