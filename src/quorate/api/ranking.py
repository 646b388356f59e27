"""The leaderboard of a walk forward, as its run folder keeps it.

In: the folder of a run. Out: a week's board with what each engine added to the others.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from quorate.api.finding import find
from quorate.api.folder import read_table
from quorate.errors import DataError

if TYPE_CHECKING:
    from datetime import datetime


class Leaderboard(NamedTuple):
    """A week's board: see ``research.leaderboard``; ``weeks`` are those there are.

    ``worth`` is known of the last week alone, on the votes that its approvals were chosen by.
    """

    week: datetime
    table: pl.DataFrame
    worth: pl.DataFrame | None
    weeks: tuple[datetime, ...]


def leaderboard(
    run: str | Path, week: str | None = None, *, out: str | Path = Path("runs")
) -> Leaderboard:
    """Return who was worth what in which regime, and who might vote, as of a week.

    Parameters
    ----------
    run : str or Path
        Folder, id, or the beginning of an id of a walk forward below ``out``.
    week : str, optional
        A day: the last board made by then; the last of all when left out.
    out : str or Path
        Folder of runs.

    Returns
    -------
    Leaderboard
        The most certain rows first.

    Raises
    ------
    DataError
        The run is no walk forward, had no leaderboard, or none by that day.

    Notes
    -----
    Units: deviations of the coin over the horizon.  Causal: a board reads labels that had ended.
    Missing: null where there was too little evidence.  Spec 2, METHODS 4.4.

    Examples
    --------
    >>> leaderboard("no-such-run", out=Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.DataError: there is no run 'no-such-run' in no-such-folder
      next: it holds no run yet: `quorate demo` makes one
    """
    folder = find(run, out)
    if not (folder / "leaderboard.parquet").is_file():
        raise DataError(
            f"{folder.name} has no leaderboard", hint="`quorate walkforward` makes one every week"
        )
    boards = read_table(folder, "leaderboard.parquet")
    if boards.is_empty():
        raise DataError(
            f"{folder.name} was made without a leaderboard", hint="leave out --no-leaderboard"
        )
    weeks = boards["week"].unique().sort()
    known = weeks if week is None else weeks.filter(weeks.dt.date() <= _day(week))
    if known.is_empty():
        raise DataError(
            f"the first board is of {weeks[0]:%Y-%m-%d}, none by {week}",
            hint="give that day or a later one, as 2024-01-31",
        )
    table = boards.filter(pl.col("week") == known[-1]).drop("week")
    table = table.sort("p_value", nulls_last=True, maintain_order=True)
    worth = read_table(folder, "worth.parquet") if known[-1] == weeks[-1] else None
    return Leaderboard(known[-1], table, worth, tuple(weeks))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{text!r} is not a day", hint="write it as 2024-01-31") from None
