"""Records as plain values for JSON: no NaN, no tuples, times as text.

In: a tree of dicts, sequences, numbers and times. Out: what ``json.dumps`` takes as it is.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any


def plain(value: Any) -> Any:  # noqa: ANN401  (a tree of anything)
    """Turn days and times into text, tuples into lists and what is not finite into None.

    Examples
    --------
    >>> plain({"a": (1.5, float("nan"))})
    {'a': [1.5, None]}
    """
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return known(value) if isinstance(value, float) else value


def known(value: float | None) -> float | None:
    """Return a number, None for one that is not finite.

    Examples
    --------
    >>> known(float("inf")), known(1)
    (None, 1.0)
    """
    return float(value) if value is not None and math.isfinite(value) else None
