"""How likely the best of a sweep is luck, in sentences: for the terminal and the page alike.

In: ``sweeps.Told``. Out: sentences, the verdict first; what was not asked says why.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.report.formats import counted, number, percent, probability
from quorate.report.odds import coin_flips, odds
from quorate.statistics.cautions import FEW_TRADES
from quorate.statistics.effective import METHOD

if TYPE_CHECKING:
    from quorate.report.sweeps import Told
    from quorate.statistics.selection import Against, Luck


def sentences(told: Told, store: str) -> list[str]:
    """Return how likely the best is luck: verdict, odds, trials, PBO, SPA, its neighbours.

    Of a best with few trades, which have no ratio, coin flips come first.

    Parameters
    ----------
    told : Told
        From ``sweeps.tell``.
    store : str
        Where its trials are booked.

    Notes
    -----
    Units: said in each.  Causal: reads finished runs.  Missing: in words.  METHODS 5.5 to 5.7.
    """
    if not told.is_traded:
        return [booked(told, store)]
    said = [*flips(told), f"Of the best: {told.judgement.sentence}"]
    if told.judgement.is_told_apart is not None:
        said.append(odds(told.net))
    said.append(booked(told, store))
    if told.chosen is not None:
        said += chosen(told.chosen, told)
    return [each for each in said if each]


def flips(told: Told) -> list[str]:
    """Return how often coin flips would have done as well as the few trades of the best.

    Notes
    -----
    Units: percent, counts.  Causal: reads finished trades.  Missing: nothing where its trades are
    enough for a ratio, or there are none.  METHODS 5.5.
    """
    if not 0 < len(told.few) < FEW_TRADES:
        return []
    return [f"Of the best: {coin_flips(np.array(told.few, np.int64), told.trials.n)}"]


def booked(told: Told, store: str, n: int | None = None) -> str:
    """Return how many trials there are, what they amount to, and what their best shows by luck.

    ``n`` are those of its own, where some of them are no rows of the table.
    """
    own, all_ = told.table.height if n is None else n, round(told.trials.n)
    said = f"{counted(own, 'trial')} booked in {store}"
    if all_ != own:
        said += f"; {number(all_, 0)} different ones in all folders on these or overlapping data"
    if all_ < 2 or math.isnan(told.luck):
        return f"{said}."
    alike = number(told.trials.counted, 1)
    return (
        f"{said}. They amount to {alike} independent one{'' if alike == '1.0' else 's'} (effective "
        "rank of their daily returns); without any edge the best of those would still show a "
        f"Sharpe ratio of {number(told.luck)}."
    )


def chosen(luck: Luck, told: Told) -> list[str]:
    """Return what choosing came to: PBO, what it beats, and how far its neighbours fall."""
    return [overfitting(luck), *map(superiority, luck.against), neighbours(luck, told)]


def overfitting(luck: Luck) -> str:
    """Return the probability of backtest overfitting in words."""
    found, n_blocks, why = luck.overfit
    if found is None:
        return f"Overfitting (PBO) was not asked: {why}."
    return (
        f"Overfitting (PBO): the best of one half of the days was in the worse half in the other "
        f"in {percent(found.probability, 0)} of {number(len(found.logits), 0)} splits "
        f"({n_blocks} blocks); below 20% is the usual bar."
    )


def superiority(each: Against) -> str:
    """Return whether any setting beats a benchmark, in words."""
    if each.found is None:
        return f"Against {each.benchmark} it was not asked: {each.why}."
    better = len(each.better)
    return (
        f"Against {each.benchmark}, at the same risk and all settings counted: "
        f"p {probability(each.found.consistent)} (SPA); {better or 'none'} of {each.n_asked} "
        f"{'are' if better > 1 else 'is'} better at 5% (StepM)."
    )


def neighbours(luck: Luck, told: Told) -> str:
    """Return how far the result falls one step from the best, in words."""
    found = luck.surface
    if found is None or not found.n_neighbours or not math.isfinite(found.chosen):
        return "It has no neighbours on the grid: nothing says whether it is a plateau or a peak."
    measure = told.measure
    kept = f", and keep {percent(found.kept, 0)} of it" if math.isfinite(found.kept) else ""
    return (
        f"Neighbours: {counted(found.n_neighbours, 'setting')} one step from the best's "
        f"{measure.text(measure.sign * found.chosen)} come to "
        f"{measure.text(measure.sign * found.median)} in the median{kept}; the worst to "
        f"{measure.text(measure.sign * found.worst)}."
    )


def as_dict(told: Told) -> dict[str, Any] | None:
    """Return what choosing came to as plain values; None where it was not asked."""
    luck, run_ids = told.chosen, told.table["run_id"]
    if luck is None:
        return None
    found, n_blocks, why = luck.overfit
    surface = luck.surface
    return {
        "n_days": luck.n_days,
        "deflated_sharpe": luck.deflated_sharpe,
        "sharpe_by_luck": luck.sharpe_by_luck,
        "min_backtest_days": luck.min_backtest_days,
        "method": METHOD,
        "overfitting": {"why": why}
        if found is None
        else {
            "probability": found.probability,
            "mean_logit": found.mean_logit,
            "n_blocks": n_blocks,
            "n_splits": len(found.logits),
        },
        "against": [
            {"benchmark": each.benchmark, "why": each.why}
            if each.found is None
            else {
                "benchmark": each.benchmark,
                "p_value": each.found.consistent,
                "p_lower": each.found.lower,
                "p_upper": each.found.upper,
                "better": [run_ids[i] for i in each.better],
                "n_asked": each.n_asked,
            }
            for each in luck.against
        ],
        "neighbours": None
        if surface is None
        else {
            "n": surface.n_neighbours,
            "median": surface.median,
            "worst": surface.worst,
            "kept": surface.kept,
            "falls": dict(zip(luck.scales, surface.falls.tolist(), strict=False)),
        },
    }
