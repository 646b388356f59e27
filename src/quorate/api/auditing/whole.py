"""The audit: every part over one panel, one outcome.

In: a panel, settings, engines, and what else of one's own is to be audited. Out: ``Audit``. The
parts run in this order, and each is told of in its module: engines (``voters``), features to fills
(``chain``), the panel's making (``panels``), labels, weights and splits (``labels``), fits
(``fits``), and a whole trained pipeline (``pipeline``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.api.auditing import binding, chain, fits, panels, pipeline
from quorate.api.auditing import labels as labelling
from quorate.api.auditing.finding import Audit, Part
from quorate.api.auditing.future import cut_panel
from quorate.api.auditing.sheet import Sheet
from quorate.api.auditing.times import cuts as rows_to_cut
from quorate.api.auditing.voters import ROWS, Voters
from quorate.api.configure import configure
from quorate.api.effective import read_settings
from quorate.api.extensions import in_file, load, named
from quorate.api.folding import bitcoin
from quorate.backtest.run import BLOCK_CELLS
from quorate.core import features
from quorate.core.engines.base import Engine
from quorate.errors import ConfigError, EngineError
from quorate.lake import Panel, blocks
from quorate.research import sealing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.research.labels import Labels
    from quorate.research.prices import Prices
    from quorate.research.splits import Split
    from quorate.settings import Settings

MOST_ASKED = 160_000
"""Coin-rows of the panel on which engines are asked, but at least ``LEAST_ASKED`` times some."""
LEAST_ASKED = 4
LEAST_CUTS = 4
MOST_STARTS = 6
MOST_CELLS = 30_000_000
"""Coin-bars of all runs that begin at the first bar, but at least one is made."""
MOST_READ = 16_000_000
"""Coin-bars that are read of a panel on disk: some 2 GB."""


def audit(  # noqa: PLR0913  (what one may hand over, each with its name)
    panel: Panel,
    settings: Settings | None = None,
    *,
    engines: Sequence[Engine | str] | None = None,
    fit: Callable[[Panel, int], Any] | None = None,
    labels: Callable[[Prices], Labels] | None = None,
    splits: Callable[[Labels], Sequence[Split]] | None = None,
    made_at: Callable[[int], Panel] | None = None,
    n_cuts: int = 48,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Hold everything that was known at many times against what the whole history says of it.

    Parameters
    ----------
    panel : Panel
        Your market.
    settings : Settings, optional
        From ``quorate.read_settings``, which is called when left out.
    engines : sequence of Engine or str, optional
        All that vote; a text is ``file.py:name`` or ``package.module:name``. Those the settings
        name when left out.
    fit : callable, optional
        A trained pipeline: ``fit(panel, row)`` returns arrays, what it makes of what is known at
        the close of a row. One of the audit's own when left out.
    labels, splits : callable, optional
        ``labels(prices)`` returns ``Labels``, ``splits(labels)`` the splits over them. Those of the
        project when left out.
    made_at : callable, optional
        ``made_at(known_ms)`` makes the panel of what was known at an instant. One that was loaded
        from plain folders is made again without it.
    n_cuts : int
        At how many times the history is cut, at least 4.
    seed : int
        Which times, which noise; the same seed gives the same audit.
    progress : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    Audit
        What was compared, found and not covered, with a digest that binds it to code, settings,
        engines and data.

    Raises
    ------
    ConfigError
        What is audited is no panel, or has fewer than two bars; ``n_cuts`` is below 4.
    EngineError
        An engine cannot be imported, or two have one name.

    Notes
    -----
    Units: rows of the panel.  Causal: this is what proves it.  Missing: ``Part.not_covered``.
    A finding is an outcome and no error: ``Audit.raise_if_found`` makes it one.
    DESIGN 1, METHODS 5.3, 12.

    Examples
    --------
    >>> import quorate
    >>> found = quorate.audit(quorate.synthetic(n_coins=2, days=3), n_cuts=4)
    >>> found.is_pass, [part.name for part in found.parts]
    (True, ['engines', 'decisions', 'panel', 'labels', 'fits', 'pipeline'])
    """
    if not isinstance(panel, Panel) or panel.n_bars < 2:
        raise ConfigError(
            f"an audit needs a Panel of two bars or more, got {panel!r:.60}",
            hint="make one: quorate.load(folder, venue=..., kind=...)",
        )
    check_cuts(n_cuts)
    chosen = read_settings() if settings is None else settings
    whole, (panel, left) = panel, _read(panel)
    voters = _voters(chosen, engines)
    plan = _plan(panel, n_cuts, seed)
    work = _Work(panel, chosen, plan, _Steps(_n_steps(panel, plan, made_at), progress), left)
    clean, said = _engines(work, voters)
    parts = [
        said,
        _decisions(work, clean, voters),
        _panel(work, made_at),
        _labels(work, labelling.Makers(labels or labelling.hourly, splits or labelling.walked)),
        _fits(work),
        _pipeline(work, fit),
    ]
    work.tick.finish()
    others = {"fit": fit, "labels": labels, "splits": splits, "made_at": made_at}
    options = {"n_cuts": n_cuts, "seed": seed}
    bound = binding.binds(whole, chosen, voters, others, options)
    return _sealed(Audit(panel.source.description, tuple(parts), bound))


def _sealed(made: Audit) -> Audit:
    """Return an audit that is signed; without a key, or a library to sign with, it is not.

    An audit can be read without either. Publishing asks for the signature, and says what is wrong.
    """
    try:
        return replace(made, seal=sealing.seal("audit", made.digest))
    except ConfigError:
        return made


def _read(panel: Panel) -> tuple[Panel, tuple[str, ...]]:
    """Return a panel in memory; of one on disk the first bars, if all would not find room."""
    close: object = panel.bars.close
    if isinstance(close, np.ndarray):
        return panel, ()
    n_bars = min(panel.n_bars, max(2, MOST_READ // panel.n_coins))
    said = f"all parts: {panel.n_bars - n_bars:,} bars after the first {n_bars:,}, left on disk"
    return cut_panel(panel, n_bars), (said,) if n_bars < panel.n_bars else ()


class _Steps:
    """Count steps and tell of them."""

    def __init__(self, n: int, progress: Callable[[int, int], None] | None) -> None:
        self.n, self.done, self.progress = n, 0, progress

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(min(self.done, self.n), self.n)

    def finish(self) -> None:
        """Tell that all is done: parts that had nothing to do took no steps."""
        self.done = self.n - 1
        self()


@dataclass(frozen=True)
class _Plan:
    """Rows at which each part cuts."""

    forks: list[int]
    starts: list[int]
    panels: list[int]
    labels: list[int]
    fits: list[int]
    asked: frozenset[int]
    seed: int


@dataclass(frozen=True)
class _Work:
    """What every part is given."""

    panel: Panel
    settings: Settings
    plan: _Plan
    tick: _Steps
    left: tuple[str, ...] = ()


def check_cuts(n_cuts: int) -> None:
    """Refuse fewer cuts than an audit needs, before anything is computed."""
    if n_cuts < LEAST_CUTS:
        raise ConfigError(
            f"n_cuts is {n_cuts}, it must be at least {LEAST_CUTS}",
            hint="leave it out: the default is enough",
        )


def _plan(panel: Panel, n_cuts: int, seed: int) -> _Plan:
    """Choose the rows, all from one seed."""
    n_cells = panel.n_bars * panel.n_coins
    n_starts = max(1, min(MOST_STARTS, n_cuts // 4, MOST_CELLS // n_cells))
    size = _block(panel)
    windows = np.array([t for b in range(0, panel.n_bars, size) for t in _windows(panel, b)])
    n = max(LEAST_ASKED, MOST_ASKED // (ROWS * panel.n_coins))
    some = np.random.default_rng(seed).permutation(windows)[:n]
    return _Plan(
        forks=rows_to_cut(panel, n_cuts, seed),
        starts=rows_to_cut(panel, n_starts, seed + 1, panel.n_bars // 4),
        panels=rows_to_cut(panel, max(2, min(8, n_cuts // 8)), seed + 2, panel.n_bars // 8),
        labels=rows_to_cut(panel, max(2, min(16, n_cuts // 3)), seed + 3, panel.n_bars // 8),
        fits=rows_to_cut(panel, max(1, min(3, n_cuts // 8)), seed + 4, panel.n_bars // 2),
        asked=frozenset(int(t) for t in some),
        seed=seed,
    )


def _block(panel: Panel) -> int:
    return max(1, BLOCK_CELLS // panel.n_coins)


def _windows(panel: Panel, t: int) -> range:
    """Return where the rows that engines are asked about begin, of the block that begins at t."""
    return range(t, min(t + _block(panel), panel.n_bars), ROWS)


def _n_steps(panel: Panel, plan: _Plan, made_at: object) -> int:
    n_blocks = -(-panel.n_bars // _block(panel))
    n_panels = len(plan.panels) if made_at or not panels.why_not(panel) else 0
    n_fits = fits.N_FITS
    return 2 * n_blocks + len(plan.starts) + 1 + n_panels + len(plan.labels) + 2 + n_fits + 3


def _voters(settings: Settings, engines: Sequence[Engine | str] | None) -> tuple[Engine, ...]:
    """Return the engines under audit, their names unique."""
    if engines is None:
        return named(settings)
    found = tuple(each if isinstance(each, Engine) else engine_of(each) for each in engines)
    names = [engine.name for engine in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise EngineError(f"two engines are called {twice[0]!r}", hint="rename one of them")
    return found


def engine_of(spec: str) -> Engine:
    """Return the engine that a text names: ``file.py:name`` or ``package.module:name``."""
    return in_file(spec) if spec.rpartition(":")[0].endswith(".py") else load(spec)


def _engines(work: _Work, voters: tuple[Engine, ...]) -> tuple[tuple[Engine, ...], Part]:
    """Ask engines about the panel's own features; return those without a finding."""
    panel = work.panel
    sheet = Sheet("engines", not_covered=[*work.left])
    heard = Voters(voters, sheet, panel, work.plan.seed)
    params = configure(work.settings, panel.bar_minutes, bitcoin(panel)).features
    state = features.init(panel.n_coins, params)
    n_rows = 0
    for block in blocks(panel, _block(panel)):
        cube = features.build(block.bars, block.k0, state, params)
        for t in _windows(panel, block.t):
            if t in work.plan.asked:
                rows = cube.values[t - block.t : t - block.t + ROWS]
                heard.hear(t, rows)
                n_rows += len(rows)
        work.tick()
    if n_rows < panel.n_bars:
        sheet.not_covered.append(
            f"engines: asked about {n_rows:,} of {panel.n_bars:,} rows, drawn by the seed"
        )
    return heard.close(), sheet.part()


def _decisions(work: _Work, clean: tuple[Engine, ...], voters: tuple[Engine, ...]) -> Part:
    """Run the whole chain with the engines that have no finding."""
    sheet = Sheet("decisions")
    out = [engine.name for engine in voters if engine not in clean]
    if out:
        sheet.not_covered.append(
            f"decisions: with {', '.join(out)}, which the engines' part found at fault"
        )
    if not clean:
        sheet.not_covered.append("decisions: no engine is left to decide with")
        return sheet.part()
    plan = chain.Cuts(work.plan.forks, work.plan.starts, work.plan.seed)
    chain.audit(work.panel, work.settings, clean, plan, sheet, work.tick)
    return sheet.part()


def _panel(work: _Work, made_at: Callable[[int], Panel] | None) -> Part:
    """Make the panel again as of some times, where that can be done."""
    sheet = Sheet("panel")
    if made_at is not None:
        panels.audit(work.panel, made_at, work.plan.panels, sheet, work.tick)
        return sheet.part()
    reason = panels.why_not(work.panel)
    if reason:
        sheet.not_covered.append(f"panel: how it was made: {reason}")
        return sheet.part()
    again = panels.from_files(work.panel)
    panels.audit(work.panel, again, work.plan.panels, sheet, work.tick)
    return sheet.part()


def _labels(work: _Work, made: labelling.Makers) -> Part:
    sheet = Sheet("labels")
    labelling.audit(work.panel, made, work.plan.labels, work.plan.seed, sheet, work.tick)
    return sheet.part()


def _fits(work: _Work) -> Part:
    sheet = Sheet("fits")
    fits.audit(work.panel, work.settings, work.plan.seed, sheet, work.tick)
    return sheet.part()


def _pipeline(work: _Work, fit: Callable[[Panel, int], Any] | None) -> Part:
    sheet = Sheet("pipeline")
    if fit is None:
        sheet.not_covered.append(
            "pipeline: yours; hand it over as fit. What was trained here is the audit's own"
        )
    made = fit or pipeline.trained(work.settings)
    pipeline.audit(work.panel, made, work.plan.fits, work.plan.seed, sheet, work.tick)
    return sheet.part()
