"""Labels whose end is not true, and splits that leak, are caught; those of the project pass."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.api.auditing.planted import market

from quorate.api.auditing import labels as audited
from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Sheet
from quorate.research import events, weights
from quorate.research import labels as makers
from quorate.research.splits import Split, combinatorial

CUTS = [500, 865, 1153, 1300, 1500]
HORIZON = 96


def audit(make=audited.hourly, splits=audited.walked):
    sheet = Sheet("labels")
    audited.audit(market(), audited.Makers(make, splits), CUTS, 0, sheet, lambda: None)
    return sheet.part()


def fixed(prices):
    return makers.fixed_horizon(prices, events.hourly(prices), horizon=HORIZON)


def none(_labels):
    return ()


def crossed(labels):
    """Return splits of few blocks: who is delisted has a label of more than a day."""
    return combinatorial(labels.start_ms, labels.end_ms, n_blocks=4, n_test=1, embargo_days=0.0)


@pytest.mark.parametrize(("make", "splits"), [(audited.hourly, audited.walked), (fixed, crossed)])
def test_those_of_the_project_pass(make, splits):
    part = audit(make, splits)
    assert part.findings == ()
    assert part.tests[Test.NOISE] > 5_000
    assert part.tests[Test.END] > 20
    assert part.tests[Test.OVERLAP] > 500


def ends_early(prices):
    """The outcome is said to be known an hour before it is."""
    made = fixed(prices)
    return made._replace(end_k=made.end_k - 12)


def ends_late(prices):
    made = audited.hourly(prices)
    return made._replace(end_k=made.end_k + 12)


def ends_at_the_horizon(prices):
    """The usual one: every label is said to end with its time, barriers or not."""
    made = audited.hourly(prices)
    return made._replace(end_k=made.start_k + 24 * 12)


def best_of_the_day(prices):
    """The label reads a price beyond its horizon."""
    made = fixed(prices)
    row = np.minimum(made.end_k - prices.k0 + 6, prices.n_bars - 1)
    seen = prices.close[row, made.coin]
    return made._replace(gross=np.where(np.isnan(seen), made.gross, seen / made.entry - 1.0))


@pytest.mark.parametrize("make", [ends_early, best_of_the_day])
def test_a_label_that_reads_beyond_its_end_is_caught(make):
    part = audit(make, none)
    assert Test.NOISE in {finding.test for finding in part.findings}
    found = next(finding for finding in part.findings if finding.what == "label gross")
    assert found.coin in market().symbols
    assert float(found.then) != float(found.later)


@pytest.mark.parametrize("make", [ends_late, ends_at_the_horizon])
def test_an_end_that_is_merely_late_is_caught(make):
    part = audit(make, none)
    assert {finding.test for finding in part.findings} == {Test.END}
    assert part.findings[0].n > 5


def test_events_that_wait_for_later_bars_are_caught(monkeypatch):
    def at_turns(prices, _threshold):
        close = np.nan_to_num(prices.close)
        low = (close[1:-1] < close[:-2]) & (close[1:-1] < close[2:])
        t, coin = np.nonzero(low)
        return events.Events(prices.k0 + 1 + t, coin)

    monkeypatch.setattr(audited.taken, "cusum", at_turns)
    found = next(finding for finding in audit(fixed, none).findings if finding.what == "events")
    assert found.at


def test_a_weight_that_reads_later_labels_is_caught(monkeypatch):
    monkeypatch.setattr(audited, "uniqueness_when_made", weights.uniqueness)
    part = audit(fixed, none)
    assert {finding.what for finding in part.findings} == {"weights when made"}


def unpurged(labels):
    """Two halves that touch."""
    half = labels.n // 2
    return (Split((1,), np.array([[0, half]]), np.array([[half, labels.n]])),)


def purged_of_its_own_coin(labels):
    """Only the labels of the first test's coin are purged, of no other."""
    half = labels.n // 2
    begun = labels.start_k[half]
    kept = np.flatnonzero((labels.end_k[:half] < begun) | (labels.coin[:half] != 0))
    runs = np.stack((kept, kept + 1), axis=1)
    return (Split((1,), runs, np.array([[half, labels.n]])),)


@pytest.mark.parametrize("splits", [unpurged, purged_of_its_own_coin])
def test_a_split_that_trains_on_its_test_is_caught(splits):
    part = audit(fixed, splits)
    (found,) = part.findings
    assert found.test is Test.OVERLAP
    assert found.n > 10
    assert (found.then, found.later) == ("trains", "touches the test")


def test_too_short_a_history_says_so():
    part = audit(lambda prices: makers.fixed_horizon(prices, events.hourly(prices), horizon=9999))
    assert part.findings == ()
    assert part.n_values == 0
    assert "shorter than a horizon" in part.not_covered[0]
