"""The plan of a walk forward: what is learned, and when.

In: lengths and choices. Out: ``Plan``, or an error that says what to write.
"""

from __future__ import annotations

from dataclasses import dataclass

from quorate.errors import ConfigError
from quorate.research import training, windows

MAX_EDGE_Z = 5.0


@dataclass(frozen=True)
class Plan:
    """What is learned, and when.

    Parameters
    ----------
    train_days, purge_days, test_days : int
        Lengths of a window, days (Spec 3).
    expanding : bool
        Learn from the beginning on, in place of the last ``train_days``.
    models : tuple of str
        Trained engines: words of ``learners.LEARNERS`` and ``learners.META``.
    per_regime : bool
        Whether each of them is fitted to every regime alone, and votes there, in place of one that
        is fitted to all.
    calibrate : bool
        Whether every engine's strength is calibrated.
    edge : str
        The edge map: ``slope`` or ``isotonic``, fitted; ``stated``, as the settings have it.
    edge_z : float
        How many standard errors a fitted map lies below its fit.
    leaderboard : bool
        Whether engines are approved and withdrawn, regime by regime, every Monday.
    """

    train_days: int = windows.TRAIN_DAYS
    purge_days: int = windows.PURGE_DAYS
    test_days: int = windows.TEST_DAYS
    expanding: bool = False
    models: tuple[str, ...] = ("linear", "trees")
    per_regime: bool = False
    calibrate: bool = True
    edge: str = "slope"
    edge_z: float = 0.0
    leaderboard: bool = True

    def __post_init__(self) -> None:
        if self.edge not in training.EDGES:
            raise ConfigError(
                f"edge is {self.edge!r}", hint=f"use one of: {', '.join(training.EDGES)}"
            )
        if not 0.0 <= self.edge_z <= MAX_EDGE_Z:
            raise ConfigError(f"edge_z is {self.edge_z:g}, outside [0, {MAX_EDGE_Z:g}]")
