"""What was fitted out of sample, as a run takes it: engines, calibrations, an edge map, approvals.

In: fits, from the files of a model set (``model_set``) or made by hand. Out: ``Fits``, which is
laid on the engines of a run: who votes, who may in which regime, what a strength is worth.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.core.consensus.edge_map import EdgeMap
from quorate.core.consensus.fitted import CEILING, FLOOR
from quorate.core.consensus.labels import N_CELLS
from quorate.core.engines.base import Engine, approval
from quorate.errors import EngineError
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from quorate.core.types import ByteMat, Mat, Regime, Vec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """Fits that take part in a run, and what they were made of.

    Parameters
    ----------
    engines : tuple of Engine
        They join the vote behind the engines of the run.
    cells : Mapping of str to Vec
        Fitted probability of each regime and strength bucket, by engine, NaN where there is no
        fit, shape (cell,) each (``research.calibrate.cells``).
    edges : EdgeMap, optional
        In place of the stated slope.
    approved : Mapping of str to frozenset of Regime
        Where an engine may vote, by engine, in place of what the engine says; none: nowhere.
    horizon_hours : float, optional
        The horizon of the labels they were fitted to; a run of another one refuses them.
    until : str
        UTC time at which the last label had ended, ISO 8601; empty where it is not known.
    certificate : str
        Digest of the rows they were fitted on.
    digest : str
        That of the set's manifest; of the content where not given.
    recipe : Mapping
        What they were asked for; empty where that was not kept.
    remarks : tuple of str
        What is other than when they were fitted, and no refusal.
    files : tuple of Path
        Where they lie, the manifest first; empty where they were made by hand.

    Raises
    ------
    ValueError
        Two engines of one name, or a table of cells that is none.

    Notes
    -----
    Units: probabilities, hours.  Causal: fixed before the run.  Missing: NaN, the streaming
    calibration.  METHODS 1.4, 3.4.

    Examples
    --------
    >>> some = np.full(25, np.nan)
    >>> some[0] = 0.55
    >>> Fits(cells={"ema_cross": some}).n_cells
    1
    """

    engines: tuple[Engine, ...] = ()
    cells: Mapping[str, Vec] = field(default_factory=dict)
    edges: EdgeMap | None = None
    approved: Mapping[str, frozenset[Regime]] = field(default_factory=dict)
    horizon_hours: float | None = None
    until: str = ""
    certificate: str = ""
    digest: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        names = [engine.name for engine in self.engines]
        if len(set(names)) < len(names):
            raise ValueError(f"engines of a set need names of their own, got {names}")
        held = {name: _cells(name, row) for name, row in sorted(self.cells.items())}
        regimes = {name: frozenset(where) for name, where in sorted(self.approved.items())}
        object.__setattr__(self, "engines", tuple(self.engines))
        object.__setattr__(self, "cells", MappingProxyType(held))
        object.__setattr__(self, "approved", MappingProxyType(regimes))
        if self.edges is not None:
            object.__setattr__(self, "edges", EdgeMap(*(_frozen(a) for a in self.edges)))
        if not self.digest:
            object.__setattr__(self, "digest", _content(self))

    @property
    def n_cells(self) -> int:
        """Return how many cells have a fitted probability."""
        return sum(int(np.isfinite(row).sum()) for row in self.cells.values())

    def voters(self, engines: Sequence[Engine]) -> tuple[Engine, ...]:
        """Return the engines of a run with those of the set behind them.

        Parameters
        ----------
        engines : sequence of Engine
            Those of the run; an engine of the set that is among them already stays where it is.

        Raises
        ------
        EngineError
            An engine of the set has the name of another one, or a calibration or an approval is
            of an engine that does not vote.

        Notes
        -----
        Units: none.  Causal: before the run.  Missing: refused: what was fitted together is used
        together.
        """
        have = {id(engine) for engine in engines}
        joined = (*engines, *(each for each in self.engines if id(each) not in have))
        names = [engine.name for engine in joined]
        for engine in self.engines:
            if names.count(engine.name) > 1:
                raise EngineError(
                    f"the model set has an engine {engine.name!r}, and so has the run",
                    hint="fit it under a name of its own, or leave the run's out: "
                    f"engines.exclude={engine.name}",
                )
        for what, of in (("a calibration", self.cells), ("approvals", self.approved)):
            if unknown := [name for name in of if name not in names]:
                raise EngineError(
                    f"the model set has {what} of the engine {unknown[0]!r}, which does not vote "
                    "in this run",
                    hint="let it vote (engines.extra, engines.exclude), or fit without it",
                )
        return joined

    def table(self, engines: Sequence[Engine]) -> Mat:
        """Return the fitted probabilities on an axis of engines, shape (engine, cell).

        Examples
        --------
        >>> Fits().table([]).shape
        (0, 25)
        """
        if not self.cells:
            return np.empty((0, N_CELLS))
        nothing = np.full(N_CELLS, np.nan)
        return np.array([self.cells.get(engine.name, nothing) for engine in engines])

    def approval(self, engines: Sequence[Engine]) -> ByteMat:
        """Return where each engine of an axis may vote, shape (regime, engine)."""
        found = approval(engines)
        for e, engine in enumerate(engines):
            where = self.approved.get(engine.name)
            if where is not None:
                found[:, e] = 0
                if where:
                    found[:, e] = approval([replace(engine, approved=where)])[:, 0]
        return found


def _cells(name: str, row: Vec) -> Vec:
    """Return a row of cells, read-only, or say what is wrong with it."""
    found = np.array(row, dtype=np.float64)
    known = found[~np.isnan(found)]
    if found.shape != (N_CELLS,) or not ((known >= FLOOR) & (known <= CEILING)).all():
        raise ValueError(
            f"the cells of {name!r} have shape {found.shape} and values {known.tolist()}; give "
            f"{N_CELLS} probabilities in [{FLOOR}, {CEILING}], NaN where there is none"
        )
    return _frozen(found)


def _frozen(array: np.ndarray[Any, Any]) -> Any:  # noqa: ANN401  (any rank)
    """Return an array that cannot be written, so that a kernel has one signature for it."""
    held = np.array(array, dtype=np.float64)
    held.flags.writeable = False
    return held


def _bytes(value: object) -> Iterator[bytes]:
    """Yield the arrays and words that a vote is made of."""
    if isinstance(value, np.ndarray):
        yield canonical_json([value.dtype.str, list(value.shape)]).encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, tuple):
        for each in value:
            yield from _bytes(each)
    elif is_dataclass(value):
        for held in fields(value):
            yield from _bytes(getattr(value, held.name))
    elif isinstance(value, str):
        yield canonical_json(value).encode()


def _content(fits: Fits) -> str:
    """Return a SHA-256 of what fits say, in hex, for those that have no manifest."""
    made = hashlib.sha256()
    for engine in fits.engines:
        regimes = sorted(regime.name for regime in engine.approved)
        head = [engine.name, engine.family, regimes, list(engine.reads), dict(engine.parameters)]
        made.update(canonical_json(head).encode())
        for held in _bytes(engine.vote):
            made.update(held)
    for name, row in fits.cells.items():
        made.update(canonical_json(name).encode())
        made.update(row.astype("<f8").tobytes())
    for array in fits.edges or ():
        made.update(canonical_json(list(array.shape)).encode())
        made.update(array.astype("<f8").tobytes())
    where = {name: sorted(r.name for r in each) for name, each in fits.approved.items()}
    made.update(canonical_json([where, fits.horizon_hours, fits.until]).encode())
    return made.hexdigest()
