"""The rules are checked where they enter."""

from __future__ import annotations

import pytest

from quorate.backtest import rules
from quorate.core.costs import components
from quorate.core.risk import breakers, exits


def test_defaults_are_within_their_own_bounds() -> None:
    made = rules.params()
    assert rules.params(**{name: getattr(made, name) for name in rules.BOUNDS}) == made


def test_the_decision_and_the_exchange_share_their_objects() -> None:
    costs, ends, limits = components.Params(), exits.Params(), breakers.Params()
    made = rules.params(costs, ends, limits)
    assert (made.costs, made.exits, made.breakers) == (costs, ends, limits)
    assert made.costs is costs


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delisting_haircut", 5.0),
        ("liquidation_fee", -0.1),
        ("gap_mult", 0.5),
        ("bar_hours", float("nan")),
        ("tips_per_bar", 0),
    ],
)
def test_a_value_out_of_bounds_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        rules.params(**{name: value})


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(ValueError, match="no rule 'slippage'"):
        rules.params(slippage=1.0)


def test_types_stay_what_kernels_expect() -> None:
    made = rules.params(tips_per_bar=3, gap_mult=2)
    assert isinstance(made.tips_per_bar, int)
    assert isinstance(made.gap_mult, float)


def test_counts_have_a_place_each() -> None:
    assert [int(what) for what in rules.Count] == list(range(rules.N_COUNTS))
    assert rules.init(1, 1).counts.shape == (rules.N_COUNTS,)


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0)])
def test_an_exchange_has_a_venue_and_a_coin(sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="needs a venue and a coin"):
        rules.init(*sizes)
