"""The regimes of Spec 2 under the readings of METHODS 4.2 and 4.3."""

import numpy as np
import pytest

from quorate.core import regime
from quorate.core.regime.classify import base_label
from quorate.core.types import Bar, Hazard, Regime

ROWS = regime.Rows(*range(7))
FIELDS = ("adx", "vol", "ret", "efficiency", "ratio_hour", "ratio_day", "spread")
CALM = {
    "adx": 22.0,
    "vol": 0.02,
    "ret": 0.0,
    "efficiency": 0.1,
    "ratio_hour": 1.0,
    "ratio_day": 1.0,
    "spread": 5.0,
}
PANIC = {"vol": 0.06, "ret": -0.05, "ratio_day": 1.6}


def classify(bars, minutes=5, k0=1, status=None, **options):
    """Return label, hazards and ready of one coin over bars given as changes to a calm one."""
    params = regime.params(minutes, ROWS, **options)
    n_bars = len(bars)
    values = np.array([[[{**CALM, **bar}[name]] for name in FIELDS] for bar in bars])
    if status is None:
        status = np.full((n_bars, 1), int(Bar.TRADED), np.int8)
    found = [np.full((n_bars, 1), 99, np.int8) for _ in range(3)]
    state = regime.init(1, params)
    regime.scan(values, status, k0, state, params, *found)
    return tuple(array[:, 0].tolist() for array in found)


def labels(bars, **options):
    return [Regime(code).name for code in classify(bars, **options)[0]]


TREND = {"adx": 26.0, "ret": 0.03}
RANGE = {"adx": 19.0}


@pytest.mark.parametrize(
    ("bar", "label"),
    [
        ({}, "NEUTRAL"),  # ADX between 20 and 25
        (TREND, "TREND"),
        ({"adx": 26.0, "ret": -0.03}, "TREND"),  # falling is a direction too
        ({"adx": 26.0, "ret": 0.02}, "TREND"),  # |r| = sigma is strong
        ({"adx": 26.0, "ret": 0.0199}, "NEUTRAL"),
        ({"adx": 26.0, "efficiency": 0.31}, "TREND"),
        ({"adx": 26.0, "efficiency": 0.3}, "NEUTRAL"),
        ({"adx": 25.0, "ret": 0.03}, "NEUTRAL"),  # above 25, not at it
        (RANGE, "RANGE"),
        ({"adx": 20.0}, "NEUTRAL"),
        ({"adx": 19.0, "vol": 0.01}, "RANGE"),
        ({"adx": 19.0, "vol": 0.04}, "RANGE"),
        ({"adx": 19.0, "vol": 0.0099}, "NEUTRAL"),
        ({"adx": 19.0, "vol": 0.0401}, "NEUTRAL"),
        (PANIC, "PANIC"),
        ({**PANIC, "vol": 0.05}, "NEUTRAL"),
        ({**PANIC, "ret": 0.0}, "NEUTRAL"),
        ({**PANIC, "ratio_day": 1.5}, "NEUTRAL"),
        ({"ratio_hour": 0.29}, "ILLIQUID"),
        ({"ratio_hour": 0.3}, "NEUTRAL"),
        ({"spread": 50.1}, "ILLIQUID"),
        ({"spread": 50.0}, "NEUTRAL"),
    ],
)
def test_golden_cases(bar, label):
    assert labels([bar]) == [label]


def test_priority_and_the_hazards_beneath_it():
    both = {**PANIC, **TREND, "ret": -0.07, "spread": 80.0}
    found, hazards, _ = classify([both, {**both, "spread": 5.0}, TREND])
    assert found == [Regime.ILLIQUID, Regime.PANIC, Regime.TREND]
    assert hazards == [Hazard.PANIC | Hazard.ILLIQUID, Hazard.PANIC, 0]


def test_trend_is_kept_until_adx_falls_below_20():
    bars = [TREND, {"adx": 24.0}, {"adx": 20.0}, {"adx": 19.9, "vol": 0.045}, {"adx": 24.0}]
    assert labels(bars) == ["TREND", "TREND", "TREND", "NEUTRAL", "NEUTRAL"]


def test_trend_turns_into_range():
    assert labels([TREND, RANGE]) == ["TREND", "RANGE"]


def test_range_is_kept_until_adx_rises_above_25():
    bars = [RANGE, {"adx": 24.0}, {"adx": 25.0}, {"adx": 25.1}, {"adx": 24.0}]
    assert labels(bars) == ["RANGE", "RANGE", "RANGE", "NEUTRAL", "NEUTRAL"]


def test_range_is_kept_in_the_gaps_of_volatility_only():
    bars = [RANGE, {"adx": 19.0, "vol": 0.045}, {"adx": 19.0, "vol": 0.005}]
    assert labels(bars) == ["RANGE", "RANGE", "RANGE"]
    assert labels([RANGE, {"adx": 19.0, "vol": 0.051}]) == ["RANGE", "NEUTRAL"]


def test_the_base_label_goes_on_beneath_a_hazard():
    bars = [TREND, {"adx": 24.0, "spread": 90.0}, {"adx": 24.0}]
    assert labels(bars) == ["TREND", "ILLIQUID", "TREND"]


def test_dwell_holds_a_new_label_back_but_no_hazard():
    bars = [TREND] * 5 + [{**TREND, **PANIC}] + [RANGE, TREND] + [RANGE] * 4
    found = labels(bars, dwell_minutes=15)
    assert found[:5] == ["NEUTRAL"] * 3 + ["TREND"] * 2
    assert found[5] == "PANIC"
    # one bar of RANGE between is not enough, and the count starts again
    assert found[6:] == ["TREND"] * 5 + ["RANGE"]


class TestUnknown:
    def test_an_unknown_ratio_triggers_nothing(self):
        nothing = {"ratio_hour": np.nan, "ratio_day": np.nan}
        assert labels([{**TREND, **nothing}, {**TREND, **PANIC, **nothing}]) == ["TREND"] * 2

    def test_an_unknown_spread_triggers_nothing(self):
        assert labels([{**TREND, "spread": np.nan}]) == ["TREND"]

    @pytest.mark.parametrize(("name", "ready"), [("adx", 0), ("vol", 0), ("spread", 1)])
    def test_ready_needs_adx_and_volatility(self, name, ready):
        found, _, known = classify([{**TREND, name: np.nan}])
        assert known == [ready]
        assert (found == [Regime.NEUTRAL]) == (ready == 0)

    def test_ready_does_not_wait_for_the_medians(self):
        assert classify([{**TREND, "ratio_hour": np.nan, "ratio_day": np.nan}])[2] == [1]

    def test_an_absent_coin_starts_again(self):
        status = np.array([[1], [0], [1]], np.int8)
        held = {"adx": 24.0}
        found, hazards, ready = classify([TREND, {**held, "spread": 90.0}, held], status=status)
        assert found == [Regime.TREND, Regime.NEUTRAL, Regime.NEUTRAL]
        assert hazards == [0, 0, 0]
        assert ready == [1, 0, 1]


def test_the_spread_is_the_median_of_five_minutes():
    wide, tight = {"spread": 90.0}, {"spread": 5.0}
    found = labels([tight, tight, wide, wide, wide, tight, tight, tight], minutes=1)
    # two of four is a median of 47.5; three of five is 90, and stays until they leave
    assert found == ["NEUTRAL"] * 4 + ["ILLIQUID"] * 2 + ["ILLIQUID", "NEUTRAL"]
    assert labels([tight, wide, tight]) == ["NEUTRAL", "ILLIQUID", "NEUTRAL"]


class TestAdaptive:
    def days(self, vol, n, minutes=60):
        return [{"vol": vol}] * (n * 1440 // minutes)

    def test_a_coin_that_is_always_wild_does_not_always_panic(self):
        bars = [*self.days(0.10, 40), {**PANIC, "vol": 0.09}, {**PANIC, "vol": 0.11}]
        assert labels(bars, minutes=60, adaptive=True)[-2:] == ["NEUTRAL", "PANIC"]
        assert labels(bars, minutes=60)[-2:] == ["PANIC", "PANIC"]

    def test_five_percent_stays_the_least(self):
        bars = [*self.days(0.02, 40), {**PANIC, "vol": 0.04}, {**PANIC, "vol": 0.051}]
        assert labels(bars, minutes=60, adaptive=True)[-2:] == ["NEUTRAL", "PANIC"]

    def test_it_needs_thirty_days(self):
        bars = [*self.days(0.10, 29), {**PANIC, "vol": 0.09}]
        assert labels(bars, minutes=60, adaptive=True)[-1] == "PANIC"

    def test_the_limit_is_of_midnights_before(self):
        """The bar of midnight is judged by the limit that was in force before it."""
        bars = self.days(0.06, 30)
        bars[-1] = {**PANIC, "vol": 0.5}
        assert labels(bars, minutes=60, adaptive=True)[-1] == "PANIC"


def test_blocks_change_no_byte():
    rng = np.random.default_rng(3)
    values = (
        np.abs(
            rng.normal(
                [25, 0.04, 0, 0.3, 1, 1, 30], [8, 0.02, 0.05, 0.2, 0.8, 0.5, 15], (600, 3, 7)
            )
        )
        .transpose(0, 2, 1)
        .copy()
    )
    values[:, 2] -= 0.03
    status = (rng.random((600, 3)) > 0.02).astype(np.int8)
    params = regime.params(60, ROWS, dwell_minutes=120, adaptive=True)
    whole, split = regime.init(3, params), regime.init(3, params)
    one = [np.empty((600, 3), np.int8) for _ in range(3)]
    two = [np.empty((600, 3), np.int8) for _ in range(3)]
    regime.scan(values, status, 9, whole, params, *one)
    for t in range(0, 600, 7):
        rows = slice(t, t + 7)
        regime.scan(values[rows], status[rows], 9 + t, split, params, *[x[rows] for x in two])
    assert len(np.unique(one[0])) == 5
    for first, second in zip([*one, *whole], [*two, *split], strict=True):
        assert first.tobytes() == second.tobytes()


def test_base_label_is_one_of_three():
    params = regime.params(5, ROWS)
    assert base_label(int(Regime.TREND), np.nan, 0.02, 0.1, 0.5, params) == Regime.NEUTRAL


@pytest.mark.parametrize(
    ("minutes", "rows", "dwell"), [(7, ROWS, 0), (5, ROWS, -1), (5, ROWS._replace(adx=-1), 0)]
)
def test_refuses_parameters(minutes, rows, dwell):
    with pytest.raises(ValueError, match=r"divide|negative"):
        regime.params(minutes, rows, dwell_minutes=dwell)
