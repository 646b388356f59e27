"""Two coins of one name become two; a new unit is counted in the old one; a loss stays a loss."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS

from quorate.lake.governance import Params, Rule, govern, identity
from quorate.lake.sources import Series

HOUR_MS = 3_600_000


def series(close, hours=None, volume=10.0):
    close = np.asarray(close, float)
    hours = np.arange(close.size) if hours is None else np.asarray(hours)
    amount = np.broadcast_to(np.asarray(volume, float), close.shape).copy()
    at = START_MS + hours * HOUR_MS
    return Series("f", at, close, close, close, close, amount, amount / 2)


def test_a_far_higher_price_after_days_is_another_coin():
    parts, findings = identity.coins(
        "LUNA", series([1e-4, 5e-5, 9.1, 9.0], [0, 1, 440, 441]), 60, Params()
    )
    assert [(name, part.close.tolist()) for name, part in parts] == [
        ("LUNA", [1e-4, 5e-5]),
        ("LUNA.2", [9.1, 9.0]),
    ]
    assert (findings[0].rule, findings[0].value.tolist()) == (
        Rule.SECOND_COIN,
        pytest.approx([182_000.0]),
    )


@pytest.mark.parametrize(
    ("close", "hours"),
    [
        ([5.0, 0.5], [0, 440]),  # a fall across a halt is a holder's loss
        ([5.0, 20.0], [0, 440]),  # not by the factor
        ([0.05, 5.5], [0, 48]),  # 47 hours are missing
    ],
)
def test_anything_else_is_the_same_coin(close, hours):
    parts, findings = identity.coins("A", series(close, hours), 60, Params())
    assert ([name for name, _ in parts], findings) == (["A"], [])


@pytest.mark.parametrize("factor", [1000.0, 0.01])
def test_a_new_unit_is_counted_in_the_first_one(factor):
    close = np.array([2.0, 2.1, 2.1, 2.2])
    unit = np.array([1.0, 1.0, factor, factor])
    changed = series(close * unit, volume=10.0 / unit)
    one, findings = identity.one_unit(changed, 60, Params())
    assert one.close.tolist() == pytest.approx(close.tolist())
    assert one.volume.tolist() == pytest.approx([10.0] * 4)
    assert (findings[0].rule, findings[0].at_ms.tolist()) == (
        Rule.REDENOMINATED,
        [START_MS + 2 * HOUR_MS],
    )
    assert findings[0].value.tolist() == pytest.approx([factor])


@pytest.mark.parametrize(
    ("close", "hours"),
    [
        ([2.0, 0.2], [0, 1]),  # a tenth may be a crash
        ([2.0, 0.02], [0, 3]),  # so may a hundredth across a halt
        ([2.0, 0.02], [0, 1]),  # or without one, if as many coins were traded as before
        ([2.0, 160.0], [0, 1]),  # no power of ten
    ],
)
def test_a_fall_that_may_be_a_loss_is_one(close, hours):
    given = series(close, hours)
    one, findings = identity.one_unit(given, 60, Params())
    assert one is given
    assert findings == []


@pytest.mark.parametrize(
    ("factor", "hours", "more", "is_unit"),
    [
        # downward across a halt of days: SUN, BNX and QUICK were opened so
        (1e-3, 72, 6_365.0, True),
        (1e-2, 120, 348.0, True),
        (1e-3, 72, 3_585.0, True),
        (1.00007e-3, 72, 6_365.0, True),
        (1.002e-3, 72, 6_365.0, False),  # not to the last digit: a holder may have lost it
        (1e-2, 120, 9.0, False),  # as many coins as before, or ten times: each is worth less
        (1e-2, 120, 0.0, False),
        (1.05e-2, 1, 300.0, True),  # without a halt the price may have moved
        (1.05e-2, 1, 9.0, False),
        # upward
        (1e2, 1, 1.0, True),
        (1.05e2, 47, 1.0, True),  # 46 hours are missing
        (1e2, 60, 0.02, True),
        (1e2, 60, 1.0, False),  # another coin at a hundred times the price
        (1.05e2, 60, 0.02, False),
    ],
)
def test_a_unit_is_told_from_a_loss_and_from_another_coin(factor, hours, more, is_unit):
    close = np.full(40, 3.0)
    close[20:] *= factor
    volume = np.full(40, 10.0)
    volume[20:] *= more
    at = np.arange(40)
    at[20:] += hours - 1
    given = series(close, at, volume)
    parts, split = identity.coins("A", given, 60, Params())
    if is_unit:
        one, findings = identity.one_unit(parts[0][1], 60, Params())
        assert ([name for name, _ in parts], split) == (["A"], [])
        assert findings[0].rule is Rule.REDENOMINATED
        assert one.close.tolist() == pytest.approx([3.0] * 40, rel=0.06)
        return
    assert len(parts) == (2 if factor > 1.0 else 1)
    assert identity.one_unit(parts[0][1], 60, Params())[1] == []


def test_a_close_with_a_wrong_point_is_no_unit():
    close = np.ones(20)
    close[10] = 100.0
    given = series(close)._replace(open=np.ones(20))
    assert identity.one_unit(given, 60, Params())[0] is given


def test_a_frozen_price_does_not_hide_that_another_coin_begins():
    hours = np.arange(24 * 12)
    close = np.where(hours < 24 * 11, 1.0, 60.0)
    volume = np.where((hours >= 24) & (hours < 24 * 11), 0.0, 5.0)
    frame = pl.DataFrame(
        {"ts": START_MS + hours * HOUR_MS, "volume": volume}
        | dict.fromkeys(("open", "high", "low", "close"), close)
    )
    governed = govern("X", frame, 60)
    assert [name for name, _ in governed.coins] == ["X", "X.2"]
