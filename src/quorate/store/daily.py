"""Daily returns of a trial as one short text: what tells trials that are alike apart from others.

In: returns of consecutive steps of one or more days. Out: a text, and back. How many steps there
are at most is the caller's: ``statistics.effective`` keeps them few.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING

from quorate.errors import StoreError

if TYPE_CHECKING:
    import numpy as np

    Vec = np.ndarray[tuple[int], np.dtype[np.float64]]


def text(returns: Vec) -> str:
    """Return returns as text; ``returns_of`` reads it.

    Notes
    -----
    Units: fractions, to seven digits.  Causal: pure.  Missing: NaN is kept.

    Examples
    --------
    >>> import numpy as np
    >>> returns_of(text(np.array([0.5, -0.25]))).tolist()
    [0.5, -0.25]
    """
    import numpy as np  # a desk that begins again needs none

    raw = np.asarray(returns, np.dtype("<f4")).tobytes()
    return base64.b64encode(zlib.compress(raw, 9)).decode("ascii")


def returns_of(written: str) -> Vec:
    """Return the returns that ``text`` wrote.

    Raises
    ------
    StoreError
        The text is damaged.

    Examples
    --------
    >>> returns_of("not this")
    Traceback (most recent call last):
    quorate.errors.StoreError: the daily returns of a trial cannot be read
      next: the store is damaged: restore a copy
    """
    import numpy as np

    try:
        raw = zlib.decompress(base64.b64decode(written, validate=True))
        return np.frombuffer(raw, np.dtype("<f4")).astype(np.float64)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise StoreError(
            "the daily returns of a trial cannot be read",
            hint="the store is damaged: restore a copy",
        ) from error
