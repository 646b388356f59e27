"""Train on a past and leave a model set: what a run from there on may vote and reckon with.

In: a panel, settings, a plan. Out: a folder of signed model files and ``Trained``. It is what a
walk forward does at the start of a window, done once at the end of the panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.api import folding
from quorate.api.auditing.binding import data_hash
from quorate.api.backtests import checked
from quorate.api.extensions import named
from quorate.api.plans import Plan
from quorate.api.recipes import recipe
from quorate.core.types import Regime
from quorate.errors import TooLittleHistoryError
from quorate.lake.panel import part
from quorate.research import model_set, prices, training
from quorate.research.leaderboard import board
from quorate.research.learned import judged
from quorate.research.learners import learners
from quorate.research.model_set import ModelSet, Voter
from quorate.research.parallel import Workers, together
from quorate.research.past import Hours, Past

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteMat
    from quorate.lake import Panel
    from quorate.research.learners import Learner
    from quorate.research.training import Fit
    from quorate.settings import Settings


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes
    ----------
    folder : Path
        The model set, for ``quorate backtest --models``.
    digest : str
        Of the set.
    until : datetime
        When the last label had ended: from here on the set is out of sample.
    fit : Fit
        What was learned, with remarks.
    leaderboard : DataFrame or None
        Who was worth what, where the plan asked for it.
    """

    folder: Path
    digest: str
    until: datetime
    fit: Fit
    leaderboard: pl.DataFrame | None

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line."""
        return (
            f"Trained({len(self.fit.models)} engines, {self.fit.n_labels:,} labels until "
            f"{self.until:%Y-%m-%d}; {self.folder})"
        )


def train(  # noqa: PLR0913  (what may be asked for, each by its name)
    panel: Panel,
    settings: Settings | None = None,
    plan: Plan | None = None,
    *,
    to: str | Path,
    engines: Sequence[Engine] | None = None,
    approved: Mapping[str, frozenset[Regime]] | None = None,
    before: Mapping[str, frozenset[Regime]] | None = None,
    workers: int | Workers = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Trained:
    """Learn from the last days of a panel and write a model set.

    Parameters
    ----------
    panel : Panel
        At least ``plan.train_days`` long; what comes before them warms up.
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out.
    plan : Plan, optional
        What is learned; its gap and test days do not matter here.
    to : str or Path
        Folder of the set; one that is there is replaced whole.
    engines : sequence of Engine, optional
        The rule engines; those the settings name when left out.
    approved : mapping of str to frozenset of Regime, optional
        Who may vote where, as an earlier set has it: it is not judged anew then.
    before : mapping of str to frozenset of Regime, optional
        Who may vote where now, from which those who are judged anew move by one step; what the
        engines state when left out, and of an engine that it does not name.
    workers : int or Workers
        Who fits: processes of this machine, or a cluster. The bytes are the same.
    progress : callable, optional
        Called with bars watched and bars in all.

    Returns
    -------
    Trained

    Raises
    ------
    TooLittleHistoryError
        The panel is shorter than the days that are to be learned from.
    ResearchError, ConfigError
        Nothing can be learned; a model is unknown; the library that signs is not there; a cluster
        is not to be used.

    Notes
    -----
    Units: days.  Causal: the set says until when its labels reached; a run over earlier bars says
    so at its head.  Missing: what could not be learned is in ``fit.remarks``.  METHODS 1.4, 3.4.

    Examples
    --------
    >>> import tempfile
    >>> import quorate
    >>> plan = quorate.Plan(train_days=30, models=("linear",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = quorate.train(quorate.synthetic(n_coins=4, days=40), plan=plan, to=folder)
    ...     sorted(found.fit.models)
    ['linear_model']
    """
    chosen, asked = checked(panel, settings), Plan() if plan is None else plan
    rules = tuple(engines) if engines is not None else named(chosen)
    asked_for = learners(asked.models, per_regime=asked.per_regime, rules=rules)
    n_bars = asked.train_days * 24 * panel.bars_per_hour
    n_days = panel.n_bars / (24 * panel.bars_per_hour)
    if panel.n_bars < n_bars:
        raise TooLittleHistoryError(
            f"the panel has {n_days:.3g} days, fewer than {asked.train_days} days",
            hint="load a longer history, or learn from fewer days",
        )
    fold = folding.begin(panel, chosen, rules)
    horizon = fold.made.params.consensus.horizon_bars
    as_of = panel.k0 + panel.n_bars - 1
    # a cluster is asked before the market is watched, which takes longer
    with together(workers) as each:
        hours = _watched(panel, fold, n_bars, progress)
        market = prices.of(part(panel, 0, panel.n_bars))
        found = training.fit(
            hours,
            market,
            rules,
            asked_for,
            as_of_k=as_of,
            horizon_bars=horizon,
            calibrated=asked.calibrate,
            edge=asked.edge,
            edge_z=asked.edge_z,
            each=each,
        )
    ranked = None
    may_vote = {} if approved is None else dict(approved)
    if asked.leaderboard and approved is None:
        votes = judged(hours, market, as_of_k=as_of, horizon_bars=horizon)
        names = [engine.name for engine in rules]
        ranked = board(votes, names, _stand(rules, fold.made.approved, before or {}))
        may_vote = {
            name: frozenset(regime for regime in Regime if ranked.approved[regime, e])
            for e, name in enumerate(names)
        }
    until = datetime.fromtimestamp(panel.close_ms(panel.n_bars - 1) / 1000.0, tz=UTC)
    hours_ahead = horizon / panel.bars_per_hour
    made = set_of(
        panel, found, asked_for, until, hours_ahead, may_vote, recipe(chosen, rules, asked)
    )
    digest = model_set.write(Path(to), made)
    return Trained(Path(to), digest, until, found, None if ranked is None else ranked.table)


def _stand(
    rules: Sequence[Engine], stated: ByteMat, before: Mapping[str, frozenset[Regime]]
) -> ByteMat:
    """Return who may vote where before a board, shape (regime, engine)."""
    found = stated.copy()
    for e, engine in enumerate(rules):
        if engine.name in before:
            found[:, e] = [regime in before[engine.name] for regime in Regime]
    return found


def set_of(
    panel: Panel,
    found: Fit,
    asked_for: Sequence[Learner],
    until: datetime,
    horizon_hours: float,
    approved: Mapping[str, frozenset[Regime]],
    made_by: Mapping[str, Any],
) -> ModelSet:
    """Return what was learned as a model set.

    Parameters
    ----------
    panel : Panel
        What it was learned from.
    found : Fit
        From ``training.fit``.
    asked_for : sequence of Learner
        What was asked for; what could not be learned is left out.
    until : datetime
        When its labels had ended, aware.
    horizon_hours : float
        What its labels look ahead.
    approved : mapping of str to frozenset of Regime
        Who of the rules may vote where.
    made_by : Mapping
        The recipe.

    Notes
    -----
    Units: hours.  Causal: none.  Missing: ``found.remarks``.
    """
    return ModelSet(
        certificate=certificate_of(panel),
        horizon_hours=horizon_hours,
        until=until,
        voters=_voters(asked_for, found),
        calibrations=found.calibrations,
        strengths=found.strengths,
        edge=found.edge,
        approved=approved,
        recipe=made_by,
    )


def _watched(
    panel: Panel, fold: folding.Fold, n_bars: int, progress: Callable[[int, int], None] | None
) -> Hours:
    """Watch a whole panel, and return the hours of its last bars."""
    past = Past(panel.bars_per_hour)
    for t, done in folding.advance(panel, fold, may_enter=False):
        past.add(done)
        if progress is not None:
            progress(t + len(done.decisions.equity), panel.n_bars)
    as_of = panel.k0 + panel.n_bars - 1
    return past.between(as_of - n_bars + 1, as_of)


def _voters(asked: Sequence[Learner], found: Fit) -> tuple[Voter, ...]:
    """Return the engines that were trained, each with its model."""
    return tuple(
        Voter(
            fit=found.models[learner.name],
            name=learner.name,
            family=learner.family,
            approved=frozenset(learner.approved),
            hypothesis=learner.hypothesis,
        )
        for learner in asked
        if learner.name in found.models
    )


def certificate_of(panel: Panel) -> str:
    """Return the digest of the rows that a set is fitted on, warm-up and all, in hex.

    It is not that of their files, which grow and are packed anew (``auditing.binding.data_hash``).
    """
    return data_hash(panel)
