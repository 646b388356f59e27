"""The system as it comes trades where there is an edge, rests where there is none, and recovers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.parity.market import Case, case, fold

from quorate.backtest import fold as passes
from quorate.core import consensus, decide
from quorate.core.account import Code
from quorate.core.kernel import signatures
from quorate.core.risk import paper, sizing
from quorate.core.types import Reason, Regime
from quorate.lake.synthetic import synthetic

DAYS = 40


def default(planted_edge: float) -> Case:
    return case(synthetic(n_coins=10, days=DAYS, planted_edge=planted_edge))


@pytest.fixture(scope="module")
def found() -> dict[str, np.ndarray]:
    return fold(default(4.0))


def test_the_default_system_trades_from_a_cold_start(found: dict[str, np.ndarray]) -> None:
    reason = found["decisions.code"][:, Code.REASON]
    assert (reason == Reason.ENTRY).sum() > 5
    assert (reason == Reason.EXIT_TIME).any()
    assert len(found["fills.whole"]) > 20
    assert not found["tally.imbalance"].any()
    assert found["decisions.equity"][-1] > found["decisions.equity"][0]


def test_it_waits_until_it_knows_something(found: dict[str, np.ndarray]) -> None:
    first = np.flatnonzero(found["decisions.lots"].any(axis=(1, 2)))[0]
    assert first > 7 * 288


def test_without_an_edge_it_does_not_trade() -> None:
    rest = fold(default(0.0))
    assert len(rest["fills.whole"]) == 0
    assert (rest["decisions.equity"] == rest["decisions.equity"][0]).all()


def test_after_a_losing_streak_the_paper_twin_earns_the_way_back() -> None:
    """A record of losses sizes to nothing; paper trades go on, and wins size again."""
    made = default(4.0)
    memory = made.begin()
    twin, priors = memory.chain.paper, made.machine.params.chain.risk.sizing
    twin.n[:] = 120
    twin.wins[:] = 30
    twin.sum_win[:] = 30.0
    twin.sum_loss[:] = 90.0

    def risk(regime: int) -> float:
        return sizing.risk_fraction(*paper.statistics(regime, priors, twin), priors.kelly, priors)

    assert [risk(r) for r in Regime] == [0.0] * len(Regime)
    found = fold(made, memory=memory)
    reason = found["decisions.code"][:, Code.REASON]
    refused = np.flatnonzero((reason == Reason.KELLY_NOT_POSITIVE).any(axis=1))
    assert refused.size > 0
    assert twin.n[Regime.TREND] > 250  # it went on while the account was sized to nothing
    assert risk(Regime.TREND) > 0.0
    # each regime has a record of its own: one that was refused for it enters later
    regime = found["readings.regime"]
    recovered = 0
    for r in Regime:
        refused = np.flatnonzero(
            ((reason == Reason.KELLY_NOT_POSITIVE) & (regime == r)).any(axis=1)
        )
        entered = np.flatnonzero(((reason == Reason.ENTRY) & (regime == r)).any(axis=1))
        recovered += refused.size > 0 and entered.size > 0 and refused[0] < entered[0]
    assert recovered > 0


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("entry", [passes.fold, consensus.scan, passes.carry])
def test_an_entry_is_compiled_for_one_signature(entry: object) -> None:
    assert signatures(entry) == 1


@pytest.mark.usefixtures("found")
def test_one_bar_and_one_venue_more_need_no_other_code() -> None:
    before = signatures(passes.fold), signatures(decide.step)
    fold(case(synthetic(n_coins=2, days=1, kind="spot")), [7])
    assert (signatures(passes.fold), signatures(decide.step)) == before
