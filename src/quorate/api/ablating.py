"""What the formulas in force are worth: each option in place of its own, each engine left out.

In: a panel, settings. Out: ``Ablation``: one row a variant, with the paired difference of its
Sharpe ratio from that of the settings as they are, an interval, and p-values that allow for how
many were compared. All variants are judged on the same windows of a walk forward, taught by the
same days; features and votes are looked at once for all that share them.

Each window begins with a new account and a memory that has watched the days before it, so that no
variant carries the luck of one window into the next; ``quorate.walkforward`` is one account.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from quorate.api import ledger
from quorate.api.backtests import checked
from quorate.api.crossed import Cross, Crossed
from quorate.api.crossing import Work, crossed_together
from quorate.api.extensions import named
from quorate.api.models import recipe
from quorate.api.trials import data_of
from quorate.api.variants import CHARGED, Variant, variants
from quorate.api.whole import metrics_of
from quorate.errors import ConfigError, ResearchError
from quorate.report.ablations import OPEN
from quorate.research import training
from quorate.research.histories import Histories, walk
from quorate.research.windows import PURGE_DAYS, TEST_DAYS, TRAIN_DAYS
from quorate.statistics.effective import in_steps
from quorate.statistics.multiplicity import false_discovery
from quorate.statistics.paired import compare, holm
from quorate.statistics.ratios import sharpe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.api.ledger import Book
    from quorate.core.types import Mat, Vec
    from quorate.lake import Panel
    from quorate.settings import Settings

KIND = "ablate"
LEVEL = 0.05
AT_ONCE = 24
"""Variants of one pass over the panel in one process."""


class Lesson(NamedTuple):
    """The windows of an ablation, days, and how the edge map is fitted."""

    train_days: int = TRAIN_DAYS
    purge_days: int = PURGE_DAYS
    test_days: int = TEST_DAYS
    warm_days: int = 20
    edge: str = "slope"


@dataclass(frozen=True)
class Ablation:
    """What every variant came to beside the settings as they are.

    Attributes
    ----------
    table : DataFrame
        A row a variant, those that differ most surely first: ``sharpe`` and, less that of the
        settings as they are, ``difference`` with ``low``, ``high``, ``p_value``; ``p_holm``, with
        all methods counted; ``is_discovered`` at a false-discovery rate of 5%; ``windows_better``
        of ``n_windows``; ``mean_bps`` a day more; ``verdict``. What changes the costs that are
        charged is another world, and not counted.
    base : dict
        ``sharpe``, ``net_return``, ``n_trades`` of the settings as they are, and in words what was
        ``refused``; their ``run_id``, None where nothing is booked.
    n_compared : int
        Variants that differ at all.
    n_days, n_windows : int
        What all were judged on.
    returns : Mat
        Net, of every day, the settings as they are first, then the rows of the table.
    """

    table: pl.DataFrame
    base: dict[str, Any]
    n_compared: int
    n_days: int
    n_windows: int
    returns: Mat


def ablate(  # noqa: PLR0913  (what one may say of it, each with its name)
    panel: Panel,
    settings: Settings | None = None,
    lesson: Lesson | None = None,
    *,
    options: bool = True,
    engines: bool = True,
    workers: int = 1,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ablation:
    """Compare the settings as they are with each named option, and with each engine left out.

    Parameters
    ----------
    panel : Panel
        The market.
    settings : Settings, optional
        What is compared with; ``quorate.read_settings`` when left out.
    lesson : Lesson, optional
        The windows; those of Spec 3 when left out.
    options, engines : bool
        What is varied.
    workers : int
        Processes; the bytes are those of one.
    seed : int
        Of the bootstrap.
    out : str or Path, optional
        Folder of runs: every variant is booked in its store as a trial. Without it, of a real
        market, in the ledger of trials alone.
    progress : callable, optional
        Called with variants done and variants in all.

    Returns
    -------
    Ablation

    Raises
    ------
    ConfigError
        Nothing is varied, or a number is out of its bounds.
    TooLittleHistoryError
        There is no room for two windows.
    ResearchError
        The settings as they are never trade: there is nothing to compare with. It says which gate
        refused most and how far edges lay below costs, before any variant is tried.

    Notes
    -----
    Units: per square root of a year.  Causal: a window is taught by days that had ended before
    it.  Missing: a variant that never differs has no p-value, and is not counted.
    Spec 3, 9, 12; METHODS 5.3, 10.4.

    Examples
    --------
    >>> import quorate
    >>> panel = quorate.synthetic(n_coins=2, days=30)
    >>> ablate(panel)
    Traceback (most recent call last):
    quorate.errors.TooLittleHistoryError: there are 30 days, two tests need 120 to teach, ...
    """
    base = checked(panel, settings)
    plan = Lesson() if lesson is None else lesson
    cut = _windows(panel, plan)
    asked = variants(base, options=options, engines=engines)
    if not asked:
        raise ConfigError("an ablation varies nothing", hint="vary options, engines, or both")
    if len(named(base)) < 2:
        asked = [one for one in asked if one.kind != "engine"]
    tried: list[tuple[Settings, str]] = [(base, "")]
    tried += [(one.of(base), one.name if one.kind == "engine" else "") for one in asked]
    with ExitStack() as stack:
        book = None
        if out is not None or not panel.is_synthetic:
            where = None if out is None else Path(out)
            book = stack.enter_context(ledger.opened(base, where))
        found, run_id = _tried(panel, tried, plan, cut, workers, book, progress)
    told = _told(asked, found, cut, seed)
    told.base["run_id"] = None if out is None else run_id
    return told


def _windows(panel: Panel, plan: Lesson) -> Histories:
    if min(plan.train_days, plan.test_days, plan.warm_days) < 1 or plan.purge_days < 0:
        raise ConfigError(
            f"the days are {plan.train_days} to learn, {plan.purge_days} between, "
            f"{plan.test_days} judged, {plan.warm_days} watched",
            hint="give 1 or more each; none between is allowed",
        )
    if plan.edge not in training.EDGES:
        raise ConfigError(f"edge is {plan.edge!r}", hint=f"use one of: {', '.join(training.EDGES)}")
    per_day = 24 * panel.bars_per_hour
    first = -(-(panel.k0 - 1) // per_day)
    n_days = (panel.k0 + panel.n_bars - 1) // per_day - first
    return walk(
        first,
        n_days,
        train_days=plan.train_days,
        purge_days=plan.purge_days,
        test_days=plan.test_days,
    )


def _tried(
    panel: Panel,
    tried: Sequence[tuple[Settings, str]],
    plan: Lesson,
    cut: Histories,
    workers: int,
    book: Book | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[Crossed], str]:
    """Try everything, some at a time, and book it; return the run of the first as well."""
    cross = Cross(warm_days=plan.warm_days, edge=plan.edge, min_trades=1)
    never = (-math.inf,) * cut.n_blocks
    found: list[Crossed] = []
    first = ""
    # the settings as they are go first: where they never trade, nothing else need be tried
    starts = [0, *range(1, len(tried), AT_ONCE * workers)]
    for i in starts:
        some = tried[i : i + AT_ONCE * workers] if i else tried[:1]
        run_ids = [_begun(book, panel, plan, *one) for one in some]
        first = first or run_ids[0]
        pieces = [part for part in np.array_split(np.arange(len(some)), workers) if len(part)]
        works = [
            Work(
                panel,
                tuple(some[j][0] for j in piece),
                cross,
                cut,
                never,
                2 if workers == 1 else 1,
                tuple(some[j][1] for j in piece),
                tells=not i,
            )
            for piece in pieces
        ]
        try:
            came = crossed_together(works, workers)
        except BaseException as error:
            if book is not None:
                for run_id in run_ids:
                    book.fail(run_id, error)
            raise
        for run_id, one in zip(run_ids, came, strict=True):
            if book is not None:
                daily = in_steps(int(cut.days[0, 0]), np.array(one.returns))
                book.finish(run_id, metrics_of(one, panel), daily)
        found += came
        _require_traded(found[0])
        if progress is not None:
            progress(len(found), len(tried))
    return found, first


def _require_traded(base: Crossed) -> None:
    """Refuse settings that never trade, and say why they do not."""
    if not base.n_trades[0]:
        why = "" if base.refused is None else f": {base.refused.told()}"
        raise ResearchError(
            f"the settings as they are never trade, so there is nothing to compare with{why}",
            hint=f"compare where all trade, which changes no default: {OPEN}",
        )


def _begun(book: Book | None, panel: Panel, plan: Lesson, settings: Settings, absent: str) -> str:
    if book is None:
        return "unwritten"
    voters = [engine for engine in named(settings) if engine.name != absent]
    told = {**settings.values, KIND: plan._asdict()}
    return book.begin(told, data_of(panel), recipe(voters, None), KIND)


def _told(
    asked: Sequence[Variant], found: Sequence[Crossed], cut: Histories, seed: int
) -> Ablation:
    """Compare each with the first, and allow for how many there were."""
    returns = np.column_stack([each.returns for each in found])
    base = returns[:, 0]
    ends = (cut.days - cut.days[0, 0]).tolist()
    rows = [_row(one, returns[:, i], base, ends, found[i], seed) for i, one in enumerate(asked, 1)]
    # another world is no rival of a method
    p_values = np.array([math.nan if r["is_charged"] else r["p_value"] for r in rows], np.float64)
    stands = false_discovery(p_values, LEVEL)
    for row, p_holm, is_found in zip(rows, holm(p_values), stands, strict=True):
        row["p_holm"], row["is_discovered"] = float(p_holm), bool(is_found)
        row["verdict"] = _verdict(row)
    order = sorted(
        range(len(rows)),
        key=lambda i: (
            math.isnan(p_values[i]),
            np.nan_to_num(p_values[i]),
            not _is_known(rows[i]),
            i,
        ),
    )
    table = pl.DataFrame([rows[i] for i in order], infer_schema_length=None)
    own = found[0]
    return Ablation(
        table=table,
        base={
            "sharpe": float(sharpe(base)),
            "net_return": own.net_returns[0],
            "n_trades": own.n_trades[0],
            "refused": "" if own.refused is None else own.refused.told(),
        },
        n_compared=int(np.isfinite(p_values).sum()),
        n_days=len(base),
        n_windows=cut.n_blocks,
        returns=returns[:, [0, *(i + 1 for i in order)]],
    )


def _row(
    one: Variant, own: Vec, base: Vec, ends: Sequence[tuple[int, int]], found: Crossed, seed: int
) -> dict[str, Any]:
    paired = compare(own, base, seed=seed)
    ratio = paired.differences.get("sharpe")
    better = [float(np.sum(own[a:b] - base[a:b])) > 0.0 for a, b in ends]
    same = bool(np.array_equal(own, base))
    why = "it changes nothing here" if same else paired.why or (ratio.why if ratio else "")
    return {
        "variant": str(one),
        "kind": one.kind,
        "in_force": one.in_force,
        "is_charged": one.name in CHARGED,
        "sharpe": float(sharpe(own)),
        "difference": ratio.value if ratio else math.nan,
        "low": ratio.low if ratio else math.nan,
        "high": ratio.high if ratio else math.nan,
        "p_value": math.nan if same or ratio is None else ratio.p_value,
        "mean_bps": 1e4 * float(np.mean(own - base)),
        "windows_better": sum(better),
        "net_return": found.net_returns[0],
        "n_trades": found.n_trades[0],
        "why": why,
    }


def _is_known(row: dict[str, Any]) -> bool:
    return not math.isnan(row["p_value"])


def _verdict(row: dict[str, Any]) -> str:
    if math.isnan(row["p_value"]):
        return "not compared"
    if row["is_charged"]:
        return "other costs"
    if not row["is_discovered"]:
        return "no evidence"
    return "better" if row["difference"] > 0.0 else "worse"
