"""The trials of a search as tables: every one of them, and the whole ones as a sweep.

In: what a study was told. Out: a table of states, and a ``Sweep`` whose rows are the path in the
middle of each whole trial, so that the best is judged as the best of a sweep is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from quorate.api import folding
from quorate.api.choosing import luck_of
from quorate.api.sweeping import HELD, RESULTS, Sweep, few
from quorate.api.trials import data_of, effective, variance_of
from quorate.backtest.benchmark import Benchmark
from quorate.core.types import MONEY_SCALE
from quorate.lake.panel import part
from quorate.report.plain import known
from quorate.statistics import accounts, currency
from quorate.statistics.accounts import Trials
from quorate.statistics.benchmark import returns_of
from quorate.statistics.effective import in_steps
from quorate.statistics.metrics import tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.api.crossed import Crossed
    from quorate.api.spaces import Space
    from quorate.core.types import IntVec, Vec
    from quorate.lake import Panel
    from quorate.research.histories import Histories
    from quorate.research.study import Tried
    from quorate.settings import Settings
    from quorate.statistics.selection import Luck


def metrics_of(found: Crossed, panel: Panel, trials: Trials | None = None) -> dict[str, Any]:
    """Return the metrics of the path in the middle, as the store books them.

    Parameters
    ----------
    found : Crossed
        Of a trial.
    panel : Panel
        What it was of.
    trials : Trials, optional
        What it was chosen from.

    Notes
    -----
    Units: as ``statistics.metrics``.  Causal: reads a finished trial.  Missing: None and a flag.
    """
    pnl = pl.Series("net_pnl", found.pnl, pl.Int64)
    chosen = Trials(math.nan) if trials is None else trials
    returns = np.array(found.returns)
    tree: dict[str, Any] = {
        "net": accounts.result(returns, pnl, int(pnl.sum()), chosen, 0),
        "paths": {
            "sharpe": list(found.sharpes),
            "net_return": list(found.net_returns),
            "n_trades": list(found.n_trades),
        },
    }
    tree["paths"]["sharpe"] = [known(each) for each in found.sharpes]
    tree["flags"] = tidy(tree)
    costs = found.costs_usd[found.path]
    gross = int(pnl.sum()) / MONEY_SCALE + costs
    tree["lines_usd"] = {"GROSS": f"{gross:.8f}", "COSTS": f"{costs:.8f}"}
    data = data_of(panel)
    tree["data"] = {
        "start": data.start.isoformat(),
        "end": data.end.isoformat(),
        "n_bars": panel.n_bars,
        "is_synthetic": data.is_synthetic,
        "venues": sorted(data.venues),
        "n_coins": panel.n_coins,
    }
    return tree


def tried_alone(found: Sequence[Crossed], cut: Histories) -> Trials:
    """Return the trials of a search that is not booked: its own different records."""
    records = [in_steps(int(cut.days[0, 0]), np.array(each.returns)) for each in found]
    sharpes = [known(each.sharpes[each.path]) for each in found]
    return Trials(float(len(found)), variance_of(sharpes), effective(records, 0))


def states(told: Sequence[Tried], asked: Space, base: Settings) -> pl.DataFrame:
    """Return a row a trial: its settings, what became of it, and its objective so far."""
    rows = []
    for number, one in enumerate(told):
        settings = asked.settings(base, one.point)
        said = one.told or {}
        values = said.get("outcome", {}).get("values", [])
        last = values[-1] if values else None
        state = "refused" if "refused" in said else "scarce" if last is None else "stopped"
        rows.append(
            {"trial": number}
            | _values(settings, asked)
            | {
                "state": "whole" if one.value is not None else state,
                "objective": last,
                "blocks": len(values),
                "run_id": said.get("run_id"),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def swept(
    panel: Panel,
    base: Settings,
    asked: Space,
    told: Sequence[Tried],
    outcomes: Sequence[Crossed],
    cut: Histories,
    trials: Trials,
) -> tuple[Sweep, int, Luck]:
    """Return whole trials as a sweep, the row of the best, and how likely it is luck.

    Notes
    -----
    Units: as ``Sweep``.  Causal: finished trials.  Missing: None.  METHODS 5.5 to 5.7.
    """
    rows = []
    metrics = []
    for one, found in zip(told, outcomes, strict=True):
        made = metrics_of(found, panel, trials)
        metrics.append(made)
        finite = np.array(found.sharpes)
        net = made["net"]
        results = (
            found.net_returns[found.path],
            net.get("sharpe"),
            net.get("psr"),
            net.get("deflated_sharpe"),
            net.get("max_drawdown"),
            found.n_trades[found.path],
            found.costs_usd[found.path],
            (one.told or {}).get("run_id"),
        )
        rows.append(
            _values(asked.settings(base, one.point), asked)
            | {
                "objective": one.value,
                "spread": float(np.std(finite, ddof=1)) if len(finite) > 1 else 0.0,
                "worst_path": float(finite.min()),
            }
            | dict(zip(RESULTS, results, strict=True))
        )
    days = np.arange(int(cut.days[0, 0]), int(cut.days[-1, 1]))
    returns = np.column_stack([np.array(each.returns) for each in outcomes])
    table = pl.DataFrame(rows, infer_schema_length=None)
    scarce = tuple(few(each.pnl) for each in outcomes)
    made_of = Sweep(table, tuple(metrics), trials, returns, days, _held(panel, days), scarce)
    best = max(range(len(rows)), key=lambda i: (rows[i]["objective"], -i))
    return made_of, best, luck_of(made_of, best=best)


def _values(settings: Settings, asked: Space) -> dict[str, Any]:
    found = {}
    for axis in asked.axes:
        section, name = axis.name.split(".", 1)
        value: Any = settings[section][name]
        found[axis.name] = ",".join(value) if isinstance(value, tuple) else value
    return found


def _held(panel: Panel, days: IntVec) -> dict[str, Vec]:
    """Return what holding made on the tested days, as a sweep has it."""
    per_day = 24 * panel.bars_per_hour
    rows = [int(day) * per_day + 1 - panel.k0 for day in (days[0], days[-1] + 1)]
    tested = part(panel, *rows)
    holding = Benchmark(panel.n_coins, folding.bitcoin(panel), panel.bar_minutes)
    for _, piece in folding.pieces(tested, tested.n_bars, ()):
        holding.see(piece)
    frame = holding.frame(currency.known(tested.quote_usd))
    at = frame["day"].to_physical().to_numpy()
    return {
        name: returns_of(frame[column].to_numpy(), at, days)
        for name, column in HELD.items()
        if frame.height and not frame[column].has_nulls()
    }
