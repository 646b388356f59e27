"""Renders the page of a run: one HTML file that needs no network and no other file.

In: the folder of a finished run. Out: ``report.html`` in it, written whole or not at all. Its one
script reads values off the charts; the page says everything without it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from quorate.core.types import MONEY_SCALE, Line
from quorate.report import (
    assumptions,
    benchmark,
    data_page,
    distribution,
    exposures,
    facts,
    funnel,
    graphs,
    headline,
    linter,
    listings,
    luck,
    months,
    nearest,
    places,
    steadiness,
    survivors,
    tables,
    words,
    worst,
)
from quorate.report.capacity import capacity
from quorate.report.drawing import MAX_NAMED, environment, put
from quorate.report.formats import instant, number
from quorate.report.reading import Run, curves, read
from quorate.statistics.span import span_days

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "report.html"
CERTIFICATE: Final = "certificate.html"
CONTENTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("money", "Result", "Did it make money after costs?"),
    ("suspicious", "Findings", "What is suspicious"),
    ("real", "Data", "Is it real?"),
    ("folds", "Folds", "Fold by fold"),
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
    ("words", "Words", "What the words mean"),
)
"""The anchor, the short and the full heading of every section, in the order of the questions."""
QUIET_CONTENTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("refused", "Refusals", "What did it refuse to do?"),
    ("votes", "Votes", "What did the votes come to?"),
    ("holding", "Holding", "What would holding have made?"),
    ("suspicious", "Findings", "What is suspicious"),
    ("real", "Data", "Is it real?"),
    ("folds", "Folds", "Fold by fold"),
    ("settings", "Settings", "Settings and engines"),
    ("words", "Words", "What the words mean"),
)
"""The same where nothing was ever traded: what has nothing to say is left out."""
_NO_RESULT: Final = frozenset({"account.store"})
"""Settings that change no result and name a place on this machine: not for a page that is sent."""
_BANNER: Final = "Synthetic data"
"""The alarm that the banner says already."""
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
        Of ``report.html``; an older one is replaced in one step. Where the data have a certificate,
        ``certificate.html`` is its page.

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
    >>> from pathlib import Path
    >>> render(Path("no-such-run"))
    Traceback (most recent call last):
    quorate.errors.DataError: no-such-run has no trades.parquet
      next: give the folder of a finished run: see `quorate ls`
    """
    run = read(folder)
    text = environment().get_template("report.html.j2").render(context(run))
    target = folder / NAME
    put(target, text)
    if run.certificate is not None and (run.certificate.venues or run.certificate.damaged):
        put(folder / CERTIFICATE, data_page.certificate_page(run.certificate))
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
        "listed": _listed(run),
        "titles": {anchor: title for anchor, _, title in (*CONTENTS, *QUIET_CONTENTS)},
        "printed_id": re.sub(r"[^\w.:-]", "", str(run.about["run_id"])),
        "luck": luck.opening(run),
        "verdict": headline.verdict(run),
        "alarms": [
            each
            for each in found.findings
            if each.severity is linter.Severity.ALARM
            and not (data.get("is_synthetic") and each.title == _BANNER)
        ],
        "findings": found.findings,
        "findings_said": _counted(found.findings),
        "clean": found.clean,
        "unchecked": found.unchecked,
        "n_unchecked": found.n_unchecked,
        "preset": run.about.get("settings", {}).get("risk", {}).get("preset", "none"),
        "start_usd": number(run.start / MONEY_SCALE),
        "span": [instant(run.equity["ts"][end]) for end in (0, -1)],
        "span_days": number(span_days(run.equity), 1),
        "utc_days": number(run.metrics["net"].get("n_days"), 0),
        "n_bars": number(data.get("n_bars"), 0),
        "folds": places.tables(places.FOLDS, run),
        "assumptions": assumptions.assumptions(run),
        "certified": _certified(run),
        "seconds": [(n, number(s, 1)) for n, s in run.about.get("seconds", {}).items()],
    }


def _certified(run: Run) -> list[tuple[str, list[tuple[str, ...]]]] | None:
    """Return what the rules of data found, and where; None without a certificate."""
    if run.certificate is None:
        return None
    return [(where, [*rows]) for where, rows in data_page.found_where(run.certificate)]


def _listed(run: Run) -> list[tuple[str, str, str]]:
    """Return the sections of the page: folds of a walk forward, holding where it was kept."""
    contents = CONTENTS if run.is_traded else QUIET_CONTENTS
    out = set() if places.tables(places.FOLDS, run) else {"folds"}
    if not run.is_traded and not benchmark.sentence(run):
        out.add("holding")
    return [each for each in contents if each[0] not in out]


def _answers(run: Run) -> dict[str, Any]:
    found = curves(run.equity)
    room = capacity(run.fills, run.positions, run.lines, run.equity, run.about.get("settings", {}))
    gross = run.lines[Line.GROSS]
    splits = _SPLITS if run.attribution is not None else (*_ATTRIBUTED, *_SPLITS)
    return {
        "tiles": headline.tiles(run),
        "doubts": luck.doubts(run),
        "graphs": {
            "equity": graphs.equity(run, found),
            "drawdown": graphs.drawdown(run, found),
            "sharpe": graphs.sharpe(run, found),
            "exposure": exposures.exposure(run, found),
            "risk": exposures.risk(run, found),
            "room": graphs.room(run, room),
        },
        "holding": benchmark.sentence(run),
        "held_graphs": benchmark.graphs(run),
        "survivors_said": survivors.sentence(run),
        "benchmark": places.tables(places.BENCHMARK, run),
        "waterfall": tables.waterfall(run),
        "no_share": "" if gross > 0 else "gross is not positive",
        "is_traded": run.is_traded,
        "attribution": places.tables(places.ATTRIBUTION, run),
        "votes": places.tables(places.VOTES, run),
        "breakdowns": [(title, tables.breakdown(run, column)) for title, column in splits],
        "is_folded": run.trades["symbol"].n_unique() > tables.MAX_GROUPS,
        "room_said": graphs.room_sentence(run, room),
        "funnel": funnel.funnel(run),
        "reasons": listings.reasons(run),
        "nearest": nearest.nearest(run),
        "shocks": places.tables(places.SHOCKS, run),
        "worst": worst.worst(run, found),
        "calendar": months.calendar(run, found),
        "calendar_key": months.calendar_key(),
        "months": months.months(run, found),
    }


def _details(run: Run) -> dict[str, Any]:
    best, last = listings.extremes(run)
    counters = facts.counters(run)
    changed = [row for row in facts.changed_settings(run) if row[0] not in _NO_RESULT]
    return {
        "lost_note": _LOST if (run.equity["equity"] <= 0).any() else "",
        "best_trades": best,
        "worst_trades": last,
        "n_trades": run.trades.height,
        "n_rest": number(run.trades.height - len(best) - len(last), 0),
        "metrics": facts.metric_rows(run),
        "stability": facts.stability_rows(run),
        "stability_note": facts.stability_note(run),
        "years": facts.year_rows(run),
        "year_note": facts.year_note(run),
        "falls": places.tables(places.FALLS, run),
        "spread_graphs": distribution.graphs(run),
        "spread": places.tables(places.SPREAD, run),
        "groups": steadiness.groups(run),
        "regimes": facts.regime_rows(run),
        "exposure": facts.exposure_rows(run),
        "counters": [row for row in counters if row[2] != "0"],
        "idle_counters": [row[0] for row in counters if row[2] == "0"],
        "kelly": facts.kelly(run),
        "changed": changed,
        "named": ", ".join(f"{name} = {value}" for name, value, _ in changed[:MAX_NAMED]),
        "settings": [row for row in facts.all_settings(run) if row[0] not in _NO_RESULT],
        "glossary": words.GLOSSARY,
    }


def _counted(findings: list[linter.Finding]) -> str:
    """Return how many findings there are of each severity, the worst first."""
    counts = [
        (sum(found.severity is severity for found in findings), severity.name.lower())
        for severity in linter.Severity
    ]
    return ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts if n)
