"""A crash stays, a bad tick goes, and nothing waits for a later bar."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.lake.builders import START_MS

from quorate.lake.governance import Params, Rule, belief, outliers
from quorate.lake.sources import Series

BAR_MS = 300_000
DAY = 288


def series(close, volume=None):
    close = np.asarray(close, float)
    amount = np.full(close.size, 10.0) if volume is None else np.asarray(volume, float)
    at = START_MS + np.arange(close.size) * BAR_MS
    return Series("f", at, close, close * 1.001, close * 0.999, close.copy(), amount, amount / 2)


def calm(n=3 * DAY, seed=5):
    moves = np.random.default_rng(seed).normal(0.0, 1e-3, n)
    return 100.0 * np.exp(np.cumsum(moves))


def believed(given, disputed=None):
    kept, findings = belief.believed(given, 5, 1e-6, Params(), disputed)
    told = {
        each.rule: ((each.at_ms - START_MS) // BAR_MS).tolist()
        for each in findings
        if each.at_ms.size
    }
    return kept, told


def test_g17_robust_z():
    returns = np.array([0.001, -0.002, 0.0005, 0.0015, -0.001, 0.08, 0.0])
    assert outliers.robust_z(returns)[5] == pytest.approx(53.621935140588, abs=1e-9)


def test_the_deviation_is_at_least_a_tick():
    assert outliers.robust_z(np.array([0.0, 0.0, 0.0, 0.01]), floor=0.001)[3] == pytest.approx(
        0.01 / (1.482602218505602 * 0.001)
    )


def test_a_crash_with_volume_stays():
    close = calm()
    close[2 * DAY + 50 :] *= 0.7
    kept, told = believed(series(close))
    assert kept.close.size == close.size
    assert told == {Rule.RETURN_SUSPECT: [2 * DAY + 50]}


def test_a_spike_with_volume_stays_both_ways():
    close = calm()
    close[700] *= 1.5
    kept, told = believed(series(close))
    assert kept.close.size == close.size
    assert told == {Rule.RETURN_SUSPECT: [700, 701]}


@pytest.mark.parametrize("bars", [1, 2])
def test_a_spike_without_volume_that_goes_back_is_dropped(bars):
    close, volume = calm(), np.full(3 * DAY, 10.0)
    close[700 : 700 + bars] *= 1.5
    volume[700 : 700 + bars] = 0.0
    kept, told = believed(series(close, volume))
    assert told == {Rule.SPIKE_REVERTED: list(range(700, 700 + bars))}
    assert kept.close.size == close.size - bars


def test_a_move_without_volume_that_stays_is_believed_when_it_trades():
    close, volume = calm(), np.full(3 * DAY, 10.0)
    close[700:] *= 1.5
    volume[700] = 0.0
    kept, told = believed(series(close, volume))
    assert told == {Rule.SPIKE_HELD: [700], Rule.RETURN_SUSPECT: [701]}
    assert kept.close.size == close.size - 1


def test_a_move_without_volume_is_held_for_two_bars_at_most():
    close, volume = calm(), np.full(3 * DAY, 10.0)
    close[700:] *= 1.5
    volume[700:] = 0.0
    _, told = believed(series(close, volume))
    assert told == {Rule.SPIKE_HELD: [700, 701], Rule.RETURN_SUSPECT: [702]}


def test_a_price_that_the_second_vendor_does_not_show_is_dropped_if_little_was_traded():
    close = calm()
    close[700] *= 1.5
    disputed = np.zeros(close.size, bool)
    disputed[[10, 700]] = True  # where nothing is suspect a dispute drops nothing
    kept, told = believed(series(close), disputed)
    assert told == {Rule.SPIKE_DISPUTED: [700]}
    assert kept.close.size == close.size - 1
    volume = np.full(close.size, 10.0)
    volume[700] = 10.1  # above the usual: somebody paid it
    kept, told = believed(series(close, volume), disputed)
    assert told[Rule.RETURN_SUSPECT][0] == 700
    assert kept.close.size == close.size


def test_what_is_kept_never_waits_for_a_later_bar():
    close, volume = calm(), np.full(3 * DAY, 10.0)
    close[700:702] *= 1.5
    volume[700:702] = 0.0
    close[720:] *= 0.6
    volume[720] = 0.0
    whole = series(close, volume)
    kept, _ = believed(whole)
    for end in [*range(695, 725), close.size]:
        cut = whole._replace(
            **{name: getattr(whole, name)[:end] for name in whole._fields if name not in _FACTS}
        )
        now, _ = believed(cut)
        expected = kept.open_ms[kept.open_ms <= whole.open_ms[end - 1]]
        assert now.open_ms.tolist() == expected.tolist()


_FACTS = ("file", "has_taker", "status")


def test_a_return_across_a_break_is_no_return():
    close = calm()
    close[2 * DAY :] *= 2.0
    whole = series(close)
    at = whole.open_ms.copy()
    at[2 * DAY :] += 12 * BAR_MS
    moved = outliers.returns(whole._replace(open_ms=at), 5, 60.0)
    assert np.isnan(moved[[0, 2 * DAY]]).all()
    at[2 * DAY :] -= BAR_MS
    moved = outliers.returns(whole._replace(open_ms=at), 5, 60.0)
    assert moved[2 * DAY] > 0.6


def test_a_day_is_measured_by_the_days_before():
    close = calm(2 * DAY)
    whole = series(close)
    moved = outliers.returns(whole, 5, 60.0)
    by = outliers.scales(whole.open_ms, moved, Params())
    assert np.isnan(by.middle[:DAY]).all()
    first = moved[1:DAY]
    middle = np.median(first)
    assert by.middle[DAY:].tolist() == [middle] * DAY
    assert by.deviation[DAY] == np.median(np.abs(first - middle))


@pytest.mark.parametrize("n", [1, 2, 7, 100, 2016])
def test_the_scale_is_numpys_median(n):
    values = np.random.default_rng(n).normal(size=n)
    scores = outliers.robust_z(values, floor=1e-9)
    deviation = max(np.median(np.abs(values - np.median(values))), 1e-9)
    expected = (values - np.median(values)) / (1.482602218505602 * deviation)
    assert scores.tolist() == pytest.approx(expected.tolist(), rel=1e-12)


def test_after_a_hole_days_are_measured_by_the_days_after_it():
    wild, quiet = calm(2 * DAY, seed=1), calm(3 * DAY, seed=2)
    wild = 100.0 * (wild / 100.0) ** 50
    whole = series(np.concatenate([wild, quiet]))
    at = whole.open_ms.copy()
    at[2 * DAY :] += 400 * DAY * BAR_MS
    moved = outliers.returns(whole._replace(open_ms=at), 5, 60.0)
    by = outliers.scales(at, moved, Params())
    assert by.deviation[3 * DAY - 1] > 0.01  # on its first day nothing newer is known
    assert by.deviation[3 * DAY] < 0.002


def test_a_price_held_before_a_break_is_not_compared_across_it():
    close, volume = calm(), np.full(3 * DAY, 10.0)
    close[700] *= 1.5
    volume[700] = 0.0
    whole = series(close, volume)
    at = whole.open_ms.copy()
    at[701:] += 10 * DAY * BAR_MS
    kept, findings = belief.believed(whole._replace(open_ms=at), 5, 1e-6, Params())
    assert {each.rule for each in findings} == {Rule.SPIKE_HELD}
    assert kept.close.size == close.size - 1


@pytest.mark.parametrize(("price", "far"), [(0.5, [150]), (2.0, [150, 151])])
def test_a_move_of_a_tick_is_never_suspect_however_still_a_coin_is(price, far):
    """The deviation of a coin that rests is 0; a tick over the price stands in for it."""
    tick = 0.01
    close = np.full(3 * DAY, price)
    close[2 * DAY + 50] += tick  # a step, and back
    close[2 * DAY + 150] += 13 * tick  # beyond 8 x 1.4826 ticks of 1 / 2.13; back of 1 / 0.5 within

    def suspects(tick):
        _, findings = belief.believed(series(close), 5, tick, Params())
        rows = ((each.at_ms - START_MS) // BAR_MS - 2 * DAY for each in findings)
        return {each.rule for each in findings}, np.concatenate(list(rows)).tolist()

    assert suspects(tick) == ({Rule.RETURN_SUSPECT}, far)
    assert suspects(1e-6)[1] == [50, 51, 150, 151]  # by a finer tick every step is one
