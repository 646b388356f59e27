"""Renders the page of a run: one HTML file that needs no network, no script and no other file.

In: the folder of a finished run. Out: ``report.html`` in it, written whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from quorate.core.types import MONEY_SCALE
from quorate.report import charts, facts, headline, listings, months, tables
from quorate.report.charts import Series, line_chart
from quorate.report.formats import exact, instant, number
from quorate.report.reading import Run, curves, read

if TYPE_CHECKING:
    from quorate.report.reading import Curves

NAME: Final = "report.html"
_SPLITS: Final = (
    ("coin", "symbol"),
    ("regime at entry", "regime"),
    ("venue", "venue"),
    ("side", "side"),
    ("way out", "exit_reason"),
)


def render(folder: Path) -> Path:
    """Write the page of a run into its folder.

    Parameters
    ----------
    folder : Path
        Of a finished run: ``run.json``, ``metrics.json``, ``equity.parquet``, ``trades.parquet``.

    Returns
    -------
    Path
        Of ``report.html``; an older one is replaced in one step.

    Raises
    ------
    DataError
        A file of the run is missing or broken.

    Notes
    -----
    Units: said beside every number.  Causal: reads a finished run.  Missing: a dash and why.
    Spec 10, 12.

    Examples
    --------
    >>> render(Path("no-such-run"))
    Traceback (most recent call last):
    quorate.errors.DataError: no-such-run has no trades.parquet
      next: give the folder of a finished run: see `quorate ls`
    """
    text = _environment().get_template("report.html.j2").render(context(read(folder)))
    target = folder / NAME
    _write(target, text)
    return target


def context(run: Run) -> dict[str, Any]:
    """Return everything the template says, as plain rows and SVG text.

    Parameters
    ----------
    run : Run
        From ``reading.read``.

    Notes
    -----
    Units: in each row.  Causal: reads the whole run.  Missing: in each row.
    """
    found = curves(run.equity)
    best, worst = listings.extremes(run)
    breakdowns = [(title, tables.breakdown(run, column)) for title, column in _SPLITS]
    gap = headline.imbalance(run)
    return {
        "about": run.about,
        "data": run.about["data"],
        "preset": run.about.get("settings", {}).get("risk", {}).get("preset", "none"),
        "start_usd": number(int(run.equity["equity"][0]) / MONEY_SCALE),
        "span": [_span(run.about["data"].get(end, "")) for end in ("start", "end")],
        "n_bars": number(run.about["data"].get("n_bars"), 0),
        "verdict": headline.verdict(run),
        "tiles": headline.tiles(run),
        "cautions": headline.cautions(run),
        "imbalance": exact(gap) if gap else "",
        "charts": _charts(run, found),
        "calendar": months.calendar(run, found),
        "months": months.months(run, found),
        "waterfall": tables.waterfall(run),
        "breakdowns": breakdowns,
        "reasons": listings.reasons(run),
        "best": best,
        "worst": worst,
        "metrics": facts.metric_rows(run),
        "stability": facts.stability_rows(run),
        "years": facts.year_rows(run),
        "regimes": facts.regime_rows(run),
        "exposure": facts.exposure_rows(run),
        "counters": facts.counters(run),
        "changed": facts.changed_settings(run),
        "settings": facts.all_settings(run),
        "n_trades": run.trades.height,
        "seconds": [(n, number(s, 1)) for n, s in run.about.get("seconds", {}).items()],
    }


def _span(text: object) -> str:
    """Return an end of the span to the minute, or as it stands where it is no time."""
    try:
        return instant(datetime.fromisoformat(str(text)))
    except ValueError:
        return str(text)


def _charts(run: Run, found: Curves) -> dict[str, str]:
    equity = run.equity["equity"].to_numpy() / MONEY_SCALE
    gross = run.equity["gross_equity"].to_numpy() / MONEY_SCALE
    share = 100.0 / np.where(equity > 0.0, equity, np.nan)
    gross_usd, net_usd, risk_usd, budget_usd = (
        run.equity[name].to_numpy() * share
        for name in ("gross_usd", "net_usd", "open_risk_usd", "risk_budget_usd")
    )
    return {
        "equity": line_chart(
            found.times,
            [Series("gross", gross, "gross"), Series("net", equity, "net")],
            title="Equity, net and gross",
            unit="USD",
            height=300,
        ),
        "drawdown": line_chart(
            found.times,
            [Series("drawdown", 100.0 * found.drawdown, "loss", is_area=True)],
            title="Drawdown",
            unit="%",
            height=180,
        ),
        "exposure": line_chart(
            found.times,
            [
                Series("gross", gross_usd, "gross", is_area=True),
                Series("net", net_usd, "net"),
            ],
            title="Exposure in percent of equity",
            unit="%",
            height=200,
        ),
        "risk": line_chart(
            found.times,
            [Series("budget", budget_usd, "gross"), Series("open risk", risk_usd, "loss")],
            title="Open risk and its budget in percent of equity",
            unit="%",
            height=180,
        ),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("quorate.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["max_points"] = charts.MAX_POINTS
    return environment


def _write(target: Path, text: str) -> None:
    """Write beside the target, flush to disk, then take its place."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".report-", suffix=".tmp")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
