"""How likely luck alone is to have made a result: the sentence that stands before every return.

In: the metrics of a run, or of the best of a sweep; of a run with few trades what each of them came
to. Out: plain words with the deflated probability, how many trials there were and amount to, and
the record that is needed; or how often coin flips would have done as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from quorate.report.formats import counted, number, percent, probability
from quorate.statistics.randomisation import sign_flips

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.core.types import IntVec

_NO_RECORD: Final = "It is not above 0: no track record is long enough to believe in an edge."


def odds(net: Mapping[str, Any]) -> str:
    """Return how often luck alone shows a ratio as high, and how long a record is needed.

    Parameters
    ----------
    net : mapping
        As ``net`` of ``metrics.json``; its ratio says something (``cautions``).

    Returns
    -------
    str
        Two sentences or three; empty where there is no ratio.

    Notes
    -----
    Units: percent, days.  Causal: reads the whole run.  Missing: says what was not counted.
    METHODS 5.5; Bailey and Lopez de Prado (2012, 2014).

    Examples
    --------
    >>> net = {"sharpe": 1.2, "psr": 0.98, "deflated_sharpe": 0.9, "n_trials": 9.0}
    >>> net |= {"n_effective_trials": 2.31, "min_track_record_days": 212.3, "n_days": 90}
    >>> print(odds(net))  # doctest: +NORMALIZE_WHITESPACE
    Without an edge a ratio as high comes by luck in 10.0% of such records (1 − DSR), as the best
    of 9 trials that amount to 2.3 independent ones. It needs a track record of 213 days, there are
    90: too few.
    >>> lost = {"sharpe": -0.8, "psr": 0.21, "n_trials": 1.0}
    >>> print(odds(lost))  # doctest: +NORMALIZE_WHITESPACE
    Without an edge a ratio as high comes by luck in 79.0% of such records (1 − PSR). The chance
    that the true ratio is above 0 all the same is 21.0% (PSR). It is not above 0: no track record
    is long enough to believe in an edge.
    """
    sharpe = net.get("sharpe")
    if sharpe is None:
        return ""
    if sharpe <= 0.0:
        said = [_chance(net), _skill(net), _NO_RECORD]
    else:
        said = [_chance(net), _record(net), _backtest(net)]
    return " ".join(each for each in said if each)


def coin_flips(net: IntVec, n_trials: float | None = None) -> str:
    """Return how often coin flips would have done as well as these few trades.

    Parameters
    ----------
    net : IntVec
        Net result of each closed trade, at least one, shape (trade,).
    n_trials : float, optional
        Runs that were tried on the same data; more than one is said, for it is not counted.

    Returns
    -------
    str
        One sentence, or two.

    Notes
    -----
    Units: percent, counts.  Causal: reads all trades.  Missing: of trials that nobody counted
    nothing is said.  METHODS 5.5.

    Examples
    --------
    >>> import numpy as np
    >>> print(coin_flips(np.array([4, -1, 2, 3, -1, 2])))  # doctest: +NORMALIZE_WHITESPACE
    Luck alone does as well in 9.4% of cases: had a coin decided whether each of its 6 closed
    trades won or lost, 6 of 64 outcomes would have come to as much or more.
    """
    found, n = sign_flips(net), len(net)
    each = f"each of its {n} closed trades" if n > 1 else "its 1 closed trade"
    said = (
        f"Luck alone does as well in {_exact(found.p)} of cases: had a coin decided whether "
        f"{each} won or lost, {found.as_high:,} of {found.cases:,} outcomes would have come to as "
        "much or more."
    )
    if n_trials is None or n_trials < 2.0:
        return said
    return f"{said} That it is one of {counted(round(n_trials), 'trial')} makes luck likelier yet."


def _exact(p: float) -> str:
    """Return a probability that is counted, not estimated: it may be certain, and is never 0."""
    return percent(p, 1) if p >= 0.0005 else probability(p)


def trials_said(net: Mapping[str, Any]) -> str:
    """Return how many trials there were, and how many independent ones they amount to.

    Examples
    --------
    >>> trials_said({"n_trials": 9.0, "n_effective_trials": 2.31})
    '9 trials that amount to 2.3 independent ones'
    >>> trials_said({"n_trials": 1.0}), trials_said({})
    ('1 trial', 'trials that nobody counted')
    """
    n, effective = net.get("n_trials"), net.get("n_effective_trials")
    if n is None:
        return "trials that nobody counted"
    said = counted(round(n), "trial")
    if effective is None or n < 2.0:
        return said
    return f"{said} that amount to {number(effective, 1)} independent one{_s(effective)}"


def _s(value: float) -> str:
    return "" if number(value, 1) == "1.0" else "s"


def _chance(net: Mapping[str, Any]) -> str:
    n, deflated, psr = (net.get(name) for name in ("n_trials", "deflated_sharpe", "psr"))
    if n is not None and n > 1.0 and deflated is not None:
        value, name, of = deflated, "DSR", f", as the best of {trials_said(net)}"
    elif psr is not None:
        value, name = psr, "PSR"
        of = "" if n is not None else "; how many trials there were, nobody counted"
    else:
        return ""
    low = net.get("sharpe_low")
    edge = "an edge, and were days independent," if low is not None and low <= 0.0 else "an edge"
    return (
        f"Without {edge} a ratio as high comes by luck in {probability(1.0 - value)} of such "
        f"records (1 − {name}){of}."
    )


def _skill(net: Mapping[str, Any]) -> str:
    psr = net.get("psr")
    if psr is None:
        return ""
    return f"The chance that the true ratio is above 0 all the same is {probability(psr)} (PSR)."


def _record(net: Mapping[str, Any]) -> str:
    needed, n_days = net.get("min_track_record_days"), net.get("n_days") or 0
    if needed is None:
        return ""
    short = ": too few" if n_days < needed else ""
    return (
        f"It needs a track record of {number(math.ceil(needed), 0)} days, "
        f"there are {number(n_days, 0)}{short}."
    )


def _backtest(net: Mapping[str, Any]) -> str:
    needed, n_days = net.get("min_backtest_days"), net.get("n_days") or 0
    if not needed or n_days >= needed:
        return ""
    return (
        f"With so many trials fewer than {number(math.ceil(needed), 0)} days show a ratio of 1 by "
        "luck alone."
    )
