"""Between two passes of Python: the exchange and the decision taking turns, in one kernel.

In: a block of observations and of consensus. Out: decisions, fills, and a tally of the books on
every bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.backtest import exchange
from quorate.core import decide, ledger
from quorate.core.kernel import kernel
from quorate.core.types import N_LINES, IntVec, Line

if TYPE_CHECKING:
    import numpy as np

    from quorate.backtest.fills import Fills
    from quorate.core import account, consensus
    from quorate.core.account import Decisions
    from quorate.core.types import Observation, Vec


class Tally(NamedTuple):
    """What the fold counts beside the decisions, (time,) each, integer money."""

    costs: IntVec  # all costs since the start
    imbalance: IntVec  # equity less what the lines explain: 0


@kernel
def fold(
    k0: int,
    obs: Observation,
    setup: account.Setup,
    params: account.Params,
    rules: exchange.Params,
    state: account.State,
    venue: exchange.State,
    out: Decisions,
    votes: consensus.Out,
    log: Fills,
    tally: Tally,
    sigma_before: Vec,
) -> None:
    """Let the exchange and the decision take turns over a block, the exchange first on each bar."""
    for t in range(obs.market.close.shape[0]):
        k = k0 + t
        exchange.step(
            obs.market,
            t,
            k,
            setup.venues,
            sigma_before,
            state.account,
            rules,
            venue,
            log,
        )
        decide.step(t, k, obs, setup, params, state, out, votes)
        for c in range(sigma_before.shape[0]):
            sigma_before[c] = obs.readings.sigma_daily[t, c]
        lines = state.account.ledger.lines
        paid = 0
        for i in range(Line.DELAY.value, N_LINES):
            for c in range(lines.shape[1]):
                paid += lines[i, c]
        tally.costs[t] = paid
        tally.imbalance[t] = ledger.imbalance(state.account.ledger)


@kernel
def carry(
    estimate: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    last: Vec,
    out: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    """Write each estimate, or the last one known where there is none."""
    for t in range(estimate.shape[0]):
        for c in range(last.shape[0]):
            if estimate[t, c] == estimate[t, c]:
                last[c] = estimate[t, c]
            out[t, c] = last[c]
