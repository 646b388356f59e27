"""Which sector a coin belongs to, from the map that ships with the package.

In: symbols. Out: a code per coin; -1, no cap, for a coin the map does not know: unknown coins have
nothing known in common.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from quorate.lake.spec import base_asset
from quorate.lake.spelling import denomination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec


@cache
def sector_map() -> dict[str, str]:
    """Return the sector of every coin that is known, by base asset.

    Examples
    --------
    >>> sector_map()["UNI"]
    'defi'
    """
    text = files("quorate.lake").joinpath("sectors.csv").read_text(encoding="utf-8")
    return {row["base"]: row["sector"] for row in csv.DictReader(text.splitlines())}


def sectors(symbols: Sequence[str]) -> IntVec:
    """Return the code of each symbol's sector, -1 where it is unknown or 'other'.

    Parameters
    ----------
    symbols : sequence of str
        As the venue spells them.

    Notes
    -----
    Units: codes, the same for the same sector.  Missing: -1 has no cap.  Spec 11.

    Examples
    --------
    >>> codes = sectors(["UNIUSDT", "AAVEUSDT", "NOSUCHUSDT"])
    >>> bool(codes[0] == codes[1]), codes[2].item()
    (True, -1)
    """
    known = sector_map()
    names = sorted(set(known.values()) - {"other"})
    bases = [base_asset(symbol) for symbol in symbols]
    found = [known.get(base) or known.get(denomination(base).asset, "other") for base in bases]
    return np.array([names.index(n) if n in names else -1 for n in found], np.int64)
