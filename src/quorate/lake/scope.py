"""What of the files a certificate tells of: the span asked for, the coins that may be used.

In: what to load, and what was read. Out: the span, and the judged files that count in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.lake.spec import asked_ms

if TYPE_CHECKING:
    from collections.abc import Container

    from quorate.lake.reading import Judged, Read
    from quorate.lake.spec import PanelSpec


def told(spec: PanelSpec, primary: Read) -> tuple[int, int]:
    """Return the span that is told of: rows that fail may have left no bar at its ends.

    Parameters
    ----------
    spec : PanelSpec
        What to load.
    primary : Read
        What was read of the primary venue.

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
    at = [part for each in primary.judged if each is not None for part in each.at_ms if part.size]
    return (
        max(first, min(int(part.min()) for part in at)),
        min(end, max(int(part.max()) for part in at) + 1),
    )


def judged(read: Read, primary: Read, never: Container[str]) -> list[Judged | None]:
    """Return a venue's judged files without those of symbols that no bar of the run can enter.

    Parameters
    ----------
    read, primary : Read
        The venue, and the primary one, whose coins they are.
    never : container of str
        The coins that are in the universe on no day.

    Returns
    -------
    list of Judged or None
        An entry a symbol; None where every coin of the symbol is one of ``never``.

    Notes
    -----
    Units: none.  Causal: a choice.  Missing: None.  Spec 13.
    """
    used = {
        symbol
        for symbol, name in zip(primary.symbols, primary.names, strict=True)
        if name not in never
    }
    symbols = dict.fromkeys(primary.symbols)  # one a judged entry, on every venue
    return [
        each if symbol in used else None for symbol, each in zip(symbols, read.judged, strict=True)
    ]
