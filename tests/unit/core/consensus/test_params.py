import numpy as np
import pytest

from quorate.core.consensus import Pool, Weighting, params
from quorate.core.consensus.params import SETTINGS


def test_defaults_are_those_of_the_specification():
    given = params()
    assert (given.k, given.window, given.half_life_days) == (0.75, 100, 30.0)
    assert (given.quorum, given.min_families, given.mix) == (0.34, 2, 0.0)
    assert (given.weighting, given.pool) == (Weighting.SPEC, Pool.LINEAR)


@pytest.mark.parametrize(
    ("minutes", "bars"), [(1, (60, 1440, 240)), (5, (12, 288, 48)), (60, (1, 24, 4))]
)
def test_durations_become_bars(minutes, bars):
    given = params(minutes)
    assert (given.bars_per_hour, given.bars_per_day, given.horizon_bars) == bars


def test_every_value_has_the_plain_type_of_its_default():
    for name, (default, _, _) in SETTINGS.items():
        assert type(getattr(params(**{name: default}), name)) is type(default)
    assert type(params(window=np.float64(50.0)).window) is int


@pytest.mark.parametrize("name", SETTINGS)
def test_a_value_outside_its_bounds_is_refused_by_name(name):
    _, low, high = SETTINGS[name]
    for value in (low - 1, high + 1, float("nan")):
        with pytest.raises(ValueError, match=rf"{name} is .*; choose"):
            params(**{name: value})


def test_other_mistakes_say_what_to_do():
    with pytest.raises(ValueError, match="divisor of 60"):
        params(7)
    with pytest.raises(ValueError, match="whole number of bars"):
        params(5, horizon_hours=0.03)
    with pytest.raises(ValueError, match="choose one of"):
        params(qorum=0.3)
    with pytest.raises(ValueError, match="not a whole number"):
        params(window=99.5)
