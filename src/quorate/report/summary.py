"""A run on one screen: is it real, what it earned, what it cost, what would break it, the page.

In: a ``Run``. Out: at most 24 lines of 80 columns; a longer path alone may stand out.
"""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from quorate.core.types import Line, Reason
from quorate.report.formats import fall, number, percent, usd
from quorate.report.headline import deepest_fall
from quorate.report.linter import lint
from quorate.report.luck import judge
from quorate.report.reading import SLIPPAGE
from quorate.report.words import HELD, REASONS, TRADED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.report.reading import Run

WIDTH: Final = 80
HEIGHT: Final = 24
_HEAD: Final = 13
_NOTES: Final = 5
_BREAKS: Final = 4
_SURE: Final = 0.95
_WAITED: Final = 3


def summary(run: Run, page: Path | None = None, cautions: Sequence[str] | None = None) -> str:
    """Return what a run came to, on one screen.

    Parameters
    ----------
    run : Run
        From ``reading.read``, or of a run that was not written.
    page : Path, optional
        Where its page is.
    cautions : sequence of str, optional
        What is suspicious, the worst first; what ``linter.lint`` finds when left out.

    Returns
    -------
    str
        Lines without NaN or None: what is not known says why.

    Notes
    -----
    Units: said beside every number.  Causal: reads a finished run.  Missing: in words.  Spec 12.
    """
    found = _cautions(run) if cautions is None else cautions
    parts = [
        _real(run),
        _part("EARNED", _earned(run)),
        _part("COST", _cost(run)),
        _part("WOULD BREAK", _breaks(run, found)),
        _part("WAITED FOR", [_waited(run)]),
    ]
    lines = [line for part in parts for line in part][: HEIGHT - 1]
    if page is not None:
        lines.append(f"{'PAGE':<{_HEAD}}{page}")
    return "\n".join(lines)


def _cautions(run: Run) -> list[str]:
    """Return what the linter found, the figure beside what it means."""
    return [f"{finding.title}: {finding.figure}" for finding in lint(run).findings]


def _part(head: str, sentences: Sequence[str], most: int = HEIGHT) -> list[str]:
    """Return sentences beside a head, wrapped; the last line says if there is more."""
    lines = [line for each in sentences for line in _wrapped(each)] or ["nothing"]
    if len(lines) > most:
        lines = [*lines[: most - 1], "... and more on the page"]
    return [f"{head if i == 0 else '':<{_HEAD}}{line}" for i, line in enumerate(lines)]


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH - _HEAD, break_on_hyphens=False)


def _real(run: Run) -> list[str]:
    data: dict[str, Any] = run.about["data"]
    days = (run.equity["ts"][-1] - run.equity["ts"][0]).total_seconds() / 86_400.0
    coins = len(data["symbols"])
    first, last = (_day(data.get(end, "")) for end in ("start", "end"))
    span = (
        f"{coins} coin{'s' if coins != 1 else ''} on {', '.join(data['venues'])}, "
        f"{number(days, 1)} days from {first} to {last}"
    )
    if data["is_synthetic"]:
        head = "SYNTHETIC DATA: these prices were made up"
        return [head, *_part("", [span])]
    return _part("REAL DATA", [span, *data.get("notes", [])], _NOTES)


def _day(text: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(text)):%Y-%m-%d}"
    except ValueError:
        return str(text)


def _earned(run: Run) -> list[str]:
    net: dict[str, Any] = run.metrics["net"]
    equity = run.equity["equity"]
    start, end = usd(int(equity[0])), usd(int(equity[-1]))
    trades = run.trades.height
    if not trades and not any(run.lines.values()):
        return [f"nothing: it did not trade, and {start} USD stayed as they were"]
    total = net.get("total_return")
    change = f"{percent(total)} net: " if total is not None else "the account was lost: "
    sharpe = net.get("sharpe")
    if sharpe is None:
        ratio = f"its Sharpe ratio is not defined: {run.why('net.sharpe')}"
    else:
        ratio = f"Sharpe ratio {number(sharpe)}"
        if net.get("sharpe_low") is not None and net.get("sharpe_high") is not None:
            ratio += f", 95% from {number(net['sharpe_low'])} to {number(net['sharpe_high'])}"
        ratio += f"; {judge(run).short}"
        if net.get("psr") is not None:
            ratio += f" (PSR {percent(net['psr'], 1)})"
    plural = "" if trades == 1 else "s"
    return [f"{change}{start} to {end} USD, {number(trades, 0)} closed trade{plural}", ratio]


def _cost(run: Run) -> list[str]:
    if not any(run.lines.values()):
        return ["nothing was traded"]
    rows = [("gross result", run.lines[Line.GROSS])]
    rows.append(("slippage", -sum(run.lines[line] for line in SLIPPAGE)))
    for line, name in ((Line.FEE, "fees"), (Line.FUNDING, "funding"), (Line.HAIRCUT, "haircuts")):
        if run.lines[line]:
            rows.append((name, -run.lines[line]))
    rows.append(("net result", run.net))
    return [f"{name:<14}{usd(amount):>18} USD" for name, amount in rows]


def _breaks(run: Run, cautions: Sequence[str]) -> list[str]:
    deepest = deepest_fall(run)
    down = "no drawdown is known"
    if deepest is not None:
        down = f"deepest drawdown {fall(deepest)}, bar by bar"
    if not any(run.lines.values()):
        down = "nothing was at risk"
    lines = [line for each in cautions for line in _wrapped(each)]
    if len(lines) > _BREAKS:
        lines = [*lines[: _BREAKS - 1], "... and more on the page"]
    return [down, *lines]


def _waited(run: Run) -> str:
    """Return why coin-bars were not traded, the commonest reasons first."""
    counts: dict[str, int] = run.metrics.get("reasons", {})
    quiet = {TRADED, HELD}
    found = [
        (n, name)
        for name, n in counts.items()
        if name in Reason.__members__ and REASONS[Reason[name]].group not in quiet
    ]
    total = sum(counts.values())
    if not found or not total:
        return "nothing: it traded or held on every bar"
    found.sort(key=lambda each: (-each[0], each[1]))
    shown = [
        f"{name} {percent(n / total, 0)}"
        for i, (n, name) in enumerate(found[:_WAITED])
        if i == 0 or n >= 0.005 * total
    ]
    return f"{', '.join(shown)} of coin-bars"
