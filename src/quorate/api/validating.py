"""Validate models on whole histories that they did not see, before any of them trades.

In: a panel and settings. Out: ``research.cpcv.Paths``. The panel is watched once, as a run watches
it before its first entry; what was seen on full hours, with its labels, is what models are fitted
on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.api import folding
from quorate.api.backtests import checked
from quorate.api.extensions import named
from quorate.api.learning import certificate_of
from quorate.api.recipes import settings_told
from quorate.lake.panel import part
from quorate.report.plain import plain
from quorate.research import prices, sealing
from quorate.research.cpcv import N_BLOCKS, N_TEST, Paths, require_cost
from quorate.research.cpcv import cpcv as validate
from quorate.research.learned import labelled
from quorate.research.learners import learners
from quorate.research.meta import COST_BPS
from quorate.research.parallel import Workers, together
from quorate.research.past import Past

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.lake import Panel
    from quorate.research.learned import Learned
    from quorate.settings import Settings


def cpcv(
    panel: Panel,
    settings: Settings | None = None,
    *,
    models: Sequence[str] = ("linear", "trees"),
    n_blocks: int = N_BLOCKS,
    n_test: int = N_TEST,
    cost_bps: float | None = None,
    workers: int | Workers = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Paths:
    """Return how models do on whole histories that they did not see.

    Parameters
    ----------
    panel : Panel
        The market.
    settings : Settings, optional
        Whose horizon the labels have; ``quorate.read_settings`` when left out.
    models : sequence of str
        Words of ``learners.LEARNERS`` and ``learners.META``.
    n_blocks, n_test
        As of ``research.cpcv.cpcv``.
    cost_bps : float, optional
        What a traded vote costs, in and out; when left out 15, or the fees of a round trip in this
        market where they are more (``fees_bps``).
    workers : int or Workers
        Who fits: processes of this machine, or a cluster. The bytes are the same.
    progress : callable, optional
        Called with bars watched and bars in all.

    Returns
    -------
    Paths
        ``table`` has a row a model and path, ``spread`` how far the paths lie apart.

    Raises
    ------
    ConfigError
        A model is unknown, a setting out of its bounds, a cost below 0, or a cluster not to be
        used.
    TooLittleHistoryError, ResearchError
        There is too little to learn from.

    Notes
    -----
    Units: bps; per square root of a year.  Causal: no: a model learns from the future of its test.
    It chooses between models; what would have been earned is told by ``quorate.walkforward``.
    Missing: rows with an unknown feature are not predicted.  Spec 3, METHODS 5.4.

    Examples
    --------
    >>> import quorate
    >>> panel = quorate.synthetic(n_coins=3, days=45, planted_edge=4.0)
    >>> cpcv(panel, models=["linear"], n_blocks=4, n_test=1).spread["measure"].to_list()
    ['brier_skill', 'hit_rate', 'net_bps', 'sharpe']
    """
    chosen = checked(panel, settings)
    cost_bps = max(COST_BPS, fees_bps(panel)) if cost_bps is None else cost_bps
    require_cost(cost_bps)
    asked = learners(models, rules=named(chosen))
    with together(workers) as each:
        learned = _watched(panel, chosen, progress)
        return validate(
            learned, asked, n_blocks=n_blocks, n_test=n_test, cost_bps=cost_bps, each=each
        )


def fees_bps(panel: Panel) -> float:
    """Return what the fees of a round trip are, taken in and out, at the cheapest venue.

    Examples
    --------
    >>> import quorate
    >>> fees_bps(quorate.synthetic(n_coins=2, days=1))
    10.0
    """
    return 2.0 * float(panel.venues.taker_bps.min())


def paths_told(
    found: Paths, panel: Panel, settings: Settings, models: Sequence[str]
) -> dict[str, Any]:
    """Return what a file of a cross-validation holds: every path, what it is of, and a seal.

    Parameters
    ----------
    found : Paths
        From ``cpcv``.
    panel, settings, models
        As it was asked for.

    Raises
    ------
    ConfigError
        There is no key to sign with.

    Notes
    -----
    Units: as ``cpcv``.  Causal: none.  Missing: None. A registry takes it as evidence for shadow.
    """
    told: dict[str, Any] = plain(
        {
            "data": panel.source.description,
            "source": panel.source.digest,
            "certificate": certificate_of(panel),
            "symbols": list(panel.symbols),
            "settings": settings_told(settings.values),
            "models": list(models),
            "n_blocks": found.n_blocks,
            "n_test": found.n_test,
            "cost_bps": found.cost_bps,
            "fees_bps": fees_bps(panel),
            "paths": found.table.to_dicts(),
            "spread": found.spread.to_dicts(),
        }
    )
    digest = sealing.digest_of(told)
    return {**told, "digest": digest, "seal": sealing.seal("cpcv", digest)}


def _watched(
    panel: Panel, chosen: Settings, progress: Callable[[int, int], None] | None
) -> Learned:
    """Return the labelled hours of a panel that was watched once."""
    fold = folding.begin(panel, chosen, named(chosen))
    past = Past(panel.bars_per_hour)
    for t, done in folding.advance(panel, fold, may_enter=False):
        past.add(done)
        if progress is not None:
            progress(t + len(done.decisions.equity), panel.n_bars)
    last_k = panel.k0 + panel.n_bars - 1
    horizon = fold.made.params.consensus.horizon_bars
    # a part is in memory, whatever the panel is on
    market = prices.of(part(panel, 0, panel.n_bars))
    return labelled(past.between(panel.k0, last_k), market, last_k, horizon)
