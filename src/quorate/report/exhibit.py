"""A table as the page shows it: a title, columns with their units, rows of text and a note.

In: text, or money. Out: plain records that the template draws, whoever made them.
"""

from __future__ import annotations

from typing import NamedTuple

from quorate.report.formats import exact, sign, usd


class Column(NamedTuple):
    """A column: its name, its unit (empty for none), whether it is read from the left, or drawn.

    A drawn column is left out where the screen is narrow.
    """

    name: str
    unit: str = ""
    is_text: bool = False
    is_drawn: bool = False


class Cell(NamedTuple):
    """Text, the class of its sign (``up``, ``down`` or empty), and what stands behind it.

    ``detail`` is shown under the pointer: all decimals, or why a number is not known. ``bar`` is
    an ``<svg>`` of ``bars`` in place of the text; ``strength``, from 0 to 100, tints the cell.
    """

    text: str
    css: str = ""
    detail: str = ""
    bar: str = ""
    strength: int = 0


class Row(NamedTuple):
    """Cells in the order of the columns; ``css`` is ``total``, ``rest`` or empty."""

    cells: tuple[Cell, ...]
    css: str = ""


class Table(NamedTuple):
    """A table with a title, and a note below it; no rows shows the note alone."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""


def money(units: int) -> Cell:
    """Return money as a cell: to the cent, all decimals behind it.

    Parameters
    ----------
    units : int
        Integer money.

    Notes
    -----
    Units: 1e-8 USD.  Causal: pure.  Missing: none.

    Examples
    --------
    >>> money(-150_000_000)
    Cell(text='−1.50', css='down', detail='−1.50000000 USD', bar='', strength=0)
    """
    return Cell(usd(units), sign(units), f"{exact(units)} USD")
