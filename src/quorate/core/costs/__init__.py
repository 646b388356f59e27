"""What a trade costs (``components``), whether it pays (``gate``), how far the edge scales.

Stateless, ``capacity`` included: ``params`` is the checked way to make the constants of the model.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from quorate.core.costs.components import (
    Cost,
    Entry,
    Impact,
    Latency,
    Params,
    RoundTrip,
)

if TYPE_CHECKING:
    from enum import IntEnum

__all__ = ["Cost", "Entry", "Impact", "Latency", "Params", "RoundTrip", "params"]

Option = TypeVar("Option", bound="IntEnum")

# the largest value that is not a slip of the unit: fractions given in percent, bps as fractions
BOUNDS = {
    "impact_bps_at_one": (0.0, 1000.0),
    "latency_bps_per_ms": (0.0, 10.0),
    "max_participation": (0.0, 1.0),
    "safety_margin_bps": (0.0, 1000.0),
    "impact_y": (0.0, 10.0),
    "maker_fills_per_hour": (0.0, 10_000.0),
    "adverse_bps": (0.0, 1000.0),
    "drift_bps": (0.0, 1000.0),
}


def _option(name: str, value: float | str, options: type[Option]) -> int:
    """Read an option by its name or its code."""
    names = [member.name.lower() for member in options]
    if isinstance(value, str) and value.lower() in names:
        return int(options[value.upper()])
    if not isinstance(value, str) and value in [int(member) for member in options]:
        return int(value)
    raise ValueError(f"{name} is {value!r}: use one of {', '.join(names)}")


def params(**overrides: float | str) -> Params:
    """Return the cost model, checked.

    Parameters
    ----------
    **overrides : float or str
        Fields of ``Params``; ``impact``, ``latency`` and ``entry`` by name or code.

    Raises
    ------
    ValueError
        For an unknown field, or a value outside its bounds.

    Notes
    -----
    Units: as the field's suffix says. Missing: NaN is refused. Spec 4.

    Examples
    --------
    >>> params(safety_margin_bps=5, impact="volatility").safety_margin_bps
    5.0
    """
    fields: dict[str, float | int] = dict(Params()._asdict())
    for name, value in overrides.items():
        if name == "impact":
            fields[name] = _option(name, value, Impact)
        elif name == "latency":
            fields[name] = _option(name, value, Latency)
        elif name == "entry":
            fields[name] = _option(name, value, Entry)
        elif name not in BOUNDS:
            raise ValueError(f"costs have no parameter {name!r}: use one of {', '.join(fields)}")
        else:
            low, high = BOUNDS[name]
            number = float(value)
            if not (isfinite(number) and low <= number <= high):
                raise ValueError(
                    f"costs.{name} is {value}, outside [{low}, {high}]: check the unit in its name"
                )
            fields[name] = number
    return Params(**fields)  # type: ignore[arg-type]
