"""Reads the folder of a finished run, and refuses one that is not.

In: ``run.json``, ``metrics.json``, ``equity.parquet``, ``trades.parquet``, and ``fills.parquet``
and ``positions.parquet`` where they were kept. Out: one ``Run`` with
money in integers of 1e-8 USD, and the curves that follow from the equity of every bar.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from quorate.backtest.scorecard import SCORECARD
from quorate.core.types import Line, Reason
from quorate.errors import DataError
from quorate.lake import certificate
from quorate.report import control
from quorate.report.formats import units
from quorate.statistics import currency
from quorate.statistics.cautions import cautions
from quorate.statistics.daily import EQUITY
from quorate.statistics.trades import require_columns, require_trades

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.core.types import IntVec, Vec
    from quorate.lake.certificate import Certificate

    Found = TypeVar("Found")

SLIPPAGE: Final = (Line.DELAY, Line.SPREAD, Line.IMPACT, Line.LATENCY)
_EXPOSURE: Final = ("gross_usd", "net_usd", "beta_usd", "open_risk_usd", "risk_budget_usd")
_TEXTS: Final = ("venue", "entry_reason", "exit_reason")


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it; ``lines`` and money columns are integers of 1e-8 USD.

    ``fills``, ``positions``, ``attribution``, ``scorecard`` and ``benchmark`` are None where the
    folder, of an older version, does not have them. ``lines`` are those of the books, in quote
    currency counted as dollars; ``equity`` is in USD where a price of the quote currency was given,
    and ``currency`` is what that price made of the change. ``folder`` is where larger tables can be
    read from; ``certificate`` that of its data, None for a market that was made up; ``control``
    what the same came to on shuffled bars, where somebody asked.
    """

    about: dict[str, Any]
    metrics: dict[str, Any]
    equity: pl.DataFrame
    trades: pl.DataFrame
    lines: dict[Line, int]
    fills: pl.DataFrame | None = None
    positions: pl.DataFrame | None = None
    attribution: pl.DataFrame | None = None
    scorecard: pl.DataFrame | None = None
    benchmark: pl.DataFrame | None = None
    currency: int = 0
    folder: Path | None = None
    certificate: Certificate | None = None
    control: dict[str, Any] | None = None

    @property
    def is_traded(self) -> bool:
        """Whether anything was ever bought or sold."""
        return bool(self.trades.height or any(self.lines.values()))

    @property
    def start(self) -> int:
        """What the account held before its first bar."""
        return int(self.equity["equity"][0])

    @property
    def costs(self) -> int:
        """All costs of the books."""
        return sum(amount for line, amount in self.lines.items() if line is not Line.GROSS)

    @property
    def net(self) -> int:
        """What the account made after all costs, before the quote currency moved."""
        return self.lines[Line.GROSS] - self.costs

    @cached_property
    def cautions(self) -> dict[str, str]:
        """Metrics that are defined and say nothing, such as ``net.sharpe``, each with why."""
        return cautions(self.metrics, self.equity)

    def why(self, name: str) -> str:
        """Return why a metric, such as ``net.sharpe``, is not defined."""
        if not self.is_traded:
            return "it never traded"
        return str(self.metrics.get("flags", {}).get(name, "not defined"))


class Curves(NamedTuple):
    """What the equity of every bar says, shape (bar,): fractions, NaN once the account was lost.

    ``growth`` and ``gross_growth`` move with the returns, deposits and withdrawals taken out,
    from 1 at the start; ``drawdown`` is how far ``growth`` is below its highest so far.
    """

    times: IntVec
    growth: Vec
    gross_growth: Vec
    drawdown: Vec


def read(folder: Path) -> Run:
    """Read the folder of a run.

    Raises
    ------
    DataError
        A file is missing or broken.
    SchemaError
        A table has not the columns it must have, or the costs of a trade do not add up.

    Notes
    -----
    Units: 1e-8 USD inside.  Causal: reads a finished run.  Missing: an error, never a guess.
    Spec 10, 12.
    """
    trades = table(folder, "trades.parquet")
    require_trades(trades)
    equity = table(folder, "equity.parquet")
    require_columns(equity, EQUITY, "equity")
    metrics = tree(folder, "metrics.json")
    found = metrics.get("lines_usd", {})
    lacking = [line.name for line in Line if line.name not in found]
    if lacking:
        raise DataError(
            f"metrics.json of {folder.name}: lines_usd lacks {', '.join(lacking)}",
            hint="run the backtest again: the books are not complete",
        )
    require_columns(equity, pl.Schema(dict.fromkeys(_EXPOSURE, pl.Float64())), "equity")
    for column in (*_TEXTS, "hours"):
        if column not in trades.columns:
            raise DataError(
                f"trades.parquet of {folder.name} has no column {column!r}",
                hint="run the backtest again with this version",
            )
    return Run(
        about=tree(folder, "run.json"),
        metrics=metrics,
        equity=currency.in_usd(equity),
        trades=trades.with_columns(_text(trades[column]) for column in _TEXTS),
        lines={line: units(found[line.name]) for line in Line},
        fills=_table_if_kept(folder, "fills.parquet"),
        positions=_table_if_kept(folder, "positions.parquet"),
        attribution=_table_if_kept(folder, "attribution.parquet"),
        scorecard=_scorecard(folder),
        benchmark=_table_if_kept(folder, "benchmark.parquet"),
        currency=currency.effect(equity),
        folder=folder,
        certificate=_certificate(folder),
        control=tree(folder, control.FILE) if (folder / control.FILE).is_file() else None,
    )


def _certificate(folder: Path) -> Certificate | None:
    where = folder / certificate.FOLDER
    return certificate.salvage(where) if where.is_dir() else None


def curves(equity: pl.DataFrame) -> Curves:
    r"""Turn equity into growth, deposits and withdrawals out, and its distance from the peak.

    .. math:: I_t = \prod_{s \le t} \frac{E_s - F_s}{E_{s-1}}, \qquad
              D_t = I_t / \max_{s \le t} I_s - 1

    Notes
    -----
    Units: fractions.  Causal: each bar reads the bars before it.  Missing: NaN from the first
    bar whose equity before is not positive.  METHODS 11.

    Examples
    --------
    >>> frame = pl.DataFrame({"ts": [0, 1, 2], "equity": [100, 210, 189], "flow": [0, 100, 0],
    ...     "gross_equity": [100, 210, 189]}).with_columns(pl.col("ts").cast(pl.Datetime("ms")))
    >>> curves(frame).drawdown.round(3).tolist()
    [0.0, 0.0, -0.1]
    """
    flow = equity["flow"].to_numpy()
    index, gross = (_growth(equity[name].to_numpy(), flow) for name in ("equity", "gross_equity"))
    peak = np.maximum.accumulate(index)
    return Curves(equity["ts"].dt.epoch("ms").to_numpy(), index, gross, index / peak - 1.0)


def _growth(equity: IntVec, flow: IntVec) -> Vec:
    growth = np.ones(len(equity))
    before = equity[:-1]
    growth[1:] = np.nan
    np.divide(equity[1:] - flow[1:], before, out=growth[1:], where=before > 0)
    index = np.cumprod(growth)
    index[index <= 0.0] = np.nan
    return np.where(np.isnan(index).cumsum() > 0, np.nan, index)


def _text(column: pl.Series) -> pl.Series:
    """Name the reasons that were written as codes."""
    if not column.dtype.is_integer():
        return column.cast(pl.String).fill_null("").alias(column.name)
    names = {reason.value: reason.name for reason in Reason}
    return pl.Series(column.name, [names.get(code, str(code)) for code in column], pl.String)


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise DataError(
            f"{folder} has no {name}", hint="give the folder of a finished run: see `quorate ls`"
        )
    return path


def tree(folder: Path, name: str) -> dict[str, Any]:
    """Return a JSON object of a run folder, or raise a ``DataError`` that names the file."""
    path = _path(folder, name)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}", hint="run the backtest again") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds no object", hint="run the backtest again")
    return found


def _table_if_kept(folder: Path, name: str) -> pl.DataFrame | None:
    return table(folder, name) if (folder / name).is_file() else None


def _scorecard(folder: Path) -> pl.DataFrame | None:
    """Return the scorecard; columns that an older version did not write are null."""
    found = _table_if_kept(folder, "scorecard.parquet")
    if found is None:
        return None
    absent = [
        pl.lit(None, kind).alias(name) for name, kind in SCORECARD.items() if name not in found
    ]
    return found.with_columns(absent).select(list(SCORECARD))


def table(folder: Path, name: str) -> pl.DataFrame:
    """Return a Parquet table of a run folder, or raise a ``DataError`` that names the file."""
    return _parquet(folder, name, pl.read_parquet)


def rows(folder: Path, name: str) -> pl.LazyFrame:
    """Return a Parquet table as ``table`` does, read as far as it is asked for."""
    found = _parquet(folder, name, pl.scan_parquet)
    _parquet(folder, name, pl.read_parquet_schema)  # a file that is broken says so now
    return found


def _parquet(folder: Path, name: str, read: Callable[[Path], Found]) -> Found:
    path = _path(folder, name)
    try:
        return read(path)
    except PolarsError as error:
        raise DataError(f"{path} is not Parquet: {error}", hint="run the backtest again") from error
