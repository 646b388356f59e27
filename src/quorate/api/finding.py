"""From what a user types to the folder of a run.

In: a folder, an id or the beginning of one. Out: the folder, or an error that names what is there.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from quorate.errors import DataError

_SHOWN = 5


def find(run: str | Path, out: str | Path = Path("runs")) -> Path:
    """Return the folder of a run.

    Parameters
    ----------
    run : str or Path
        A run folder, the id of a run below ``out``, or as much of its beginning as is unique;
        the end of an id will do as well.
    out : str or Path
        Folder of runs.

    Raises
    ------
    DataError
        There is no such run, or there are several.

    Notes
    -----
    Units: none.  Causal: reads names only.  Missing: an error that lists the nearest runs.

    Examples
    --------
    >>> find("20260101", Path("no-such-folder"))
    Traceback (most recent call last):
    quorate.errors.DataError: there is no run '20260101' in no-such-folder
      next: it holds no run yet: `quorate demo` makes one
    """
    given, out = Path(run), Path(out)
    if (given / "run.json").is_file():
        return given
    name = str(run).rstrip("/")
    known = ids(out)
    found = [each for each in known if name in each]
    if name in known:
        found = [name]
    if len(found) == 1:
        return out / found[0]
    if found:
        raise DataError(
            f"{len(found)} runs in {out} have {name!r} in their ids",
            hint=f"say more of one of {', '.join(found[-_SHOWN:])}",
        )
    near = difflib.get_close_matches(name, known, n=_SHOWN, cutoff=0.6) or known[-_SHOWN:]
    raise DataError(
        f"there is no run {name!r} in {out}",
        hint=f"it holds {', '.join(near)}; settings of a sweep have no folder"
        if near
        else "it holds no run yet: `quorate demo` makes one",
    )


def ids(out: Path) -> list[str]:
    """Return the ids of the runs whose folders are there, the newest last."""
    return sorted(path.parent.name for path in out.glob("*/run.json"))
