"""Renders the page of a run: one HTML file that needs no network and no other file.

In: the folder of a finished run. Out: ``report.html`` in it, written whole or not at all. Its one
script reads values off the charts; the page says everything without it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from quorate.core.types import MONEY_SCALE, Line
from quorate.report import (
    assumptions,
    exposures,
    facts,
    graphs,
    headline,
    linter,
    listings,
    luck,
    months,
    nearest,
    places,
    steadiness,
    tables,
    worst,
)
from quorate.report.axes import MONTHS
from quorate.report.capacity import capacity
from quorate.report.formats import instant, number
from quorate.report.reading import Run, curves, read
from quorate.report.thinning import MAX_POINTS

NAME: Final = "report.html"
CONTENTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("real", "Data", "Is it real?"),
    ("money", "Result", "Did it make money after costs?"),
    ("luck", "Luck", "Is that luck?"),
    ("costs", "Costs", "What did it cost, and why?"),
    ("who", "Attribution", "Which engine, regime, venue or coin did it?"),
    ("room", "Capacity", "How much money fits in?"),
    ("refused", "Refusals", "What did it refuse to do?"),
    ("break", "Shocks", "What would break it?"),
    ("months", "Months", "Month by month"),
    ("steady", "Steadiness", "How steady was it?"),
    ("trades", "Trades", "Trades"),
    ("settings", "Settings", "Settings and engines"),
    ("metrics", "Metrics", "All metrics"),
)
"""The anchor, the short and the full heading of every section, in the order of the questions."""
_LOST: Final = " A dash: the account was lost, and a return on nothing is not defined."
_SPLITS: Final = (("side", "side"), ("way out", "exit_reason"))
_ATTRIBUTED: Final = (("coin", "symbol"), ("regime at entry", "regime"), ("venue", "venue"))
"""What the attribution says already, where it was kept."""


def render(folder: Path) -> Path:
    """Write the page of a run into its folder.

    Parameters
    ----------
    folder : Path
        Of a finished run: ``run.json``, ``metrics.json``, ``equity.parquet``, ``trades.parquet``,
        and ``fills.parquet`` and ``positions.parquet`` where they were kept.

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
    return {**_head(run), **_answers(run), **_details(run)}


def _head(run: Run) -> dict[str, Any]:
    found = linter.lint(run)
    data = run.about["data"]
    return {
        "about": run.about,
        "data": data,
        "contents": CONTENTS,
        "listed": [each for each in CONTENTS if run.is_traded or each[0] != "break"],
        "verdict": headline.verdict(run),
        "findings": found.findings,
        "findings_said": _counted(found.findings),
        "clean": found.clean,
        "unchecked": found.unchecked,
        "preset": run.about.get("settings", {}).get("risk", {}).get("preset", "none"),
        "start_usd": number(run.start / MONEY_SCALE),
        "span": [_span(data.get(end, "")) for end in ("start", "end")],
        "n_bars": number(data.get("n_bars"), 0),
        "assumptions": assumptions.assumptions(run),
        "seconds": [(n, number(s, 1)) for n, s in run.about.get("seconds", {}).items()],
    }


def _answers(run: Run) -> dict[str, Any]:
    found = curves(run.equity)
    room = capacity(run.fills, run.positions, run.lines, run.equity, run.about.get("settings", {}))
    gross = run.lines[Line.GROSS]
    splits = _SPLITS if run.attribution is not None else (*_ATTRIBUTED, *_SPLITS)
    return {
        "tiles": headline.tiles(run),
        "luck": luck.sentence(run),
        "doubts": luck.doubts(run),
        "graphs": {
            "equity": graphs.equity(run, found),
            "drawdown": graphs.drawdown(run, found),
            "sharpe": graphs.sharpe(run, found),
            "exposure": exposures.exposure(run, found),
            "risk": exposures.risk(run, found),
            "room": graphs.room(run, room),
        },
        "waterfall": tables.waterfall(run),
        "no_share": "" if gross > 0 else "gross is not positive",
        "is_traded": run.is_traded,
        "attribution": places.tables(places.ATTRIBUTION, run),
        "votes": places.tables(places.VOTES, run),
        "breakdowns": [(title, tables.breakdown(run, column)) for title, column in splits],
        "is_folded": run.trades["symbol"].n_unique() > tables.MAX_GROUPS,
        "room_said": graphs.room_sentence(run, room),
        "reasons": listings.reasons(run),
        "nearest": nearest.nearest(run),
        "shocks": places.tables(places.SHOCKS, run),
        "worst": worst.worst(run, found),
        "calendar": months.calendar(run, found),
        "months": months.months(run, found),
    }


def _details(run: Run) -> dict[str, Any]:
    best, last = listings.extremes(run)
    return {
        "lost_note": _LOST if (run.equity["equity"] <= 0).any() else "",
        "best_trades": best,
        "worst_trades": last,
        "n_trades": run.trades.height,
        "n_rest": number(run.trades.height - len(best) - len(last), 0),
        "metrics": facts.metric_rows(run),
        "stability": facts.stability_rows(run),
        "years": facts.year_rows(run),
        "year_note": facts.year_note(run),
        "groups": steadiness.groups(run),
        "regimes": facts.regime_rows(run),
        "exposure": facts.exposure_rows(run),
        "counters": facts.counters(run),
        "kelly": facts.kelly(run),
        "changed": facts.changed_settings(run),
        "settings": facts.all_settings(run),
    }


def _counted(findings: list[linter.Finding]) -> str:
    """Return how many findings there are of each severity, the worst first."""
    counts = [
        (sum(found.severity is severity for found in findings), severity.name.lower())
        for severity in linter.Severity
    ]
    return ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts if n)


def _span(text: object) -> str:
    """Return an end of the span to the minute, or as it stands where it is no time."""
    try:
        return instant(datetime.fromisoformat(str(text)))
    except ValueError:
        return str(text)


@cache
def _environment() -> Environment:
    loader = PackageLoader("quorate.report")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = loader.get_source(environment, "script.js")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {
        "max_points": MAX_POINTS,
        "month_names": MONTHS,
        "script": script,
        "script_hash": f"sha256-{digest}",
    }
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
