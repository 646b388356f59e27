"""What a reader must see first: the result in one sentence and its tiles.

In: a ``Run``. Out: sentences and tiles; what to be wary of is the linter's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.types import MONEY_SCALE, Line
from quorate.report.formats import fall, number, percent, sign, usd
from quorate.report.reading import curves

if TYPE_CHECKING:
    from quorate.report.reading import Run


class Tile(NamedTuple):
    """One number of the headline: what it is, the number with its unit, and what bounds it."""

    label: str
    value: str
    detail: str
    css: str


def verdict(run: Run) -> str:
    """Return the result of a run in two sentences.

    Notes
    -----
    Units: USD, percent.  Causal: reads the whole run.  Missing: a run without a trade says so.
    """
    equity = run.equity["equity"]
    days = (run.equity["ts"][-1] - run.equity["ts"][0]).total_seconds() / 86_400.0
    start, end = int(equity[0]), int(equity[-1])
    total = run.metrics["net"].get("total_return")
    change = f" ({percent(total)} net of all costs)" if total is not None else ""
    if min(equity) <= 0:
        change += ": it was lost on the way"
    flow = run.equity["flow"]
    paid_in = int(flow.sum()) - int(flow[0])
    flows = f", with {usd(paid_in)} USD paid in" if paid_in else ""
    first = (
        f"The account went from {usd(start)} to {usd(end)} USD in "
        f"{number(days, 1)} days{flows}{change}."
    )
    gross = run.lines[Line.GROSS]
    if not run.trades.height and not any(run.lines.values()):
        return f"{first} It did not trade: the reasons are below."
    took = (
        f"costs took {usd(shown_costs(run))} USD"
        if run.costs >= 0
        else f"costs gave {usd(-shown_costs(run))} USD"
    )
    return (
        f"{first} Priced at the decisions it made {usd(gross)} USD; {took}, "
        f"which leaves {usd(run.net)} USD."
    )


def tiles(run: Run) -> list[Tile]:
    """Return the headline: return, Sharpe ratio, drawdown, trades, hits and what costs took.

    Notes
    -----
    Units: said in each tile.  Causal: reads the whole run.  Missing: a dash, and why.  Spec 12.
    """
    net: dict[str, Any] = run.metrics["net"]
    activity: dict[str, Any] = run.metrics["activity"]
    total, sharpe = net.get("total_return"), net.get("sharpe")
    spread = f"95% interval {number(net.get('sharpe_low'))} to {number(net.get('sharpe_high'))}"
    gross = run.lines[Line.GROSS]
    deepest = deepest_fall(run)
    held = activity.get("holding_hours")
    return [
        Tile(
            "net return",
            percent(total),
            f"{usd(run.net)} USD after all costs"
            + ("" if total is not None else f"; {run.why('net.total_return')}"),
            sign(total),
        ),
        Tile(
            "net Sharpe ratio",
            number(sharpe),
            f"annualised; {spread}; probability that it is above 0 (PSR) "
            f"{percent(net.get('psr'), 1)}"
            if sharpe is not None
            else run.why("net.sharpe"),
            sign(sharpe),
        ),
        Tile(
            "max drawdown",
            fall(deepest),
            f"bar by bar; {fall(net.get('max_drawdown'))} on daily closes"
            if deepest is not None
            else "not defined: the account was lost",
            sign(deepest),
        ),
        Tile(
            "closed trades",
            number(run.trades.height, 0),
            f"{number(activity.get('trades_per_day'))} a day, "
            f"held {number(held, 1)} hours on average"
            if held is not None
            else "no trade was closed",
            "",
        ),
        Tile(
            "hit rate",
            percent(net.get("hit_rate"), 1),
            _average("win", net.get("avg_win_usd"))
            + ", "
            + _average("loss", net.get("avg_loss_usd"))
            if net.get("hit_rate") is not None
            else run.why("net.hit_rate"),
            "",
        ),
        Tile(
            "cost share of gross",
            percent(run.costs / gross, 1) if gross > 0 else number(None),
            f"{usd(shown_costs(run))} of {usd(gross)} USD"
            if gross > 0
            else f"gross is not positive; costs were {usd(shown_costs(run))} USD"
            if any(run.lines.values())
            else "nothing was traded",
            "",
        ),
    ]


def deepest_fall(run: Run) -> float | None:
    """Return how far the account fell below its highest, bar by bar, deposits out.

    Notes
    -----
    Units: fraction, at most 0.  Causal: reads the whole run.  Missing: None where the account was
    lost.  METHODS 11.
    """
    if (run.equity["equity"] <= 0).any():
        return None
    return float(np.nanmin(curves(run.equity).drawdown)) + 0.0


def shown_costs(run: Run) -> int:
    """Return the costs as they are shown: gross less net, each to the cent as they are shown.

    Notes
    -----
    Units: 1e-8 USD.  Causal: reads the whole run.  Missing: as they are where an amount is less
    than a cent, which is shown in full.

    Examples
    --------
    >>> _cents(41_591_400_000) - _cents(41_047_600_000)
    543000000
    """
    gross = run.lines[Line.GROSS]
    if any(0 < abs(value) < MONEY_SCALE // 100 for value in (gross, run.costs, run.net)):
        return run.costs
    return _cents(gross) - _cents(run.net)


def _cents(amount: int) -> int:
    return round(float(f"{amount / MONEY_SCALE:.2f}") * 100) * (MONEY_SCALE // 100)


def _average(what: str, value: float | None) -> str:
    return f"average {what} {number(value)} USD" if value is not None else f"no {what}"


def imbalance(run: Run) -> int:
    r"""Return what the equity curve moved beyond its flows and books: 0 where they balance.

    .. math:: (E_T - E_0 - \sum_{t > 0} F_t) - (\text{GROSS} - \text{costs}) - \text{currency}

    Notes
    -----
    Units: 1e-8 USD.  Causal: reads the whole run.  Missing: none.  METHODS 13.
    """
    equity, flow = run.equity["equity"], run.equity["flow"]
    moved = int(equity[-1]) - int(equity[0]) - (int(flow.sum()) - int(flow[0]))
    return moved - run.net - run.currency
