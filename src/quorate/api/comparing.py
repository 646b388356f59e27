"""Compare runs by what a user calls them.

In: folders, ids or the beginnings of ids. Out: a ``Comparison``.
"""

from __future__ import annotations

from pathlib import Path

from quorate.api.finding import find, ids
from quorate.errors import DataError
from quorate.report.comparison import Comparison, compare_folders

__all__ = ["Comparison", "compare"]


def compare(*runs: str | Path, out: str | Path = Path("runs")) -> Comparison:
    """Hold two or more runs side by side, each against the first.

    Parameters
    ----------
    runs : str or Path
        Folders, ids, or the beginnings of ids of runs below ``out``.
    out : str or Path
        Folder of runs.

    Returns
    -------
    Comparison
        Settings and data that differ, metrics, whether the difference is luck, trades that differ;
        ``print`` it, ``write`` its page, or take ``as_dict``.

    Raises
    ------
    DataError
        A run is not there, or there are fewer than two different ones.

    Notes
    -----
    Units: in each row.  Causal: reads finished runs.  Missing: a dash, and why.  METHODS 10.4.

    Examples
    --------
    >>> compare("one", out=Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.DataError: there is no run 'one' in no-such-folder
      next: it holds no run yet: `quorate demo` makes one
    """
    folders = [find(run, out) for run in runs]
    if len({folder.resolve() for folder in folders}) < 2:
        others = [each for each in ids(Path(out)) if each not in {f.name for f in folders}]
        some = f", such as {', '.join(others[-3:])}" if others else ""
        raise DataError(
            "one run alone cannot be compared" if folders else "no run was named",
            hint=f"name another run beside it{some}; `quorate ls` lists them",
        )
    return compare_folders(folders)
