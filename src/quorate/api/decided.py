"""The decisions that a run kept, with their ids.

In: the folder of a run. Out: a table to choose from. Kept are the decisions that sent an order,
and those where a signal was refused for a new reason; any other bar can be explained by its coin
and time.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from quorate.api.events import decision_id
from quorate.api.finding import find
from quorate.api.folder import read_json, read_table
from quorate.api.outcomes import AT_ONCE, by_exchange
from quorate.core.types import Reason
from quorate.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ACTIONS = ("buy", "sell", "wait")


def decisions(
    run: str | Path,
    *,
    symbol: str | None = None,
    reason: str | None = None,
    action: str | None = None,
    exchange: bool = False,
    out: str | Path = Path("runs"),
) -> pl.DataFrame:
    """Return the decisions that a run kept, oldest first, each with its id.

    Parameters
    ----------
    run : str or Path
        Folder, id, or the beginning of an id of a run below ``out``.
    symbol, reason, action : str, optional
        Only those of a coin, for a reason (``ENTRY``), of an action (``buy``, ``sell``, ``wait``).
    exchange : bool
        Also what the exchange closed by itself (stops, liquidations, delistings); so it is where
        ``reason`` names one of these.
    out : str or Path
        Folder of runs.

    Returns
    -------
    DataFrame
        ``id``, ``by`` (``decision`` or ``exchange``) and the columns of ``decisions.parquet``. What
        the exchange did has no id, and null where only a decision has a value.

    Raises
    ------
    DataError
        The run, the coin, the reason or the action is not there; the nearest is named.

    Notes
    -----
    Units: as the names say.  Causal: as they were decided.  Missing: NaN as recorded.  Spec 10.

    Examples
    --------
    >>> decisions("no-such-run", out=Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.DataError: there is no run 'no-such-run' in no-such-folder
      next: it holds no run yet: `quorate demo` makes one
    """
    folder = find(run, out)
    facts = read_json(folder, "run.json")
    found = kept(folder)
    name = None
    if reason is not None:
        name = _one_of("reason", reason.upper().replace(" ", "_"), Reason.__members__)
    found = found.select("id", pl.lit("decision").alias("by"), pl.exclude("id"))
    if exchange or name in AT_ONCE:
        found = _with_exits(folder, found)
    if symbol is not None:
        coin = coin_of(symbol, facts["data"]["symbols"])
        found = found.filter(pl.col("symbol") == coin)
    if name is not None:
        found = found.filter(pl.col("reason") == name)
    if action is not None:
        found = found.filter(pl.col("action") == _one_of("action", action.lower(), ACTIONS))
    return found


def kept(folder: Path) -> pl.DataFrame:
    """Return all kept decisions of a run folder with their ids, oldest first.

    Notes
    -----
    Units: as the names say.  Causal: as they were decided.  Missing: no row where none was kept.
    """
    rows = read_table(folder, "decisions.parquet")
    if not isinstance(rows.schema.get("engine_votes"), pl.List):
        raise DataError(
            f"the decisions of {folder} were written by an older version",
            hint="run the backtest again",
        )
    run_id = str(read_json(folder, "run.json")["run_id"])
    ids = [
        decision_id(run_id, symbol, at)
        for symbol, at in zip(rows["symbol"], rows["timestamp"], strict=True)
    ]
    return rows.select(pl.Series("id", ids, pl.String), pl.all())


def _with_exits(folder: Path, rows: pl.DataFrame) -> pl.DataFrame:
    """Return kept decisions and, among them, what the exchange closed by itself."""
    fills = by_exchange(folder, rows)
    if fills.is_empty():
        return rows
    exits = fills.select(
        pl.lit("exchange").alias("by"),
        pl.col("ts").alias("timestamp"),
        "symbol",
        pl.when(pl.col("coins") > 0.0)
        .then(pl.lit("buy"))
        .otherwise(pl.lit("sell"))
        .alias("action"),
        (pl.col("coins").abs() * pl.col("price")).alias("size_usd"),
        "price",
        "regime",
        "reason",
        "venue",
        "style",
    )
    return pl.concat([rows, exits], how="diagonal_relaxed").sort("timestamp", maintain_order=True)


def coin_of(text: str, symbols: Sequence[str]) -> str:
    """Return a coin of the run as the run spells it, whatever the case it was typed in.

    Examples
    --------
    >>> coin_of("btcusdt", ["BTCUSDT", "ETHUSDT"])
    'BTCUSDT'
    """
    by_name = {symbol.upper(): symbol for symbol in symbols}
    if text.upper() not in by_name:
        near = difflib.get_close_matches(text.upper(), by_name, n=3, cutoff=0.4)
        shown = [by_name[name] for name in near] or list(symbols)[:5]
        raise DataError(f"the run has no coin {text!r}", hint=f"it has {', '.join(shown)}")
    return by_name[text.upper()]


def _one_of(what: str, text: str, known: Collection[str]) -> str:
    if text not in known:
        near = difflib.get_close_matches(text, list(known), n=3, cutoff=0.4) or list(known)[:3]
        raise DataError(f"there is no {what} {text!r}", hint=f"like {', '.join(near)}")
    return text
