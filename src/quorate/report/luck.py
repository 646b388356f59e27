"""Whether the result may be luck: the Sharpe ratio with its doubts, and how often it came true.

In: a ``Run``. Out: one sentence, and rows of a figure beside what it must clear.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.report import bars, control, stress, walk
from quorate.report.formats import UNKNOWN, counted, number, percent, probability
from quorate.report.odds import coin_flips, odds
from quorate.statistics.cautions import FEW_TRADES, too_few
from quorate.statistics.effective import METHOD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.report.reading import Run


SURE: Final = 0.95
_RATIO: Final = "net Sharpe ratio, a year"
_PSR: Final = "probability that the true ratio is above 0 (PSR)"
_RECORD: Final = "track record needed"
_NEVER: Final = (
    "It never traded: there is no result to judge, and of 0 trades nobody can say how likely luck "
    "is."
)
_ENOUGH: Final = f"at least {FEW_TRADES} closed trades are needed"


class Judgement(NamedTuple):
    """Whether the result is told apart from luck: in a few words, and as a sentence.

    ``is_told_apart`` is None where nothing can be said, or too little is there to say it.
    """

    short: str
    sentence: str
    is_told_apart: bool | None = None


class Doubt(NamedTuple):
    """One way of asking: the question, the figure, a picture of it, and how to read it."""

    question: str
    figure: str
    picture: str
    reading: str


def sentence(run: Run) -> str:
    """Return whether the record tells the result apart from luck.

    Notes
    -----
    Units: none.  Causal: reads the whole run.  Missing: a ratio that is not defined says why.
    """
    return judge(run).sentence


def opening(run: Run) -> list[str]:
    """Return what a page and a screen begin with: told apart from luck or not, and the odds.

    Below 30 closed trades, which have no ratio, the odds are those of coin flips, and come first.
    Of a walk forward whose gap is shorter than the three days of Spec 3 that is said too.

    Notes
    -----
    Units: percent, days.  Causal: reads the whole run.  Missing: the odds are left out where no
    trade was closed, or there are too few days for any.  METHODS 5.5.
    """
    found, gap = judge(run), list(filter(None, [walk.short_gap(run)]))
    if found.is_told_apart is None:
        return [*_flips(run), found.sentence, *gap]
    said = [
        odds(run.metrics["net"]),
        stress.sentence(run.metrics.get("stress")),
        control.sentence(run.control),
    ]
    return [found.sentence, *([" ".join(filter(None, said))] if any(said) else []), *gap]


def _flips(run: Run) -> list[str]:
    if not 0 < run.trades.height < FEW_TRADES:
        return []
    n_trials = run.metrics["net"].get("n_trials")
    return [coin_flips(run.trades["net_pnl"].to_numpy(), n_trials)]


def judge(run: Run) -> Judgement:
    """Return whether the record tells the result apart from luck, for the page and the terminal.

    Below 30 closed trades nothing is told apart. A profit is, where the 95% intervals of the
    Sharpe ratio and of the mean return lie above zero and, where several runs were tried on the
    same data, the deflated Sharpe ratio is 95% or more; a loss, where the interval of the ratio
    lies below zero.

    Notes
    -----
    Units: none.  Causal: reads the whole run.  Missing: a ratio that is not defined says why.
    METHODS 5.5, 11.
    """
    return verdict(run.metrics["net"], run.trades.height, run.why, is_traded=run.is_traded)


def verdict(
    net: Mapping[str, Any], n_trades: int, why: Callable[[str], str], *, is_traded: bool
) -> Judgement:
    """Return ``judge`` of a run of which only the metrics are known, such as one of a sweep.

    Parameters
    ----------
    net : mapping
        As ``net`` of ``metrics.json``.
    n_trades : int
        Closed trades.
    why : callable
        Given the name of a number that is not defined, returns the reason.
    is_traded : bool
        Whether anything was ever bought or sold.

    Returns
    -------
    Judgement
        As ``judge``.

    Notes
    -----
    Units: none.  Causal: reads the whole run.  Missing: a ratio that is not defined says why.
    METHODS 5.5, 11.

    Examples
    --------
    >>> verdict({"sharpe": 3.0}, 12, str, is_traded=True).short
    'too few trades to tell it from luck: 12 closed trades, at least 30 are needed'
    """
    unknown = _unknown(net, n_trades, why, is_traded=is_traded)
    if unknown is not None:
        return unknown
    mean_low = net.get("mean_return_low")
    if net["sharpe_high"] < 0.0:
        said = "It is not bad luck: the whole 95% interval of the Sharpe ratio is below zero."
        return Judgement("it loses, and hardly by bad luck", said, is_told_apart=True)
    if net["sharpe_low"] <= 0.0:
        said = "It may be luck, good or bad: the 95% interval of the Sharpe ratio contains zero."
        return Judgement("not told apart from luck", said, is_told_apart=False)
    if mean_low is None or mean_low <= 0.0:
        said = (
            "It may be luck: the 95% interval of the Sharpe ratio is above zero, "
            "but not that of the mean return."
        )
        return Judgement("not told apart from luck by its mean return", said, is_told_apart=False)
    deflated, trials = net.get("deflated_sharpe"), net.get("n_trials")
    if deflated is not None and deflated < SURE and (trials or 0) > 1:
        said = (
            f"It may be luck of the draw: it is one of {number(trials, 0)} runs on these data, and "
            f"the chance that its true Sharpe ratio is above what their best would show by luck "
            f"is {probability(deflated)}, below {percent(SURE, 0)}."
        )
        short = f"not told apart from the best of {number(trials, 0)} by luck"
        return Judgement(short, said, is_told_apart=False)
    said = (
        "Luck alone is unlikely: the whole 95% intervals of the Sharpe ratio and of the mean "
        "return are above zero."
    )
    return Judgement("hardly luck", said, is_told_apart=True)


def _unknown(
    net: Mapping[str, Any], n_trades: int, why: Callable[[str], str], *, is_traded: bool
) -> Judgement | None:
    """Return why nothing can be said, or None where something can."""
    if not is_traded:
        return Judgement("it never traded", _NEVER)
    if net.get("sharpe") is None:
        said = f"Nothing can be said about luck: {why('net.sharpe')}."
        return Judgement("nothing can be said about luck", said)
    if n_trades < FEW_TRADES:
        few = f"{counted(n_trades, 'closed trade')}, at least {FEW_TRADES} are needed"
        said = f"The trades are too few to tell skill from luck: {few}."
        return Judgement(f"too few trades to tell it from luck: {few}", said)
    if net.get("sharpe_low") is None or net.get("sharpe_high") is None:
        said = f"The days are too few to tell skill from luck: {why('net.sharpe_low')}."
        return Judgement("too few days to tell it from luck", said)
    return None


def scarcity(run: Run) -> str:
    """Return why a traded run has too few closed trades for any ratio, or an empty text.

    Notes
    -----
    Units: none.  Causal: reads the whole run.  Missing: empty where it never traded: that is why.
    """
    return too_few(run.trades.height) if run.is_traded else ""


def holds_zero(net: dict[str, Any]) -> bool:
    """Return whether the interval of the Sharpe ratio holds 0, or is not known.

    Examples
    --------
    >>> holds_zero({"sharpe_low": -2.85, "sharpe_high": 6.12}), holds_zero({})
    (True, True)
    """
    low, high = net.get("sharpe_low"), net.get("sharpe_high")
    return low is None or high is None or low <= 0.0 <= high


def record(run: Run) -> str:
    """Return the track record that the Sharpe ratio needs, beside the one there is, in words.

    Notes
    -----
    Units: days.  Causal: reads the whole run.  Missing: says that none is long
    enough.  METHODS 5.5.
    """
    net: dict[str, Any] = run.metrics["net"]
    needed = net.get("min_track_record_days")
    if needed is None:
        return "no track record is long enough for it"
    return f"track record needed {number(math.ceil(needed), 0)} days, there are {net.get('n_days')}"


def doubts(run: Run) -> list[Doubt]:
    """Return the figures that speak for or against luck.

    Notes
    -----
    Units: in each row.  Causal: reads the whole run.  Missing: a dash, and why.
    METHODS 5, 11; Bailey and Lopez de Prado (2012), Politis and Romano (1994).
    """
    scarce = scarcity(run)
    named = ((_RATIO, _ratio), (_PSR, _psr), (_RECORD, _record))
    rows = [Doubt(name, scarce, "", _ENOUGH) if scarce else ask(run) for name, ask in named]
    noise = []
    if run.is_traded and run.about.get("walk"):
        said = "a walk is not made again: ask a run with the fit of one fold (RUN/fits/fold-01)"
        noise = [Doubt(name, "not asked", "", said) for name in (stress.NAME, control.NAME)]
    elif run.is_traded:
        noise = [Doubt(*stress.doubt(run.metrics.get("stress")))]
        noise += [Doubt(*row) for row in control.rows(run.control, is_scarce=bool(scarcity(run)))]
    return [*rows, *_trials(run), *noise, *_steadiness(run)]


def _ratio(run: Run) -> Doubt:
    net: dict[str, Any] = run.metrics["net"]
    sharpe, low, high = (net.get(name) for name in ("sharpe", "sharpe_low", "sharpe_high"))
    if sharpe is None or low is None or high is None:
        name = "sharpe" if sharpe is None else "sharpe_low"
        return Doubt(_RATIO, number(sharpe), "", run.why(f"net.{name}"))
    return Doubt(
        _RATIO,
        number(sharpe),
        bars.interval(low, sharpe, high),
        f"95% interval {number(low)} to {number(high)}, by resampling blocks of days",
    )


def _psr(run: Run) -> Doubt:
    net: dict[str, Any] = run.metrics["net"]
    psr = net.get("psr")
    reading = "95% or more is the usual bar" if psr is not None else run.why("net.psr")
    if psr is not None and psr >= SURE and holds_zero(net):
        reading += "; it takes days as independent, which the interval, that holds 0, does not"
    drawn = bars.share(psr, ("0%", percent(SURE, 0)), SURE) if psr is not None else ""
    return Doubt(_PSR, probability(psr), drawn, reading)


def _record(run: Run) -> Doubt:
    net: dict[str, Any] = run.metrics["net"]
    needed, n_days = net.get("min_track_record_days"), net.get("n_days") or 0
    if needed is None:
        return Doubt(_RECORD, UNKNOWN, "", run.why("net.min_track_record_days"))
    return Doubt(
        _RECORD,
        f"{number(math.ceil(needed), 0)} days",
        bars.share(n_days / needed if needed > 0 else 1.0, ("0 days", "what is needed")),
        f"to believe such a ratio at 5%; the record has {counted(n_days, 'UTC day')}",
    )


def _trials(run: Run) -> list[Doubt]:
    trials = run.about.get("n_trials")
    name = "runs on these or overlapping data in this store"
    reading = "the best of many looks good by luck alone"
    if trials is None:
        return [Doubt(name, UNKNOWN, "", f"not written down in this run; {reading}")]
    net: dict[str, Any] = run.metrics["net"]
    deflated, effective = net.get("deflated_sharpe"), net.get("n_effective_trials")
    if deflated is not None and not scarcity(run):
        reading = (
            "probability that the true Sharpe ratio is above what the best of "
            f"{number(trials if effective is None else effective, 0 if effective is None else 1)} "
            f"would show by luck (DSR): {probability(deflated)}"
        )
    rows = [Doubt(name, number(trials, 0), "", reading)]
    if trials < 2 or effective is None:
        return rows
    amount = f"{METHOD}; as many count in the deflated ratio"
    rows.append(Doubt("independent trials they amount to", number(effective, 1), "", amount))
    needed, n_days = net.get("min_backtest_days"), net.get("n_days") or 0
    if needed:
        said = counted(math.ceil(needed), "day")
        drawn = bars.share(n_days / needed, ("0 days", "what is needed"))
        under = f"below it their best has a ratio of 1 by luck; there are {counted(n_days, 'day')}"
        rows.append(Doubt("record that so many trials need (MinBTL)", said, drawn, under))
    return rows


def _steadiness(run: Run) -> list[Doubt]:
    rows: list[Doubt] = []
    if not run.is_traded:
        return rows
    for group, field in (("year", "total_return"), ("coin", "pnl_usd"), ("regime", "pnl_usd")):
        groups = run.metrics.get("stability", {}).get(group, {}).get("groups", {})
        values = [row.get(field) for row in groups.values() if row.get(field) is not None]
        if len(values) < 2:
            continue
        won = sum(value > 0 for value in values)
        rows.append(
            Doubt(
                f"{group}s that earned",
                f"{won} of {len(values)}",
                bars.share(won / len(values), ("none", "all")),
                "net of costs",
            )
        )
    return rows
