"""The parameters of the rules, with their bounds and meanings (section ``[data]`` of settings)."""

from __future__ import annotations

from typing import Final, NamedTuple


class Params(NamedTuple):
    """What the rules of governance compare with.

    Notes
    -----
    Units: as the names say; a fraction of 1, robust standard deviations for ``suspect_z``.
    Defaults are those of METHODS 12 where it gives one.  Spec 13.

    Examples
    --------
    >>> Params().gap_minutes
    60.0
    """

    snap_seconds: float = 2.0
    gap_minutes: float = 60.0
    frozen_hours: float = 24.0
    suspect_z: float = 8.0
    z_days: float = 7.0
    z_bars: int = 100
    revert_frac: float = 0.8
    revert_bars: int = 2
    coin_hole_hours: float = 48.0
    coin_jump: float = 5.0
    unit_tolerance: float = 0.1


BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "snap_seconds": (0.0, 29.0),
    "gap_minutes": (0.0, 1440.0),
    "frozen_hours": (1.0, 720.0),
    "suspect_z": (3.0, 100.0),
    "z_days": (1.0, 90.0),
    "z_bars": (20, 10_000),
    "revert_frac": (0.5, 1.0),
    "revert_bars": (1, 12),
    "coin_hole_hours": (1.0, 8760.0),
    "coin_jump": (1.5, 1000.0),
    "unit_tolerance": (0.0, 0.5),
}

MEANINGS: Final[dict[str, str]] = {
    "snap_seconds": "a time this close to the grid is put on it; farther is an error, seconds",
    "gap_minutes": "bars missing for less than this carry the last price, minutes",
    "frozen_hours": "no volume and no movement for longer means no trading, hours",
    "suspect_z": "a return this many robust deviations out is suspect",
    "z_days": "days of returns before a day that its deviations are measured by",
    "z_bars": "at least so many returns, however long they take",
    "revert_frac": "a spike without volume that goes back by this share was none",
    "revert_bars": "within so many bars",
    "coin_hole_hours": "a hole at least this long may be where one coin ends and another begins",
    "coin_jump": "and is, if the price across it changes by this factor",
    "unit_tolerance": "a jump between bars this near a power of ten changed the unit, log",
}


def params(**values: float) -> Params:
    """Return parameters, each within its bounds.

    Raises
    ------
    ValueError
        A value is outside its bounds.

    Examples
    --------
    >>> params(suspect_z=2.0)
    Traceback (most recent call last):
    ValueError: suspect_z is 2, outside [3, 100]
    """
    made = Params(**values)  # type: ignore[arg-type]
    for name, (low, high) in BOUNDS.items():
        value = getattr(made, name)
        if not low <= value <= high:
            raise ValueError(f"{name} is {value:g}, outside [{low:g}, {high:g}]")
    return made
