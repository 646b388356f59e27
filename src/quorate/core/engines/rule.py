"""What the built-in rule engines share: the dead zone, the strength, and the compiled loop.

A rule engine is a scalar kernel ``conviction(features, parameters)`` in [-1, 1] (sign: the side;
size: how strongly) and a kernel ``tally`` that asks it for every row and coin. Conditions are
written as what must hold, so that NaN fails them: an unknown input is an abstention. Nothing here
calls exp, log or tanh: those differ between machines, and votes may not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

import numpy as np

from quorate.core.engines.base import Engine, Rows
from quorate.core.kernel import kernel
from quorate.core.types import ByteMat, Cube, IntVec, Mat, Regime, Vec

LEAST_CONVICTION = 0.2
"""Conviction at the edge of the dead zone: a vote says something or is not cast."""

STRENGTH_SPAN = 0.25
"""Strength is ``0.5 + 0.25 * |conviction|``: no rule of thumb claims to be right 3 times in 4."""

Tally: TypeAlias = Callable[[Cube, IntVec, Vec, ByteMat, Mat], None]
"""``tally(values, columns, parameters, side, strength)``: fills side and strength, (time, coin)."""


@kernel
def ramp(value: float, entry: float, full: float) -> float:
    r"""Return the signed conviction of a value: nothing up to ``entry``, all of it from ``full``.

    .. math:: \operatorname{sign}(x)\,\bigl(0.2 + 0.8\min(1, (|x| - entry)/(full - entry))\bigr)

    Parameters
    ----------
    value : float
        What the bet is made on.
    entry, full : float
        Edge of the dead zone and size of full conviction, 0 <= entry < full, in its unit.

    Returns
    -------
    float
        In [-1, 1]; 0 inside the dead zone, at zero, and for NaN.

    Notes
    -----
    Units: none.  Causal: one row.  Missing: NaN gives 0.

    Examples
    --------
    >>> ramp(-2.0, 1.0, 2.0), ramp(1.0, 1.0, 2.0), ramp(0.9, 1.0, 2.0), ramp(float("nan"), 1.0, 2.0)
    (-1.0, 0.2, 0.0, 0.0)
    """
    # selects, not branches: votes change from coin to coin, and a wrong guess costs ten rows
    size = abs(value)
    share = (size - entry) / (full - entry)
    if share > 1.0:
        share = 1.0
    conviction = LEAST_CONVICTION + (1.0 - LEAST_CONVICTION) * share
    if not size >= entry:
        conviction = 0.0
    if value == 0.0:
        conviction = 0.0
    if value < 0.0:
        conviction = -conviction
    return conviction


@kernel
def cast(side: ByteMat, strength: Mat, t: int, c: int, conviction: float) -> None:
    """Write the vote of one row and coin: the sign of a conviction and its strength.

    Parameters
    ----------
    side, strength : ByteMat, Mat
        Written at [t, c], shape (time, coin) each.
    t, c : int
        Row and coin.
    conviction : float
        In [-1, 1].

    Notes
    -----
    Units: strength is a probability in [0.5, 0.75].  Causal: one row.
    Missing: 0 and NaN are abstentions, side 0 and strength 0.5.  Spec 1, METHODS 0b.4.

    Examples
    --------
    >>> side, strength = np.zeros((1, 2), np.int8), np.zeros((1, 2))
    >>> cast(side, strength, 0, 0, -0.4)
    >>> cast(side, strength, 0, 1, float("nan"))
    >>> side.tolist(), strength.tolist()
    ([[-1, 0]], [[0.6, 0.5]])
    """
    size = abs(conviction)
    if not size > 0.0:
        size = 0.0
    side[t, c] = int(conviction > 0.0) - int(conviction < 0.0)
    strength[t, c] = 0.5 + STRENGTH_SPAN * size


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """The vote of a built-in engine: finds its columns by name and runs its compiled loop.

    Parameters
    ----------
    tally : Tally
        The kernel; it has one compiled signature.
    reads : tuple of str
        Features in the order in which the kernel takes ``columns``.
    parameters : Vec
        Settings in the order in which the kernel takes them, shape (parameter,).

    Notes
    -----
    Units: as the engine's.  Causal: a row at a time.  Missing: NaN abstains.
    """

    tally: Tally
    reads: tuple[str, ...]
    parameters: Vec

    def __call__(self, rows: Rows) -> tuple[ByteMat, Mat]:
        """Return side and strength, shape (time, coin) each."""
        side = np.empty(rows.shape, dtype=np.int8)
        strength = np.empty(rows.shape, dtype=np.float64)
        self.tally(rows.values, rows.columns(self.reads), self.parameters, side, strength)
        return side, strength


_HERE = __name__.rpartition(".")[0] + "."


def is_ours(engine: Engine) -> bool:
    """Say whether an engine votes by a compiled loop of this package: a row at a time, by its code.

    What it was fitted to, or by whom, is no matter: parameters cannot make a loop look elsewhere.

    Examples
    --------
    >>> from quorate.core.engines.catalogue import builtin
    >>> all(is_ours(engine) for engine in builtin())
    True
    """
    vote = engine.vote
    loop = vote.tally if type(vote) is Rule else type(vote)
    return str(getattr(loop, "__module__", "")).startswith(_HERE)


def rule(
    *,
    name: str,
    family: str,
    approved: Iterable[Regime],
    tally: Tally,
    reads: tuple[str, ...],
    parameters: Mapping[str, float],
    symmetric: bool,
    hypothesis: str,
    reference: str,
) -> Engine:
    """Return a built-in engine from its kernel.

    Parameters
    ----------
    tally, reads, parameters : Tally, tuple of str, Mapping of str to float
        The loop, and its features and settings in its order. Settings are finite; a dead zone
        ends below full conviction: 0 <= ``entry_x`` < ``full_x``.
    name, family, approved, symmetric, hypothesis, reference
        As in ``Engine``.

    Notes
    -----
    Units: by the parameter's suffix.  Causal: no data.  Missing: none.

    Examples
    --------
    >>> from quorate.core.engines import momentum_day
    >>> momentum_day.build(entry_z=3.0)
    Traceback (most recent call last):
    ValueError: momentum_day: entry_z is 3.0, full_z is 2.5; the entry must lie in [0, full_z)
    """
    for key, value in parameters.items():
        if not isfinite(value):
            raise ValueError(f"{name}: {key} is {value}; give a finite number")
        full = "full_" + key.removeprefix("entry_")
        if key.startswith("entry_") and not 0.0 <= value < parameters[full]:
            raise ValueError(
                f"{name}: {key} is {value}, {full} is {parameters[full]}; "
                f"the entry must lie in [0, {full})"
            )
    return Engine(
        name=name,
        family=family,
        approved=frozenset(approved),
        vote=Rule(tally, reads, np.array(list(parameters.values()), dtype=np.float64)),
        reads=reads,
        symmetric=symmetric,
        hypothesis=hypothesis,
        reference=reference,
        parameters=parameters,
    )
