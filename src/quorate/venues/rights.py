"""What a key may do at its venue, in the words that do not differ between venues."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a venue says that a key may do.

    Parameters
    ----------
    may_trade : bool
        Whether orders of the desk's kind are taken from it.
    beyond : tuple of str
        What else it may that moves money or that nobody here knows, in the venue's words.
    is_bound : bool
        Whether it is taken from some addresses only.
    until_ms : int or None
        When it ends; None: never.

    Notes
    -----
    Units: ms since 1970.  Causal: as the venue said when it was asked.  Missing: a right that has
    no word here is among those beyond.  RELIABILITY 5.
    """

    may_trade: bool
    beyond: tuple[str, ...]
    is_bound: bool
    until_ms: int | None = None
