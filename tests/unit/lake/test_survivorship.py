"""What looking only at survivors adds, against a simple second implementation."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from quorate.errors import DataError
from quorate.lake.survivorship import survivorship
from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.ratios import sharpe

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


def naive(closes, is_in, haircut, cost, every=1):
    """Return the growth of 1, and what was paid and lost, by a ledger of money."""
    n_days, n_coins = closes.shape
    money, held = 1.0, dict.fromkeys(range(n_coins), 0.0)
    price = {}
    ends = [max(d for d in range(n_days) if np.isfinite(closes[d, c])) for c in range(n_coins)]
    curve, costs, ends_lost = [], 0.0, 0.0
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
        if d % every:
            want = dict(held)  # parts drift, and what was paid out waits
        paid = cost * sum(abs(want[c] - held[c]) for c in held)
        money = total - sum(want.values()) - paid
        costs += paid / total
        for c in held:
            held[c] = want[c]
            if np.isfinite(closes[d, c]):
                held[c] *= closes[d, c] / price.get(c, closes[d, c])
                price[c] = closes[d, c]
            elif d == ends[c] + 1:
                ends_lost += held[c] * haircut / total
                held[c] *= 1.0 - haircut
            if d > ends[c]:
                money += held[c]
                held[c] = 0.0
        curve.append(money + sum(held.values()))
    return np.array(curve), costs, ends_lost


@pytest.mark.parametrize("every", [1, 2, 7])
@pytest.mark.parametrize("seed", range(6))
def test_both_curves_are_those_of_a_ledger(seed, every):
    rng = np.random.default_rng(seed)
    closes = np.exp(np.cumsum(rng.normal(0, 0.05, (40, 6)), axis=0))
    closes[rng.random(closes.shape) < 0.05] = np.nan
    closes[20:, 1] = np.nan  # ends
    closes[39, [0, 2, 3, 4, 5]] = 1.0
    closes[:10, 2] = np.nan  # is listed later
    is_in = rng.random(closes.shape) < 0.8
    is_in &= ~np.isnan(np.vstack([np.full(6, np.nan), closes[:-1]]))  # as NOT_TRADING has it
    found = survivorship(*frames(closes, is_in), haircut=0.1, cost_bps=25.0, rebalance_days=every)
    left = is_in.copy()
    left[:, 1] = False
    for name, members in (("everyone", is_in), ("survivors", left)):
        curve, costs, lost = naive(closes, members, 0.1, 0.0025, every)
        np.testing.assert_allclose(found.days[name].to_numpy(), curve, rtol=1e-12)
        measured = dict(found.measures.select("measure", name).iter_rows())
        assert measured["costs"] == pytest.approx(costs, rel=1e-12)
        assert measured["ends"] == pytest.approx(lost, rel=1e-12)
        daily = curve / np.append(1.0, curve[:-1]) - 1.0
        assert measured["return"] == pytest.approx(curve[-1] - 1.0)
        assert measured["sharpe"] == pytest.approx(sharpe(daily))
        assert measured["drawdown"] == pytest.approx(max_drawdown(daily))
    assert found.n_ended == 1
    assert found.flattery == found.survivors - found.everyone
    gaps = found.measures.filter(pl.col("survivors") - pl.col("everyone") != pl.col("difference"))
    assert gaps.is_empty()
    assert found.measures["unit"].to_list() == [
        "fraction",
        "a year of 365 days",
        "fraction",
        "fraction of equity",
        "fraction of equity",
    ]


def test_what_everyone_has_made_by_a_day_reads_no_later_one():
    """Who is held, in which part, and at which cost is known then; only who survives is not."""
    rng = np.random.default_rng(4)
    closes = np.exp(np.cumsum(rng.normal(0, 0.05, (40, 6)), axis=0))
    closes[20:, 1] = np.nan
    is_in = rng.random(closes.shape) < 0.8
    is_in &= ~np.isnan(np.vstack([np.full(6, np.nan), closes[:-1]]))
    given = {"haircut": 0.1, "cost_bps": 25.0, "rebalance_days": 3}
    whole = survivorship(*frames(closes, is_in), **given).days["everyone"]
    other = closes.copy()
    other[30:] *= rng.uniform(0.5, 2.0, (10, 6))  # another future
    other[34:, 2] = np.nan  # in which another coin dies
    for later, n in ((other, 30), (closes[:30], 30), (closes[:23], 23)):
        seen = survivorship(*frames(later, is_in[: len(later)]), **given).days["everyone"]
        assert seen[:n].equals(whole[:n])


def test_parts_that_are_set_once_drift_and_what_ended_waits_in_money():
    closes = np.array([[1.0, 1.0], [2.0, 1.0], [4.0, 0.5], [4.0, np.nan], [8.0, np.nan]])
    days, verdicts = frames(closes, np.array([[1, 1]] * 4 + [[1, 0]], bool))
    span = verdicts.filter(pl.col("day") > START)  # both have a close the evening before
    found = survivorship(days, span, haircut=0.2, cost_bps=0.0, rebalance_days=1_000)
    # half each: 2 and 1, then 4 and 0.5, then 0.5 less a fifth
    assert found.days["everyone"].to_list() == pytest.approx([1.5, 2.25, 2.2, 4.2])
    assert found.days["survivors"].to_list() == pytest.approx([2.0, 4.0, 4.0, 8.0])
    lost = found.measures.filter(pl.col("measure") == "ends")
    assert lost["everyone"].item() == pytest.approx(0.2 * 0.25 / 2.25)
    assert lost["survivors"].item() == 0.0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rebalance_days": 0}, "rebalance_days is 0, outside"),
        ({"haircut": 1.5}, "haircut is 1.5, outside"),
        ({"cost_bps": float("nan")}, "cost_bps is nan, outside"),
    ],
)
def test_numbers_are_bounded(wrong, said):
    with pytest.raises(ValueError, match=said):
        survivorship(*frames(np.ones((3, 1)), np.ones((3, 1), bool)), **wrong)


def test_a_coin_that_ends_loses_the_haircut():
    closes = np.array([[1.0, 1.0], [1.0, 0.5], [1.0, np.nan], [1.0, np.nan]])
    is_in = np.ones((4, 2), bool)
    is_in[3, 1] = False
    found = survivorship(*frames(closes, is_in), haircut=0.2, cost_bps=0.0)
    # nothing is held on the first day, for no price is known the evening before
    assert found.days["everyone"].to_list()[:3] == pytest.approx([1.0, 0.75, 0.75 * 0.9])
    assert found.survivors == pytest.approx(0.0)


def test_a_silent_last_day_is_an_end_and_a_span_beyond_the_data_is_refused():
    """A coin of which no price came for the last day is gone, as it is in a run."""
    closes = np.array([[1.0, 1.0], [1.0, 1.1], [1.0, np.nan]])
    days, verdicts = frames(closes, np.ones((3, 2), bool))
    found = survivorship(days, verdicts, haircut=0.2, cost_bps=0.0)
    assert found.n_ended == 1
    assert found.days["everyone"].to_list() == pytest.approx([1.0, 1.05, 1.05 * 0.9])
    # who trades on a day beyond the span had an outage
    again = pl.DataFrame({"symbol": ["C1"], "day": [START + timedelta(days=3)], "close": [1.1]})
    back = pl.concat([days, again])
    assert survivorship(back, verdicts, haircut=0.2, cost_bps=0.0).n_ended == 0
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
