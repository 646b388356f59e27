"""What of the files a certificate tells of: the span asked for, the coins that may be used.

In: what to load, and what was read. Out: the span, and the symbols that count in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.lake.spec import asked_ms

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from quorate.lake.reading import Symbol
    from quorate.lake.spec import PanelSpec


def told(spec: PanelSpec, symbols: Sequence[Symbol]) -> tuple[int, int]:
    """Return the span that is told of: rows that fail may have left no bar at its ends.

    Parameters
    ----------
    spec : PanelSpec
        What to load.
    symbols : sequence of Symbol
        What was read; one of them has rows.

    Returns
    -------
    (int, int)
        Open times, milliseconds, the first included, the second not: what was asked for
        (``spec.asked_ms``), as far as the primary venue has rows.

    Notes
    -----
    Units: milliseconds.  Causal: reads times only.  Missing: a row without a bar counts.  Spec 13.
    """
    first, end = asked_ms(spec)
    raw = [each.raw_ms for each in symbols if each.raw_ms is not None]
    return max(first, min(low for low, _ in raw)), min(end, max(high for _, high in raw) + 1)


def counts(symbol: Symbol, never: Container[str]) -> bool:
    """Return whether a bar of the run can enter some coin of a symbol.

    Parameters
    ----------
    symbol : Symbol
        What was read of it.
    never : container of str
        The coins that are in the universe on no day.

    Notes
    -----
    Units: none.  Causal: a choice.  Missing: none.  Spec 13.
    """
    return any(life.name not in never for life in symbol.lives)
