"""A result as a notebook or a terminal shows it: text, a table with a chart, a figure.

In: a ``Result``. Out: text, HTML with inline SVG, or a matplotlib figure where that is installed.
"""

from __future__ import annotations

import html as markup
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quorate.core.types import MONEY_SCALE, Line
from quorate.errors import QuorateError
from quorate.report.charts import Series, line_chart
from quorate.report.formats import fall, number, percent, probability, units, usd
from quorate.report.headline import deepest_fall
from quorate.report.luck import opening, record, scarcity
from quorate.report.page import NAME
from quorate.report.reading import Run, curves
from quorate.report.summary import summary as text_of
from quorate.statistics import currency

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from quorate.api.result import Result

_STYLE: Final = """
.quorate { font: 14px/1.5 system-ui, sans-serif; max-width: 860px; }
.quorate table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.quorate td { padding: 2px 14px 2px 0; text-align: left; }
.quorate .made-up { background: #b3261e; color: #fff; padding: 4px 10px; }
.quorate svg.chart { display: block; width: calc(100% - 80px); margin: 8px 0 8px 72px;
  overflow: visible; }
.quorate svg text { fill: #7a8494; font-size: 11px; }
.quorate svg line { stroke: #7a849455; }
.quorate svg path.line { fill: none; stroke-width: 1.6; vector-effect: non-scaling-stroke; }
.quorate svg path.line.net { stroke: #3b7ddd; }
.quorate svg path.line.gross { stroke: #8a94a3; }
.quorate svg path.line.loss { stroke: #d0483e; }
.quorate .key.net { color: #3b7ddd; }
.quorate .key.gross { color: #8a94a3; }
.quorate .key.loss { color: #d0483e; }
.quorate svg path.area { opacity: 0.16; stroke: none; fill: #d0483e; }
"""
_KEYS: Final = (
    '<p><b>Equity, USD:</b> <span class="key net">net of all costs</span>, '
    '<span class="key gross">gross</span>; below it the '
    '<span class="key loss">drawdown</span>, %</p>'
)


def summary(result: Result) -> str:
    """Return the result on one screen.

    Notes
    -----
    Units: said beside every number.  Causal: reads a finished run.  Missing: in words.  Spec 12.
    """
    return text_of(as_run(result), page_of(result))


def as_run(result: Result) -> Run:
    """Return the result as the report reads a run."""
    lines = {line: units(result.metrics["lines_usd"][line.name]) for line in Line}
    return Run(
        about=result.facts,
        metrics=result.metrics,
        equity=currency.in_usd(result.equity),
        trades=result.trades,
        lines=lines,
        fills=result.fills,
        positions=result.positions,
        attribution=result.attribution,
        scorecard=result.scorecard,
        benchmark=result.benchmark,
        folder=result.folder,
        currency=currency.effect(result.equity),
    )


def page_of(result: Result) -> Path | None:
    """Return where the page of a result is, from here where that is shorter; None without one."""
    if result.folder is None:
        return None
    page = result.folder / NAME
    try:
        near = page.resolve().relative_to(Path.cwd())
    except ValueError:
        return page
    return near if len(str(near)) < len(str(page)) else page


def html(result: Result) -> str:
    """Return a small table and the equity chart as HTML that asks nothing of the network.

    Notes
    -----
    Units: said beside every number.  Causal: reads a finished run.  Missing: a dash, or in words.
    """
    run = as_run(result)
    net = result.metrics["net"]
    data = result.facts["data"]
    equity = run.equity["equity"]
    said = scarcity(run) or "not defined"
    if net.get("sharpe") is not None and not scarcity(run):
        said = f"{number(net['sharpe'])}, PSR {probability(net.get('psr'))}; {record(run)}"
    rows = [
        ("is that luck?", " ".join(opening(run))),
        ("run", result.run_id),
        ("data", data["description"]),
        ("equity, USD", f"{usd(int(equity[0]))} to {usd(int(equity[-1]))}"),
        ("net return", percent(net.get("total_return"))),
        ("Sharpe ratio", said),
        ("deepest fall, bar by bar", fall(deepest_fall(run))),
        ("closed trades", f"{result.trades.height:,d}"),
        ("costs, USD", usd(run.costs)),
    ]
    made_up = '<p class="made-up">SYNTHETIC DATA: these prices were made up</p>'
    cells = "".join(
        f"<tr><td>{name}</td><td>{markup.escape(value)}</td></tr>" for name, value in rows
    )
    return (
        f'<div class="quorate"><style>{_STYLE}</style>{made_up if data["is_synthetic"] else ""}'
        f"<table>{cells}</table>{_KEYS}{_charts(run)}</div>"
    )


def _charts(run: Run) -> str:
    found = curves(run.equity)
    net, gross = (run.equity[name].to_numpy() / MONEY_SCALE for name in ("equity", "gross_equity"))
    equity = line_chart(
        found.times,
        [Series("gross", gross, "gross"), Series("net", net, "net")],
        title="Equity, net and gross",
        unit="USD",
        height=220,
    )
    drawdown = line_chart(
        found.times,
        [Series("drawdown", 100.0 * found.drawdown, "loss", is_area=True)],
        title="Drawdown",
        unit="%",
        height=120,
    )
    return equity.svg + drawdown.svg


def plot(result: Result) -> Figure:
    """Return a matplotlib figure of equity and drawdown.

    Raises
    ------
    QuorateError
        Matplotlib is not installed.

    Notes
    -----
    Units: USD, percent.  Causal: reads a finished run.  Missing: a gap in the line.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise QuorateError(
            "plot needs matplotlib, which is not installed",
            hint="run pip install -e '.[report]' in the repository, or pip install matplotlib; "
            "without it a notebook shows the result as it is",
        ) from error
    shown = currency.in_usd(result.equity)
    found = curves(shown)
    at = shown["ts"].to_list()
    figure, (above, below) = plt.subplots(
        2, 1, sharex=True, figsize=(9.0, 5.0), height_ratios=(3, 1), layout="constrained"
    )
    for name, label in (("gross_equity", "gross"), ("equity", "net")):
        above.plot(at, shown[name].to_numpy() / MONEY_SCALE, label=label, linewidth=1.2)
    is_synthetic = result.facts["data"]["is_synthetic"]
    above.set_title(f"{'SYNTHETIC DATA, ' if is_synthetic else ''}{result.run_id}")
    above.set_ylabel("equity, USD")
    above.legend()
    below.fill_between(at, 100.0 * found.drawdown, 0.0, alpha=0.4)
    below.set_ylabel("drawdown, %")
    return figure
