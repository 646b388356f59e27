"""A run on one screen: is it luck or real, what it earned and cost, what would break it, the page.

In: a ``Run``. Out: at most 24 lines of 80 columns; a longer path alone may stand out.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any, Final

from quorate.core.types import MONEY_SCALE, Line, Reason
from quorate.report.formats import fall, number, percent, probability, usd
from quorate.report.headline import deepest_fall
from quorate.report.linter import RULES, lint
from quorate.report.luck import opening, scarcity, sentence
from quorate.report.reading import SLIPPAGE
from quorate.report.shocks import shock_rows
from quorate.report.words import HELD, REASONS, TRADED
from quorate.statistics.span import span_days

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.report.linter import Report
    from quorate.report.reading import Run
    from quorate.report.shocks import ShockRow

WIDTH: Final = 80
HEIGHT: Final = 24
_HEAD: Final = 13
_NOTES: Final = 5
_LUCK: Final = 8
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
    found = lint(run)
    luck = opening(run)
    said = _cautions(found, sentence(run)) if cautions is None else list(cautions)
    first = _part("LUCK", luck, _LUCK)
    parts = [
        _part("EARNED", _earned(run)),
        _part("COST", _cost(run)),
        _part("WOULD BREAK", _breaks(run)),
        _part("WAITED FOR", [_waited(run), *_reached(run)]),
    ]
    rest = [line for part in parts for line in part]
    real = _real(run, found, said, HEIGHT - 1 - len(rest), first)
    lines = [*real, *rest][: HEIGHT - 1]
    if page is not None:
        lines.append(f"{'PAGE':<{_HEAD}}{page}")
    return "\n".join(lines)


def _cautions(found: Report, luck: str) -> list[str]:
    """Return what the linter found, the figure beside what it means; luck was said before."""
    return [
        f"{finding.title}: {finding.figure}"
        for finding in found.findings
        if finding.figure != luck.removesuffix(".")
    ]


def _part(head: str, sentences: Sequence[str], most: int = HEIGHT) -> list[str]:
    """Return sentences beside a head, wrapped; the last line says if there is more."""
    lines = [line for each in sentences for line in _wrapped(each)] or ["nothing"]
    if len(lines) > most:
        lines = [*lines[: most - 1], "... and more on the page"]
    return [f"{head if i == 0 else '':<{_HEAD}}{line}" for i, line in enumerate(lines)]


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH - _HEAD, break_on_hyphens=False)


def _real(
    run: Run, found: Report, cautions: Sequence[str], room: int, luck: Sequence[str]
) -> list[str]:
    """Return luck, what the data are, and what is suspicious in as many lines as are left."""
    data: dict[str, Any] = run.about["data"]
    coins = len(data["symbols"])
    first, last = (f"{run.equity['ts'][end]:%Y-%m-%d}" for end in (0, -1))
    span = (
        f"{coins} coin{'s' if coins != 1 else ''} on {', '.join(data['venues'])}, "
        f"{number(span_days(run.equity), 1)} days from {first} to {last}"
    )
    if data["is_synthetic"]:
        # that prices were made up weighs more than any luck in them
        head = ["SYNTHETIC DATA: these prices were made up", *_part("", [span], 2), *luck]
    else:
        notes = max(2, min(_NOTES, room - len(luck) - 4))
        head = [*luck, *_part("FROM FILES", [span, *data.get("notes", [])], notes)]
    asked = (
        f"{len(found.findings)} of {len(RULES)} checks speak; {len(found.clean)} found nothing, "
        f"{found.n_unchecked} could not be asked"
    )
    return [*head, *_part("SUSPICIOUS", [asked, *cautions], max(1, room - len(head)))]


def _earned(run: Run) -> list[str]:
    net: dict[str, Any] = run.metrics["net"]
    equity = run.equity["equity"]
    start, end = usd(int(equity[0])), usd(int(equity[-1]))
    trades = run.trades.height
    if not trades and not any(run.lines.values()):
        return [f"nothing: it did not trade, and {start} USD stayed as they were"]
    total = net.get("total_return")
    change = f"{fall(total)} net: " if total is not None else "the account was lost: "
    plural = "" if trades == 1 else "s"
    made = f"{change}{start} to {end} USD, {number(trades, 0)} closed trade{plural}"
    return [made, _ratio(run)] if _ratio(run) else [made]


def _ratio(run: Run) -> str:
    """Return the Sharpe ratio beside its interval and PSR; empty where too few trades made it."""
    net: dict[str, Any] = run.metrics["net"]
    if net.get("sharpe") is None:
        return f"its Sharpe ratio is not defined: {run.why('net.sharpe')}"
    if scarcity(run):
        return ""
    said = f"Sharpe ratio {number(net['sharpe'])}"
    if net.get("sharpe_low") is not None and net.get("sharpe_high") is not None:
        said += f", 95% from {number(net['sharpe_low'])} to {number(net['sharpe_high'])}"
    return f"{said}, PSR {probability(net.get('psr'))}"


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


def _breaks(run: Run) -> list[str]:
    """Return the deepest fall, and what the worst shock and a failing venue would have taken."""
    if not any(run.lines.values()):
        return ["nothing was at risk"]
    deepest = deepest_fall(run)
    down = "no drawdown is known"
    if deepest is not None:
        down = f"deepest drawdown {fall(deepest)}, bar by bar"
    return [down, *_worst(_shocks(run))]


def _worst(rows: Sequence[ShockRow]) -> list[str]:
    """Return the worst shock and the worst default of a venue; a gain is no break."""
    said = []
    for kind, none in ((False, "no past shock would have cost it anything"), (True, "")):
        worst = max(
            (row for row in rows if bool(row.venue) is kind),
            key=lambda row: row.loss_frac,
            default=None,
        )
        if worst is None:
            continue
        if worst.loss_usd <= 0.0:
            said.append(none)
            continue
        name = f"default of {worst.venue}" if worst.venue else worst.shock
        lost = usd(-round(worst.loss_usd * MONEY_SCALE))
        said.append(f"{name}: {lost} USD, {percent(-worst.loss_frac, 1)} of equity")
    return [each for each in said if each]


def _shocks(run: Run) -> list[ShockRow]:
    """Return the table of shocks, where the run kept what it is made from."""
    if run.fills is None or run.positions is None or not run.is_traded:
        return []
    rows = shock_rows(run.fills, run.positions, run.equity, run.about["data"]["venues"])
    return [row for row in rows if math.isfinite(row.loss_frac)]


def _reached(run: Run) -> list[str]:
    """Say how many signals came as far as their cost where none went beyond it."""
    n = run.metrics.get("reasons", {}).get(Reason.EDGE_BELOW_COST.name, 0)
    if run.is_traded or not n:
        return []
    return [f"{number(n, 0)} signals reached the cost gate, and none had the edge to pass it"]


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
