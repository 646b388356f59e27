import math

import pytest

from quorate.core.routing import Params, params
from quorate.core.routing.rank import score

PARAMS = Params()


@pytest.mark.parametrize(
    ("spread", "queue", "latency", "reliability", "depth", "expected"),
    [
        (0.0, 0.0, 0.0, 1.0, 1.0, 1.0),
        (10.0, 1.0, 1e9, 0.0, 0.0, 0.3 / math.e),
        (1e9, 0.25, 1e9, 0.0, 0.0, 0.2 * 0.75),
        (1e9, 1.0, 200.0, 0.0, 0.0, 0.2 / math.e),
        (1e9, 1.0, 1e9, 0.8, 0.0, 0.15 * 0.8),
        (1e9, 1.0, 1e9, 0.0, 0.5, 0.15 * 0.5),
        (1e9, 5.0, 1e9, 0.0, 9.0, 0.15),
    ],
)
def test_score_is_the_weighted_sum_of_absolute_terms(
    *, spread, queue, latency, reliability, depth, expected
):
    got = score(spread, queue, latency, reliability, depth, PARAMS)
    assert got == pytest.approx(expected, abs=1e-12)


def test_what_is_not_known_is_worth_nothing():
    nan = math.nan
    assert score(nan, nan, nan, nan, nan, PARAMS) == 0.0
    assert score(0.0, nan, 0.0, 1.0, 1.0, PARAMS) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("minutes", "bars"), [(1.0, (30, 240, 5)), (5.0, (6, 48, 1)), (60.0, (1, 4, 1))]
)
def test_durations_become_bars(minutes, bars):
    made = params(bar_minutes=minutes)
    assert (made.schedule_bars, made.longest_bars, made.timeout_bars) == bars


def test_default_params_are_those_of_five_minutes():
    assert params() == Params()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"weight_spread": 0.5}, "sum to"),
        ({"participation": 0.5}, "participation"),
        ({"speed": 1.0}, "no setting 'speed'"),
        ({"collar_bps": math.nan}, "collar_bps"),
        ({"schedule_hours": 0.0}, "schedule_hours"),
    ],
)
def test_params_out_of_bounds_are_refused(overrides, message):
    with pytest.raises(ValueError, match=message):
        params(**overrides)


def test_the_seed_stays_an_integer():
    assert isinstance(params(seed=7).seed, int)
