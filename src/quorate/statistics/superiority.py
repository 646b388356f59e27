"""Whether the best of many is better than what there is, or only the luckiest of them.

In: daily returns of a benchmark, such as the champion's, and of many challengers. Out: the p-value
that none of them is better, and which are. The bootstrap is arch's: Hansen's test of superior
predictive ability and the stepwise test of Romano and Wolf. arch is an extra, ``research``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec


@dataclass(frozen=True)
class Superiority:
    """Whether any challenger is better: Hansen's three p-values, and who is better.

    ``consistent`` is the one to quote; ``lower`` leaves poor challengers out, ``upper`` counts all
    (White's reality check). ``better`` has the columns that are, all at the level together.
    """

    lower: float
    consistent: float
    upper: float
    better: tuple[int, ...]


def superior(
    challengers: Mat,
    benchmark: Vec,
    *,
    seed: int,
    level: float = 0.05,
    n_samples: int = 1_000,
    block_days: int | None = None,
) -> Superiority:
    """Test whether any of many challengers has a higher mean return than a benchmark.

    Parameters
    ----------
    challengers : Mat
        Daily returns, shape (day, challenger); at the same risk, or the riskiest wins.
    benchmark : Vec
        Of the same days, shape (day,).
    seed : int
        The same seed gives the same answer.
    level : float
        Chance that any is called better where none is, in (0, 1).
    n_samples : int
        How many series are drawn.
    block_days : int, optional
        Mean length of a block; the cube root of the number of days when left out.

    Returns
    -------
    Superiority
        Studentised.

    Raises
    ------
    ConfigError
        arch is not installed.
    ValueError
        Shapes differ, a return is not finite, or a challenger never differs from the benchmark.

    Notes
    -----
    Units: probability.  Causal: reads all days.  Missing: none may be: leave the days out before.
    METHODS 5.7, 10.6; Hansen (2005); Romano and Wolf (2005); White (2000).

    Examples
    --------
    >>> days = np.random.default_rng(1).standard_normal((120, 4)) * 0.01
    >>> found = superior(days[:, 1:] + np.array([0.0, 0.01, 0.0]), days[:, 0], seed=1)
    >>> found.better, found.consistent < 0.05
    ((1,), True)
    """
    if challengers.ndim != 2 or benchmark.shape != challengers.shape[:1]:
        raise ValueError(
            f"shapes {challengers.shape} and {benchmark.shape}: give one return a common day"
        )
    if not (np.isfinite(challengers).all() and np.isfinite(benchmark).all()):
        raise ValueError("a return is not finite: leave out the days that one of them lacks")
    if not np.ptp(challengers - benchmark[:, None], axis=0).all():
        raise ValueError("a challenger does not differ from the benchmark from day to day")
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level}, must be in (0, 1): 0.05 is usual")
    tests = _arch()
    length = max(1, round(len(benchmark) ** (1.0 / 3.0))) if block_days is None else block_days
    # arch compares losses
    losses = (-benchmark, -challengers)
    how = {"block_size": length, "reps": n_samples, "seed": seed}
    spa = tests.SPA(*losses, **how)
    spa.compute()
    step = tests.StepM(*losses, size=level, **how)
    step.compute()
    return Superiority(
        lower=float(spa.pvalues["lower"]),
        consistent=float(spa.pvalues["consistent"]),
        upper=float(spa.pvalues["upper"]),
        better=tuple(int(k) for k in step.superior_models),
    )


def _arch() -> Any:  # noqa: ANN401  (a module)
    """Return arch's bootstrap tests, or say how to get them."""
    try:
        from arch import bootstrap
    except ImportError as error:
        raise ConfigError(
            "the tests of superiority need arch, which is not installed",
            hint='install it: pip install "quorate[research]"',
        ) from error
    return bootstrap
