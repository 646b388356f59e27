"""Recorded inputs and recorded fills, folded again without the exchange, decide the same bytes.

``shell`` below is all that a live session owes the decision between two bars: it books fills and
funding and says which orders ended. That it is enough is what makes a backtest a rehearsal.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.parity.market import LIVELY, Case, case, differing, leaves, pieces

from quorate.backtest import run
from quorate.backtest.fills import Column, Fills, Number
from quorate.core import account, decide, ledger
from quorate.core.risk import exits
from quorate.core.types import Observation, Reason
from quorate.lake.synthetic import synthetic

DAYS = 25
WARM = 11 * 288
ENDED = (Reason.EXIT_STOP, Reason.EXIT_LIQUIDATION, Reason.EXIT_DELISTED)


class Recording(NamedTuple):
    """What a session wrote down: its inputs, its fills, its decisions, its memory at both ends."""

    case: Case
    first_k: int
    observation: Observation
    consensus: Any
    fills: Fills
    decisions: account.Decisions
    before: account.State
    after: account.State


@pytest.fixture(scope="module", params=["perp", "spot"])
def recording(request: pytest.FixtureRequest) -> Recording:
    panel = synthetic(n_coins=5, days=DAYS, planted_edge=4.0, kind=request.param)
    made = case(panel, (0, 0, 1, 1), **LIVELY)
    warm, live = pieces(panel, [WARM])
    memory = made.begin()
    run.advance(made.machine, memory, warm)
    before = copy.deepcopy(memory)
    block = run.advance(made.machine, memory, live)
    seen = Observation(block.inputs.market, block.readings, block.votes, live.controls)
    kept = block.consensus, block.fills, block.decisions, before.chain, memory.chain
    return Recording(made, live.k0, seen, *kept)


def book_fill(row: np.ndarray, real: np.ndarray, state: account.State, made: Case) -> None:
    """Book one fill: what a stop closed cools down, and whatever closed by force ends its order."""
    v, c, lots, k = (int(row[i]) for i in (Column.VENUE, Column.COIN, Column.LOTS, Column.K))
    books, rules = state.account.ledger, made.machine.params.chain.risk
    if row[Column.REASON] in ENDED:
        books.working[:, c] = 0
    else:
        books.working[v, c] -= lots
    if row[Column.REASON] == Reason.EXIT_STOP:
        side = int(state.account.exits.side[c])
        exits.cool_down(c, side, k, rules.exits, state.account.exits)
    ledger.haircut(books, c, int(row[Column.HAIRCUT]))
    account.book(
        state.account,
        v,
        c,
        lots,
        made.panel.venues.lot,
        float(real[Number.PRICE]),
        float(real[Number.DECISION_PRICE]),
        ledger.Costs(*(int(row[i]) for i in range(Column.DELAY, Column.FEE + 1))),
        k,
        rules.breakers,
    )


def pay_funding(t: int, seen: Observation, state: account.State, made: Case) -> None:
    """Book what the venue settles at this close for what is held then."""
    books, venues = state.account.ledger, made.panel.venues
    rates, marks = seen.market.funding[t], seen.market.mark[t]
    for v, c in np.argwhere((books.lots != 0) & (rates != 0.0) & (venues.is_perp != 0)):
        ledger.funding(books, v, c, venues.lot[v, c], float(rates[v, c]), float(marks[v, c]))


def refuse_void(t: int, seen: Observation, state: account.State, made: Case) -> None:
    """End the orders that may only close where nothing is left to close, as a venue would."""
    books, orders_ = state.account.ledger, state.account.orders
    only_closes = (orders_.reduce_only != 0) | (
        (books.working < 0) & (made.panel.venues.is_perp == 0)
    )
    trades = (seen.market.status[t] == 1) & (seen.market.volume[t] > 0.0)
    books.working[only_closes & trades & (books.lots * books.working >= 0)] = 0


def shell(
    recorded: Recording, *, books_fills: bool = True
) -> tuple[account.Decisions, account.State]:
    """Decide again from the record; return the decisions and the memory at the end."""
    made, seen = recorded.case, recorded.observation
    state = copy.deepcopy(recorded.before)
    n_bars, n_venues, n_coins = seen.market.close.shape
    out = account.decisions(n_bars, n_venues, n_coins)
    n = recorded.fills.n.item()
    whole, real = recorded.fills.whole[:n], recorded.fills.real[:n]
    for t in range(n_bars):
        k = recorded.first_k + t
        refuse_void(t, seen, state, made)
        here = (whole[:, Column.K] == k) & (whole[:, Column.LOTS] != 0)
        mine = np.flatnonzero(here) if books_fills else ()
        late = [i for i in mine if whole[i, Column.REASON] == Reason.EXIT_DELISTED]
        for i in mine:
            if i not in late:
                book_fill(whole[i], real[i], state, made)
        pay_funding(t, seen, state, made)
        for i in late:
            book_fill(whole[i], real[i], state, made)
        decide.step(
            t,
            k,
            seen,
            made.machine.setup,
            made.machine.params.chain,
            state,
            out,
            recorded.consensus,
        )
    return out, state


def test_the_record_decides_again_to_the_byte(recording: Recording) -> None:
    out, state = shell(recording)
    assert differing(leaves(out), leaves(recording.decisions)) == []
    assert differing(leaves(state), leaves(recording.after)) == []


def test_the_record_is_worth_replaying(recording: Recording) -> None:
    whole = recording.fills.whole[: recording.fills.n.item()]
    assert (whole[:, Column.REASON] == Reason.EXIT_STOP).any()
    assert (whole[:, Column.LOTS] != 0).sum() > 30
    assert whole[:, Column.CLOSED].sum() > 5
    paid = recording.after.account.ledger.lines[ledger.Line.FUNDING]
    assert paid.any() == (recording.case.panel.kinds[0] == "perp")


def test_without_its_fills_it_decides_otherwise(recording: Recording) -> None:
    out, _ = shell(recording, books_fills=False)
    assert out.number.tobytes() != recording.decisions.number.tobytes()
