"""What looking only at survivors adds, against a simple second implementation."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from quorate.errors import DataError
from quorate.lake.survivorship import survivorship

START = date(2023, 1, 1)


def frames(closes, is_in):
    """Return days and verdicts of a matrix (day, coin), NaN where a coin has no bar."""
    rows = [
        (f"C{c}", START + timedelta(d), float(closes[d, c]), bool(is_in[d, c]))
        for d in range(closes.shape[0])
        for c in range(closes.shape[1])
    ]
    table = pl.DataFrame(rows, schema=["symbol", "day", "close", "is_in"], orient="row")
    days = table.filter(pl.col("close").is_not_nan()).select("symbol", "day", "close")
    verdict = pl.when(pl.col("is_in")).then(pl.lit("IN")).otherwise(pl.lit("TOO_THIN"))
    return days, table.select("symbol", "day", verdict.alias("verdict"))


def naive(closes, is_in, haircut, cost):
    """Return the growth of 1 by a ledger of money, one coin and day at a time."""
    n_days, n_coins = closes.shape
    money, held = 1.0, dict.fromkeys(range(n_coins), 0.0)
    price = {}
    ends = [max(d for d in range(n_days) if np.isfinite(closes[d, c])) for c in range(n_coins)]
    curve = []
    for d in range(n_days):
        total = money + sum(held.values())
        stuck = [
            c
            for c in held
            if held[c] > 0
            and d <= ends[c]
            and not is_in[d, c]
            and (np.isnan(closes[d, c]) or (d > 0 and np.isnan(closes[d - 1, c])))
        ]
        free = [c for c in held if is_in[d, c] and c in price and c not in stuck]
        share = (total - sum(held[c] for c in stuck)) / len(free) if free else 0.0
        want = {c: held[c] if c in stuck else share if c in free else 0.0 for c in held}
        paid = cost * sum(abs(want[c] - held[c]) for c in held)
        money = total - sum(want.values()) - paid
        for c in held:
            held[c] = want[c]
            if np.isfinite(closes[d, c]):
                held[c] *= closes[d, c] / price.get(c, closes[d, c])
                price[c] = closes[d, c]
            elif d == ends[c] + 1:
                held[c] *= 1.0 - haircut
            if d > ends[c]:
                money += held[c]
                held[c] = 0.0
        curve.append(money + sum(held.values()))
    return np.array(curve)


@pytest.mark.parametrize("seed", range(6))
def test_both_curves_are_those_of_a_ledger(seed):
    rng = np.random.default_rng(seed)
    closes = np.exp(np.cumsum(rng.normal(0, 0.05, (40, 6)), axis=0))
    closes[rng.random(closes.shape) < 0.05] = np.nan
    closes[20:, 1] = np.nan  # ends
    closes[39, [0, 2, 3, 4, 5]] = 1.0
    closes[:10, 2] = np.nan  # is listed later
    is_in = rng.random(closes.shape) < 0.8
    is_in &= ~np.isnan(np.vstack([np.full(6, np.nan), closes[:-1]]))  # as NOT_TRADING has it
    found = survivorship(*frames(closes, is_in), haircut=0.1, cost_bps=25.0)
    np.testing.assert_allclose(
        found.days["everyone"].to_numpy(), naive(closes, is_in, 0.1, 0.0025), rtol=1e-12
    )
    left = is_in.copy()
    left[:, 1] = False
    np.testing.assert_allclose(
        found.days["survivors"].to_numpy(), naive(closes, left, 0.1, 0.0025), rtol=1e-12
    )
    assert found.n_ended == 1
    assert found.flattery == found.survivors - found.everyone


def test_a_coin_that_ends_loses_the_haircut():
    closes = np.array([[1.0, 1.0], [1.0, 0.5], [1.0, np.nan], [1.0, np.nan]])
    is_in = np.ones((4, 2), bool)
    is_in[3, 1] = False
    found = survivorship(*frames(closes, is_in), haircut=0.2, cost_bps=0.0)
    # nothing is held on the first day, for no price is known the evening before
    assert found.days["everyone"].to_list()[:3] == pytest.approx([1.0, 0.75, 0.75 * 0.9])
    assert found.survivors == pytest.approx(0.0)


def test_an_outage_on_the_last_day_is_no_end_and_a_span_beyond_the_data_is_refused():
    closes = np.array([[1.0, 1.0], [1.0, 1.1], [1.0, np.nan]])
    days, verdicts = frames(closes, np.ones((3, 2), bool))
    assert survivorship(days, verdicts, haircut=0.2, cost_bps=0.0).n_ended == 0
    late = pl.concat([verdicts, verdicts[-2:].with_columns(pl.col("day") + timedelta(days=1))])
    with pytest.raises(DataError, match="the bars end on 2023-01-03, before 2023-01-04"):
        survivorship(days, late)


def test_who_is_held_through_a_halt_has_the_price_at_which_it_reopens():
    nan = np.nan
    closes = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, nan], [1.0, nan], [1.0, 0.4], [1.0, 0.2]])
    is_in = np.ones((6, 2), bool)
    is_in[3:5, 1] = False  # NOT_TRADING the day before
    days, verdicts = frames(closes, is_in)
    found = survivorship(days, verdicts, haircut=0.0, cost_bps=0.0)
    assert found.days["everyone"].to_list()[:5] == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.7])


def test_nobody_in_is_said():
    closes = np.ones((3, 1))
    with pytest.raises(DataError, match="no coin is in the universe"):
        survivorship(*frames(closes, np.zeros((3, 1), bool)))
