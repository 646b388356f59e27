"""The fits of a walk forward, kept in the folder of its run: a signed model set for each fold.

In: what was learned at each fold. Out: folders ``fits/fold-01`` ... and the digest of each, for
``run.json``. A run can be made with one as with any set; a registry knows its recipe.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.api.learning import set_of
from quorate.core.types import Regime
from quorate.errors import ConfigError
from quorate.research import model_set

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.research.learners import Learner
    from quorate.research.model_set import ModelSet
    from quorate.research.training import Fit

    Table = np.ndarray[tuple[int, int], np.dtype[np.int8]]

FOLDER: Final = "fits"
MOST_BYTES: Final = 64_000_000
"""What the fits of a walk may take on the disk; of the folds beyond it none are kept."""


def of(
    panel: Panel,
    found: Fit,
    asked_for: Sequence[Learner],
    last_k: int,
    horizon_bars: int,
    approved: Mapping[str, frozenset[Regime]],
    made_by: Mapping[str, Any],
) -> ModelSet:
    """Return what was learned up to a bar as a set, as ``learning.set_of``."""
    until = datetime.fromtimestamp(last_k * panel.bar_minutes * 60, tz=UTC)
    hours = horizon_bars / panel.bars_per_hour
    return set_of(panel, found, asked_for, until, hours, approved, made_by)


def may_vote(rules: Sequence[Engine], approved: Table) -> dict[str, frozenset[Regime]]:
    """Return in which regimes each rule may vote, of a table by regime and engine, rules first."""
    return {
        each.name: frozenset(regime for regime in Regime if approved[regime, e])
        for e, each in enumerate(rules)
    }


class Kept(NamedTuple):
    """The digest of the set of each fold, None of one that is not kept, and why it is not."""

    digests: tuple[str | None, ...]
    why: str


def keep(place: Path, sets: Sequence[ModelSet], most_bytes: int = MOST_BYTES) -> Kept:
    """Write the sets of the folds, as far as there is a key and they are small.

    Parameters
    ----------
    place : Path
        Folder of the run.
    sets : sequence of ModelSet
        In the order of the folds.
    most_bytes : int
        What they may take together.

    Raises
    ------
    DataError
        The disk refuses.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: without a key, or a library to sign with, none is kept,
    and the walk forward stands; ``why`` says so.
    """
    found: list[str | None] = []
    used, why = 0, ""
    for n, made in enumerate(sets, 1):
        folder = place / FOLDER / f"fold-{n:02d}"
        if not why:
            try:
                found.append(model_set.write(folder, made))
            except ConfigError as error:
                why = error.message
            else:
                used += sum(path.stat().st_size for path in folder.iterdir())
                if used > most_bytes:
                    why = f"the fits up to fold {n} take more than {most_bytes / 1e6:g} MB"
                    shutil.rmtree(folder)
                    found.pop()
        if why:
            found.append(None)
    return Kept(tuple(found), why)
