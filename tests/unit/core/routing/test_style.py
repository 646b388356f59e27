import math

import pytest

from quorate.core.routing import Params
from quorate.core.routing.style import n_bars, style
from quorate.core.types import Placement, Schedule, Style

PARAMS = Params()
SMALL, LARGE, HUGE = 1_000.0, 60_000.0, 200_000.0
VOLUME = 1e6


@pytest.mark.parametrize(
    ("order", "persistence", "spread", "schedule", "placement", "iceberg", "word"),
    [
        (SMALL, 0.5, 5.0, Schedule.IMMEDIATE, Placement.MARKETABLE, False, Style.LIMIT),
        (SMALL, 0.5, 11.0, Schedule.IMMEDIATE, Placement.POST_ONLY, False, Style.POST_ONLY),
        (SMALL, 0.8, 5.0, Schedule.TWAP, Placement.MARKETABLE, False, Style.TWAP),
        (SMALL, 0.8, 11.0, Schedule.TWAP, Placement.POST_ONLY, False, Style.TWAP),
        (LARGE, 0.5, 5.0, Schedule.IMMEDIATE, Placement.MARKETABLE, True, Style.ICEBERG),
        (LARGE, 0.8, 5.0, Schedule.TWAP, Placement.MARKETABLE, True, Style.ICEBERG),
        (HUGE, 0.8, 11.0, Schedule.POV, Placement.POST_ONLY, True, Style.POV),
    ],
)
def test_style_by_the_rules_and_their_precedence(
    *, order, persistence, spread, schedule, placement, iceberg, word
):
    got = style(order, VOLUME, persistence, spread, False, PARAMS)
    assert got == (schedule, placement, iceberg, word)


@pytest.mark.parametrize("order", [SMALL, LARGE, HUGE])
def test_what_reduces_risk_takes_at_once(order):
    got = style(order, VOLUME, 0.9, 50.0, True, PARAMS)
    assert got == (Schedule.IMMEDIATE, Placement.MARKETABLE, False, Style.MARKET)


def test_thresholds_themselves_are_not_above():
    got = style(50_000.0, 500_000.0, 0.7, 10.0, False, PARAMS)
    assert got == (Schedule.IMMEDIATE, Placement.MARKETABLE, False, Style.LIMIT)


@pytest.mark.parametrize("volume", [0.0, math.nan])
def test_an_order_into_an_unknown_volume_follows_the_volume(volume):
    assert style(SMALL, volume, 0.9, 5.0, False, PARAMS)[0] == Schedule.POV


def test_unknown_persistence_and_spread_choose_the_plain_way():
    got = style(SMALL, VOLUME, math.nan, math.nan, False, PARAMS)
    assert got == (Schedule.IMMEDIATE, Placement.MARKETABLE, False, Style.LIMIT)


@pytest.mark.parametrize(
    ("schedule", "order", "bar_volume", "expected"),
    [
        (Schedule.IMMEDIATE, HUGE, 1.0, 1),
        (Schedule.TWAP, SMALL, 1.0, 6),
        (Schedule.POV, 10_000.0, 50_000.0, 2),
        (Schedule.POV, 10_001.0, 50_000.0, 3),
        (Schedule.POV, 1.0, 1e9, 1),
        (Schedule.POV, HUGE, 1.0, 48),
        (Schedule.POV, SMALL, math.nan, 48),
    ],
)
def test_a_parent_lasts_as_long_as_its_schedule_needs(schedule, order, bar_volume, expected):
    assert n_bars(int(schedule), order, bar_volume, PARAMS) == expected
