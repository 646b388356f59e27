"""A market in which the whole chain trades, and ways to fold it, for the proofs of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.backtest import exchange, run
from quorate.core import account, consensus, costs, features, portfolio, regime, risk, routing
from quorate.core.engines.catalogue import builtin
from quorate.core.features.table import index
from quorate.core.regime.classify import Rows
from quorate.lake.panel import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quorate.lake.panel import Panel

START_USD = 1e6


class Case(NamedTuple):
    """A market and the machine that trades it."""

    panel: Panel
    machine: run.Machine

    def begin(self, start_usd: float = START_USD) -> run.Memory:
        """Return a memory that has seen nothing."""
        shape = len(self.panel.venue_names), self.panel.n_coins
        return run.begin(self.machine, *shape, start_usd)


LIVELY = {
    # every probability a little surer and every cost a little smaller, so that it trades early
    "consensus": {"edge_slope": 4.0, "prior_mass": 20.0, "k": 0.5, "quorum": 0.0},
    "costs": {"safety_margin_bps": 0.0},
    "risk": {"horizon_hours": 2.0, "stop_sigmas": 0.7, "base_multiplier": 1.0},
}


def case(panel: Panel, sector: Iterable[int] = (), **changes: dict[str, Any]) -> Case:
    """Return a machine for a market; ``changes`` are settings by stage."""
    ends = risk.params(bar_minutes=panel.bar_minutes, **changes.get("risk", {}))
    chain = account.Params(
        costs=costs.params(**changes.get("costs", {})),
        risk=ends,
        portfolio=portfolio.params(**changes.get("portfolio", {})),
        routing=routing.params(panel.bar_minutes, **changes.get("routing", {})),
        rules=account.Rules(),
    )
    rows = Rows(*(index(name) for name in Rows._fields))
    given = run.Params(
        features=features.params(panel.bar_minutes, 0),
        regime=regime.params(panel.bar_minutes, rows),
        consensus=consensus.params(panel.bar_minutes, **changes.get("consensus", {})),
        chain=chain,
        exchange=exchange.params(chain.costs, ends.exits, ends.breakers),
    )
    groups = np.full(panel.n_coins, -1, np.int64)
    for c, group in enumerate(sector):
        groups[c] = group
    can_short = np.ascontiguousarray(panel.venues.is_perp[0])
    setup = account.Setup(panel.venues, groups, can_short)
    return Case(panel, run.machine(builtin(), given, setup))


def pieces(panel: Panel, sizes: Iterable[int]) -> Iterator[run.Slice]:
    """Cut a market into blocks of the given sizes; what is left over is the last block."""
    (whole,) = blocks(panel, panel.n_bars)
    t = 0
    for size in (*sizes, panel.n_bars):
        rows = slice(t, min(t + size, panel.n_bars))
        t = rows.stop
        if rows.start < rows.stop:
            yield run.Slice(
                panel.k0 + rows.start,
                type(whole.bars)(*(array[rows] for array in whole.bars)),
                type(whole.market)(*(array[rows] for array in whole.market)),
                run.controls(np.ascontiguousarray(whole.member[rows]), whole.quote_usd[rows]),
            )


def rows(block: run.Block) -> dict[str, np.ndarray]:
    """Return everything a block left behind, by name; time is the first axis of all but fills."""
    found = {"features": block.features}
    for name in ("readings", "votes", "consensus", "decisions", "tally"):
        part = getattr(block, name)
        found |= {f"{name}.{field}": getattr(part, field) for field in part._fields}
    n = block.fills.n.item()
    assert block.fills.n_lost.item() == 0
    return found | {"fills.whole": block.fills.whole[:n], "fills.real": block.fills.real[:n]}


def fold(
    made: Case, sizes: Iterable[int] = (), memory: run.Memory | None = None
) -> dict[str, np.ndarray]:
    """Fold a market and return all its rows joined."""
    memory = made.begin() if memory is None else memory
    found = [rows(run.advance(made.machine, memory, part)) for part in pieces(made.panel, sizes)]
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


def leaves(state: Any, path: str = "") -> dict[str, np.ndarray]:
    """Return every array of a memory by its path."""
    if isinstance(state, np.ndarray):
        return {path: state}
    found: dict[str, np.ndarray] = {}
    for name, part in zip(state._fields, state, strict=True):
        found |= leaves(part, f"{path}.{name}" if path else name)
    return found


def differing(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    """Return the names under which two sets of arrays are not the same bytes."""
    assert one.keys() == other.keys()
    return [
        name
        for name, array in one.items()
        if array.dtype != other[name].dtype
        or array.shape != other[name].shape
        or array.tobytes() != other[name].tobytes()
    ]
