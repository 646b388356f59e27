"""What looking only at today's survivors would have claimed of the days of a run, in words.

In: a ``Run``. Out: a sentence; nothing where every coin that could be traded still trades.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.report.formats import number, percent

if TYPE_CHECKING:
    from quorate.report.reading import Run


def sentence(run: Run) -> str:
    """Return how the run's universe did beside its survivors, and by how much that differs.

    Notes
    -----
    Units: percent, points, a year for Sharpe.  Causal: reads a finished run.  Missing: a Sharpe
    ratio that is not defined is a dash.
    """
    found: dict[str, Any] | None = run.metrics.get("survivors")
    if not found:
        return ""
    n, n_ended = found["n_coins"], found["n_ended"]
    more = found["return_difference"]
    points = _signed(None if more is None else 100.0 * more)
    fall = _fall(found)
    return (
        f"Survivorship: of the {n:,d} coins that could be traded, {n_ended:,d} ended. Equal parts "
        f"of all of them, as they could be traded day by day, made "
        f"{percent(found['everyone_return'])} at a Sharpe ratio of "
        f"{number(found['everyone_sharpe'])}; of today's {n - n_ended:,d} survivors alone, "
        f"{percent(found['survivors_return'])} at {number(found['survivors_sharpe'])}. Looking "
        f"only at survivors adds {points} points of return and "
        f"{_signed(found['sharpe_difference'])} of Sharpe ratio{fall}. The run itself was over all "
        "of them; this is holding, not the strategy: parts made equal at 00:00 UTC, without costs, "
        f"and who ends leaves {percent(found['haircut'], 1)} under its last price."
    )


def _fall(found: dict[str, Any]) -> str:
    """Return by how much the largest drawdown differs; nothing of a run from before it was kept."""
    more = found.get("drawdown_difference")
    if more is None:
        return ""
    deep = percent(found["everyone_drawdown"])
    return f", and {_signed(100.0 * more)} points to a largest drawdown of {deep}"


def _signed(value: float | None) -> str:
    return ("+" if value is not None and value > 0 else "") + number(value, 2)
