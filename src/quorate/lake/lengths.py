"""The one length of a panel's bars, and that of each file's, which may be shorter.

In: files. Out: minutes, or an error which says what cannot be meant. Longer bars are made of
shorter ones (``resampling``) only where a length was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.errors import DataError, SchemaError
from quorate.lake.sources import epoch_ms
from quorate.lake.spacing import Spacings
from quorate.lake.stretches import stretches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from quorate.core.types import IntVec
    from quorate.lake.stretches import Cutting

_FEW = 5  # rows; gaps may lie between all of them


class Length(NamedTuple):
    """The one bar length, in minutes, and who says so, for messages.

    ``of_files`` is the length of the files where the caller asks for one: shorter bars are then
    made bars of the length asked for (``resampling``). None where the files' own is the length.
    """

    minutes: int
    witness: str
    of_files: int | None = None


def length(
    candidates: Iterable[Sequence[Path]], asked: int | None = None, cutting: Cutting | None = None
) -> Length:
    """Return the bar length asked for, or that of the first files which tell theirs.

    Parameters
    ----------
    candidates : iterable of sequence of Path
        The files of one symbol each.
    asked : int, optional
        Minutes that the caller says; bars of the files may be shorter.
    cutting : Cutting, optional
        How files are cut (``stretches``).

    Raises
    ------
    DataError
        If no file has two bars, or the length does not divide an hour.

    Notes
    -----
    Units: minutes.  Causal: reads times only.  Missing: a symbol of one bar does not tell.
    Spec 13.
    """
    for paths in candidates:
        if paths:
            spacings, name = Spacings(), ""
            for part in stretches(paths, cutting):
                name = part.name
                spacings.add(epoch_ms(part.rows, name))
            minutes = spacings.minutes(name, is_strict=False)
            if minutes is not None and asked is not None:
                return Length(asked, "the one asked for", minutes)
            if minutes is not None:
                return Length(minutes, f"that of {name}")
    if asked is not None:
        return Length(asked, "the one asked for", asked)
    raise DataError(
        "no file has two bars, so the bar length cannot be inferred",
        hint="say it with --bar-minutes (bar_minutes= in Python), or give files of more bars",
    )


def of_file(at_ms: IntVec, name: str, bars: Length) -> int:
    """Return the length of a file's bars by its open times, or refuse it (``of_spacings``)."""
    spacings = Spacings()
    spacings.add(at_ms)
    return of_spacings(spacings, at_ms.size, name, bars)


def of_spacings(spacings: Spacings, n_rows: int, name: str, bars: Length) -> int:
    """Return the length of a file's bars, or refuse it.

    Parameters
    ----------
    spacings : Spacings
        Of its open times.
    n_rows : int
        How many rows it has.
    name : str
        The file, for messages.
    bars : Length
        What is asked for. A file of too few rows to tell has the length of the others.

    Raises
    ------
    SchemaError
        They are of another length than the one there is, and either none was asked for or it is
        not a multiple of theirs.

    Notes
    -----
    Units: minutes.  Causal: reads times only.  Missing: the length of the others.  Spec 13.
    """
    others = bars.of_files or bars.minutes
    minutes = spacings.minutes(name, is_strict=False) or others
    if bars.of_files is not None and n_rows <= _FEW and minutes % others == 0:
        minutes = others
    if minutes == bars.minutes or (bars.of_files is not None and bars.minutes % minutes == 0):
        return minutes
    raise SchemaError(
        f"{name} has bars of {minutes} minutes, but {bars.minutes} is {bars.witness}",
        hint="take one bar length at a time, and a second vendor of the same; or ask for a longer "
        "one with --bar-minutes (bar_minutes= in Python), which is made of shorter bars of which "
        "it is a multiple",
    )
