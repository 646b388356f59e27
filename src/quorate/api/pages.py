"""The page of a run that was made before: what ``quorate report`` writes.

In: a run. Out: where its page is.
"""

from __future__ import annotations

from pathlib import Path

from quorate import report
from quorate.api.finding import find


def render(run: str | Path, *, out: str | Path = Path("runs")) -> Path:
    """Write the page of a run again and return where it is.

    Parameters
    ----------
    run : str or Path
        Folder, id, or the beginning of an id of a run below ``out``.
    out : str or Path
        Folder of runs.

    Raises
    ------
    DataError
        There is no such run, or its tables are not whole.

    Notes
    -----
    Units: said beside every number.  Causal: reads a finished run.  Missing: in words.  Spec 12.

    Examples
    --------
    >>> render("no-such-run", out=Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.DataError: there is no run 'no-such-run' in no-such-folder
      next: it holds no run yet: `quorate demo` makes one
    """
    return report.render(find(run, out))
