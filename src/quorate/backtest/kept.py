"""The decisions that are kept: gathered from blocks, put on disk, read back with what came of them.

In: blocks, and which of their coin-bars to keep. Out: one row each, in order of time and coin. What
was gathered waits as arrays until there are ``BATCH`` rows; those become a frame, which goes to
disk, so that memory does not grow with what was decided. Hashes alone are made row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from quorate.backtest.spool import Spool
from quorate.core.account import Code, Column
from quorate.core.features.table import N_FEATURES, features_hashes
from quorate.core.types import Action, Reason, Regime, Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from enum import Enum
    from pathlib import Path

    from quorate.backtest.run import Block
    from quorate.core.types import IntVec

    Raw: TypeAlias = dict[str, np.ndarray[Any, np.dtype[Any]]]
    Codes: TypeAlias = np.ndarray[tuple[int], np.dtype[np.integer]]

BATCH: Final = 8_192
"""Decisions that are in memory at most: some 6 MiB."""

_NUMBERS: Final = (
    "HALF_SPREAD_BPS",
    "IMPACT_BPS",
    "FEE_BPS",
    "LATENCY_BPS",
    "FUNDING_BPS",
    "STOP_FRAC",
    "SIZED_USD",
    "OTHER_USD",
    "RISK_FRAC",
    "MULTIPLIER",
    "WEIGHT",
)
_PNL: Final = "realized_pnl"
_INSTANT: Final = pl.Datetime("us", "UTC")
_SAID: Final = ("score", "edge_bps", "threshold", "sigma")
_DIGITS: Final = 9
"""Decimals of a recorded vote: what a share in an entry is computed from."""


class Kept:
    """The decisions that a run keeps.

    Parameters
    ----------
    symbols, venues, engines : sequence of str
        Names of the axes.
    bar_ms : int
        Length of a bar.
    place : Path, optional
        A folder on the disk that is to hold them while the run lasts, see ``Spool``.

    Notes
    -----
    Units: as the column names say.  Causal: as it was decided; ``realized_pnl`` alone is later.
    Missing: NaN; an empty style where nothing was sent; no votes are an empty list.  Spec 10.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        venues: Sequence[str],
        engines: Sequence[str],
        bar_ms: int,
        place: Path | None = None,
    ) -> None:
        self._symbols = tuple(symbols)
        self._venues = tuple(venues)
        self._bar_ms = bar_ms
        self._rank = np.argsort(np.argsort(np.array(symbols, dtype=object), kind="stable"))
        self._by_name = np.array(sorted(range(len(engines)), key=engines.__getitem__), np.int64)
        self._voter = pl.Enum([engines[e] for e in self._by_name])
        self._nothing = _nothing(len(engines))
        self._waiting: list[Raw] = []
        self._n_waiting = 0
        self._rest: pl.DataFrame | None = None  # what waits as a frame, once it was asked for
        self._spool = Spool(place)

    def add(self, block: Block, t: IntVec, c: IntVec) -> None:
        """Keep the decisions of some coin-bars of a block, in order of time.

        Parameters
        ----------
        block : Block
            From ``run.advance``.
        t, c : IntVec
            Rows and coins, shape (decision,).

        Raises
        ------
        DataError
            The disk is full.
        """
        if not len(t):
            return
        order = np.lexsort((self._rank[c], t))
        self._waiting.append(_gathered(block, t[order], c[order]))
        self._n_waiting += len(t)
        self._rest = None
        if self._n_waiting >= BATCH:
            self._spool.put(self._frame())
            self._waiting.clear()
            self._n_waiting = 0

    def entries(self) -> pl.DataFrame:
        """Return ``row``, ``symbol`` and ``timestamp`` of the decisions to enter."""
        first, found = 0, []
        for frame in self._frames(["symbol", "timestamp", "action", "reason"]):
            rows = frame.with_row_index("row", first)
            is_entry = (pl.col("action") != "wait") & (pl.col("reason") == Reason.ENTRY.name)
            found.append(rows.filter(is_entry).select("row", "symbol", "timestamp"))
            first += frame.height
        return pl.concat(found)

    def scan(self, opened: pl.DataFrame) -> pl.LazyFrame:
        """Return all kept decisions, read from disk when and as far as they are asked for.

        Parameters
        ----------
        opened : DataFrame
            ``row`` and ``realized_pnl`` of the entries whose trade is closed.

        Returns
        -------
        LazyFrame
            In order of time and coin; it holds on to the file by itself.
        """

        def source(
            columns: list[str] | None,
            predicate: pl.Expr | None,
            n_rows: int | None,
            _batch_size: int | None,
        ) -> Iterator[pl.DataFrame]:
            for frame in self._settled(opened, columns):
                # rows are counted before they are chosen
                rows = frame if n_rows is None else frame.head(n_rows)
                yield rows if predicate is None else rows.filter(predicate)
                if n_rows is not None:
                    n_rows -= rows.height
                    if not n_rows:
                        return

        nothing = self._made(self._nothing)
        return register_io_source(source, schema={**nothing.schema, _PNL: pl.Float64()})

    def _settled(
        self, opened: pl.DataFrame, columns: Sequence[str] | None
    ) -> Iterator[pl.DataFrame]:
        """Yield the frames with what came of each entry, or some columns of them."""
        first = 0
        recorded = None if columns is None else [name for name in columns if name != _PNL]
        for frame in self._frames(recorded or None):
            rows = frame
            if columns is None or _PNL in columns:
                numbered = frame.with_row_index("row", first)
                rows = numbered.join(opened, on="row", how="left", maintain_order="left")
            yield rows.drop("row", strict=False) if columns is None else rows.select(columns)
            first += frame.height

    def _frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield what is on disk, then what waits; one frame at least."""
        yield from self._spool.frames(columns)
        if self._rest is None:
            self._rest = self._frame()
        yield self._rest if columns is None else self._rest.select(columns)

    def _frame(self) -> pl.DataFrame:
        """Return what waits as a frame."""
        pieces = (self._nothing, *self._waiting)
        return self._made({name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]})

    def _made(self, raw: Raw) -> pl.DataFrame:
        """Return gathered arrays as a frame."""
        number, code = raw["number"], raw["code"]

        def real(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            return np.ascontiguousarray(number[:, Column[name]])

        return pl.DataFrame(
            {
                "timestamp": pl.Series(raw["k"] * (self._bar_ms * 1_000)).cast(_INSTANT),
                "symbol": _named(self._symbols, raw["coin"]),
                "features_hash": pl.Series(features_hashes(raw["features"]), dtype=pl.String),
                "engine_votes": self._votes(raw),
                "consensus_score": raw["score"],
                "action": _words(Action, code[:, Code.ACTION]).str.to_lowercase(),
                "size_usd": np.abs(real("SIZE_USD")),
                "price": real("PRICE"),
                "expected_edge_bps": raw["edge_bps"],
                "regime": _words(Regime, raw["regime"]).str.to_lowercase(),
                "costs_bps": real("COST_BPS"),
                "reason": _words(Reason, code[:, Code.REASON]),
                "cap": _words(Reason, code[:, Code.CAP]),
                "side": code[:, Code.SIDE].astype(np.int64),
                "target_usd": real("TARGET_USD"),
                "position_usd": real("POSITION_USD"),
                "threshold": raw["threshold"],
                "sigma": raw["sigma"],
                "venue": _named(self._venues, code[:, Code.VENUE]),
                "style": _words(Style, code[:, Code.STYLE]),
                **{name.lower(): real(name) for name in _NUMBERS},
            }
        )

    def _votes(self, raw: Raw) -> pl.Series:
        """Return the votes of each row that took a side, engines by name, as a list of structs."""
        side = raw["side"][:, self._by_name]
        cast = side != 0
        row, engine = np.nonzero(cast)
        votes = pl.DataFrame(
            {
                "engine": _named(self._voter.categories, engine).cast(self._voter),
                "side": side[cast],
                **{
                    name: np.round(raw[name][:, self._by_name][cast], _DIGITS)
                    for name in ("prob", "reliability", "weight")
                },
            }
        )
        own = pl.DataFrame({"row": row, "votes": votes.to_struct()})
        found = own.set_sorted("row").group_by("row", maintain_order=True).agg("votes")
        if found.height < len(side):
            every = pl.DataFrame({"row": np.arange(len(side))})
            found = every.join(found, on="row", how="left", maintain_order="left")
        return found["votes"].fill_null([])


def by_engine(votes: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the votes of one row by the engine's name, as they stand in a decision log.

    Parameters
    ----------
    votes : iterable of mapping
        A value of the column ``engine_votes``: ``engine``, ``side``, ``prob``, ``reliability``,
        ``weight`` each.

    Examples
    --------
    >>> by_engine([{"engine": "adx", "side": 1, "prob": 0.6, "reliability": 0.7, "weight": 0.1}])
    {'adx': {'side': 1, 'prob': 0.6, 'reliability': 0.7, 'weight': 0.1}}
    """
    return {
        vote["engine"]: {name: each for name, each in vote.items() if name != "engine"}
        for vote in votes
    }


def _gathered(block: Block, t: IntVec, c: IntVec) -> Raw:
    """Copy what a block says of some coin-bars."""
    regime, said = block.readings.regime[t, c], block.consensus
    return {
        "k": block.k0 + t,
        "coin": c,
        "features": block.features[t, :, c],
        "regime": regime,
        "side": block.votes.side[t, :, c],
        "prob": said.prob[t, :, c],
        "reliability": said.reliability[t],
        "weight": said.weights[t, regime],
        **{name: getattr(said, name)[t, c] for name in _SAID},
        "number": block.decisions.number[t, :, c],
        "code": block.decisions.code[t, :, c],
    }


def _nothing(n_engines: int) -> Raw:
    """Return what ``_gathered`` says of no coin-bar."""
    wide = {"features": N_FEATURES, "prob": n_engines, "reliability": n_engines}
    wide |= {"weight": n_engines, "number": len(Column)}
    return {
        "k": np.zeros(0, np.int64),
        "coin": np.zeros(0, np.int64),
        "regime": np.zeros(0, np.int8),
        "side": np.zeros((0, n_engines), np.int8),
        "code": np.zeros((0, len(Code)), np.int16),
        **{name: np.zeros((0, n)) for name, n in wide.items()},
        **{name: np.zeros(0) for name in _SAID},
    }


def _named(names: Iterable[str], at: Codes) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(at)


def _words(options: type[Enum], codes: Codes) -> pl.Series:
    """Return the names of codes; one that has none is an empty text."""
    known = {each.value: each.name for each in options}
    low = min(-1, *known)
    return _named([known.get(code, "") for code in range(low, max(known) + 1)], codes - low)
