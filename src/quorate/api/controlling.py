"""White-noise control: the same pipeline on markets in which nothing can be foreseen.

In: a run. Out: what its settings and engines came to on its own bars in another order, many times,
beside what it made. A pipeline that earns as much on noise found nothing in the market, however its
ratio looks. Nothing is booked: the markets are made up, and no setting is chosen by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from quorate import report
from quorate.api.backtests import run as backtest
from quorate.api.extensions import named
from quorate.api.finding import find
from quorate.api.folder import read_json, refuse_walk, settings_of, write_json
from quorate.api.models import fits_then
from quorate.errors import ConfigError
from quorate.lake import again
from quorate.lake.shuffled import shuffled, usual_block
from quorate.report.control import FILE
from quorate.report.luck import verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.api.result import Result
    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.research.fits import Fits
    from quorate.settings import Settings

N: Final = 19
"""The fewest markets of which none doing as well says 5%."""


@dataclass(frozen=True)
class Control:
    """What a run made, beside the same on shuffled markets.

    Attributes
    ----------
    run_id : str
        The run.
    net_return : float
        What it made, a fraction.
    sharpe : float
        Its ratio; one that is not defined counts as 0, for it made nothing.
    table : DataFrame
        ``seed``, ``net_return``, ``sharpe``, ``n_trades`` and ``is_found``, one row a market.
    block_minutes : int
        Length of the blocks that changed places.
    p_return, p_sharpe : float
        How often luck does as well: ``(1 + markets that did) / (1 + markets)``.
    folder : Path or None
        Where ``control.json`` was written, and the page again.
    """

    run_id: str
    net_return: float
    sharpe: float
    table: pl.DataFrame
    block_minutes: int
    p_return: float
    p_sharpe: float
    folder: Path | None = None

    @property
    def n_found(self) -> int:
        """On how many of the markets the pipeline would have been believed: false alarms."""
        return int(self.table["is_found"].sum())

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, as ``control.json`` keeps it."""
        return {
            "run_id": self.run_id,
            "n": self.table.height,
            "block_minutes": self.block_minutes,
            "net_return": self.net_return,
            "sharpe": self.sharpe,
            "p_return": self.p_return,
            "p_sharpe": self.p_sharpe,
            "n_found": self.n_found,
            "markets": self.table.to_dicts(),
        }

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line: how often luck did as well."""
        return (
            f"Control({self.run_id}: net {self.net_return:+.2%}, p {self.p_return:.3f}; Sharpe "
            f"{self.sharpe:.2f}, p {self.p_sharpe:.3f}; {self.table.height} shuffled markets)"
        )


def control(
    run: str | Path,
    *,
    n: int = N,
    seed: int = 0,
    block_minutes: int | None = None,
    out: str | Path = Path("runs"),
    panel: Panel | None = None,
    engines: Sequence[Engine] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Control:
    """Run the settings and engines of a run on markets that are its own bars shuffled.

    Parameters
    ----------
    run : str or Path
        Folder, id, or the beginning of an id of a run below ``out``.
    n : int
        How many markets; with 19 of which none does as well p is 5%, with 99 it is 1%.
    seed : int
        Of the first market; the others follow on it.
    block_minutes : int, optional
        Length of the blocks of bars that are drawn: 15 minutes, or what holds whole bars, when
        left out. What is over within a block is left in.
    out : str or Path
        Folder of runs.
    panel : Panel, optional
        The data of the run, where they were put together by hand or have moved.
    engines : sequence of Engine, optional
        The engines of the run, where its settings do not name them.
    progress : callable, optional
        Called with bars done and bars in all.

    Returns
    -------
    Control
        Written to the folder of the run, and onto its page.

    Raises
    ------
    ConfigError
        ``n`` is below 1, or the blocks do not fit a day or the bars.
    DataError
        There is no such run, or its data have changed.

    Notes
    -----
    Units: fractions, per square root of a year, probability.  Causal: as ``quorate.run``.  Missing:
    a ratio that is not defined is 0. The mean move of each coin is taken out, so that holding it
    makes nothing either: a run that was only long of what rose is held against its benchmark.
    Funding stays.  METHODS 5.7; White (2000), "A reality check for data snooping".

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import quorate
    >>> with TemporaryDirectory() as runs:
    ...     made = quorate.run(quorate.synthetic(n_coins=1, days=1), out=runs)
    ...     control(made.run_id, n=1, out=runs).p_return
    1.0
    """
    if n < 1:
        raise ConfigError(f"n is {n}, it must be at least 1", hint=f"{N} markets can say 5%")
    folder = find(run, Path(out))
    facts = read_json(folder, "run.json")
    refuse_walk(facts)
    settings = settings_of(facts)
    data = again(facts["data"]["made"], facts["data"]["digest"]) if panel is None else panel
    if data.source.digest != facts["data"]["digest"]:
        raise ConfigError(
            "the panel is not that of the run", hint="hand over the one that it was made with"
        )
    voters = named(settings) if engines is None else tuple(engines)
    metrics = read_json(folder, "metrics.json")
    block = usual_block(data.bar_minutes) if block_minutes is None else block_minutes
    fits = fits_then(facts, folder)
    rows = markets(data, settings, voters, range(seed, seed + n), block, progress, fits)
    found = against(
        facts["run_id"],
        float(metrics["net"]["total_return"] or 0.0),
        metrics["net"]["sharpe"],
        rows,
        block,
    )
    write_json(folder / FILE, found.as_dict())
    report.render(folder)
    return Control(**{**found.__dict__, "folder": folder})


def markets(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    seeds: Sequence[int],
    block_minutes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    models: Fits | None = None,
) -> pl.DataFrame:
    """Return what settings came to on shuffled markets, one row a seed; as ``Control.table``.

    Notes
    -----
    Units: fractions, per square root of a year.  Causal: as ``quorate.run``.  Missing: null.
    """
    rows = []
    for i, seed in enumerate(seeds):

        def told(done: int, bars: int, i: int = i) -> None:
            if progress is not None:
                progress(i * bars + done, len(seeds) * bars)

        try:
            market = shuffled(panel, seed, block_minutes)
        except ValueError as error:
            raise ConfigError(str(error), hint="15 minutes are usual") from error
        made = backtest(market, settings, engines=engines, models=models, progress=told)
        rows.append(_row(seed, made))
    return pl.DataFrame(rows)


def _row(seed: int, made: Result) -> dict[str, Any]:
    net = made.metrics["net"]
    said = verdict(net, made.trades.height, str, is_traded=made.trades.height > 0)
    return {
        "seed": seed,
        "net_return": made.net_return,
        "sharpe": net["sharpe"],
        "n_trades": made.trades.height,
        "is_found": bool(said.is_told_apart) and (net["sharpe"] or 0.0) > 0.0,
    }


def against(
    run_id: str, net_return: float, sharpe: float | None, table: pl.DataFrame, block_minutes: int
) -> Control:
    """Return what was made beside what was made on shuffled markets.

    Examples
    --------
    >>> table = pl.DataFrame({"net_return": [0.1, -0.1, 0.0], "sharpe": [1.0, -1.0, None]})
    >>> found = against("run", 0.05, 2.0, table, 60)
    >>> found.p_return, found.p_sharpe
    (0.5, 0.25)
    """
    ratio = 0.0 if sharpe is None or not math.isfinite(sharpe) else sharpe
    return Control(
        run_id,
        net_return,
        ratio,
        table,
        block_minutes,
        p_return=_rank(net_return, table["net_return"]),
        p_sharpe=_rank(ratio, table["sharpe"].cast(pl.Float64).fill_null(0.0)),
    )


def _rank(value: float, others: pl.Series) -> float:
    as_well = int(np.sum(others.to_numpy() >= value))
    return (1.0 + as_well) / (1.0 + len(others))
