"""The state changes its axes and its parameters in mid-position, and goes on as if it had not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.parity.market import LIVELY, START_USD, Case, case, differing, fold, leaves, pieces, rows

from quorate.backtest import run
from quorate.backtest.axes import AXES, Axes
from quorate.backtest.memory import restore, save
from quorate.backtest.remap import leaving, remap
from quorate.core import ledger
from quorate.core.features.table import FEATURES, index
from quorate.core.types import Line
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.lake.panel import Panel

DAYS = 25
LISTS_AT = DAYS * 288 * 2 // 5
SECTOR = np.array([0, 0, 1, 1, -1, -1])
LATE = 4  # of the synthetic coins, the last but one lists late
DEAD = 5  # and the last one is delisted
MEETING = {f.name for f in FEATURES if f.family == "crosssection"}


def columns(panel: Panel, coins: list[int]) -> Panel:
    """Return a market with some of the coins, in another order."""

    def taken(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array[..., coins])

    per_coin = {"lot", "tick", "min_notional", "listed", "is_perp", "maintenance"}
    chosen = {name: taken(getattr(panel.venues, name)) for name in per_coin}
    return replace(
        panel,
        symbols=tuple(panel.symbols[c] for c in coins),
        bars=type(panel.bars)(*map(taken, panel.bars)),
        market=type(panel.market)(*map(taken, panel.market)),
        venues=panel.venues._replace(**chosen),
        kinds=tuple(panel.kinds[c] for c in coins),
        funding=tuple(panel.funding[c] for c in coins),
        member=taken(panel.member),
        delisted_k=taken(panel.delisted_k),
    )


def over(panel: Panel, coins: list[int], engines: list[int] | None = None, **changes: Any) -> Case:
    """Return a case of some coins of a market and some of the engines."""
    made = case(columns(panel, coins), SECTOR[coins].tolist(), **{**LIVELY, **changes})
    btc = made.machine.params.features._replace(btc=coins.index(0))
    made = made._replace(
        machine=replace(made.machine, params=made.machine.params._replace(features=btc))
    )
    if engines is None:
        return made
    old = made.machine
    chosen = [old.engines[e] for e in engines]
    return made._replace(machine=run.machine(chosen, old.params, old.setup, old.delisted_k))


def axes(made: Case) -> Axes:
    names = tuple(engine.name for engine in made.machine.engines)
    return Axes(made.panel.symbols, names, made.panel.venue_names)


def carried(memory: run.Memory, old: Case, new: Case) -> run.Memory:
    """Remap between two cases, and see that the one it came from is as it was."""
    before = {path: array.copy() for path, array in leaves(memory).items()}
    found = remap(memory, axes(old), axes(new), new.begin(START_USD))
    assert differing(before, leaves(memory)) == []
    assert ledger.imbalance(found.chain.account.ledger) == 0
    assert ledger.equity(found.chain.account.ledger) == ledger.equity(memory.chain.account.ledger)
    return found


def until(made: Case, t: int) -> run.Memory:
    """Fold the first bars."""
    memory = made.begin()
    run.advance(made.machine, memory, next(pieces(made.panel, [t])))
    return memory


def after(made: Case, memory: run.Memory, t: int) -> dict[str, np.ndarray]:
    """Fold the bars from t on, which must keep the books exact."""
    _, rest = pieces(made.panel, [t])
    found = rows(run.advance(made.machine, memory, rest))
    assert not found["tally.imbalance"].any()
    return found


def held_at(made: Case, coins: range, start: int) -> int:
    """Return the first bar from ``start`` on after which one of the coins is held."""
    memory = until(made, start)
    for t, part in enumerate(pieces(replace_bars(made.panel, start), [1] * 2000), start + 1):
        run.advance(made.machine, memory, part)
        if memory.chain.account.ledger.lots[:, coins].any():
            return t
    raise AssertionError("nothing is ever held")


def replace_bars(panel: Panel, start: int) -> Panel:
    """Return a market from a bar on."""
    return replace(
        panel,
        k0=panel.k0 + start,
        bars=type(panel.bars)(*(array[start:] for array in panel.bars)),
        market=type(panel.market)(*(array[start:] for array in panel.market)),
        quote_usd=panel.quote_usd[start:],
        member=panel.member[start:],
    )


@pytest.fixture(scope="module")
def panel() -> Panel:
    return synthetic(n_coins=6, days=DAYS, planted_edge=4.0)


@pytest.fixture(scope="module")
def five(panel: Panel) -> Case:
    """Return the market without the coin that is delisted, the late one last."""
    return over(panel, [0, 1, 2, 3, LATE])


@pytest.fixture(scope="module")
def four(panel: Panel) -> Case:
    return over(panel, [0, 1, 2, 3])


@pytest.fixture(scope="module")
def middle(four: Case) -> tuple[int, run.Memory]:
    """Return a bar shortly before the listing on which positions are open, and the memory."""
    t = held_at(four, range(4), LISTS_AT - 800)
    assert t < LISTS_AT
    return t, until(four, t)


def test_a_coin_that_joins_goes_on_as_one_that_was_awaited(
    four: Case, five: Case, middle: tuple[int, run.Memory]
) -> None:
    """Every byte is that of a run whose panel knew the coin from the start as ABSENT."""
    t, memory = middle
    joined = carried(memory, four, five)
    assert joined.chain.account.ledger.lots.any()
    awaited = until(five, t)
    found, expected = after(five, joined, t), after(five, awaited, t)
    assert np.isfinite(found["features"][-1, :, -1]).all()
    assert found["decisions.lots"][..., -1].any()
    assert differing(found, expected) == []
    assert differing(leaves(joined), leaves(awaited)) == []
