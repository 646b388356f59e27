"""From what a user types to the folder of a run.

In: a folder, an id or the beginning of one. Out: the folder, or an error that names what is there.
A setting of a sweep is booked and has an id, but no folder: the error says how to make one.
"""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.api.configure import schema
from quorate.api.listing import booked
from quorate.errors import DataError

if TYPE_CHECKING:
    from quorate.store import Run

_SHOWN = 5
_UNTOLD = {"account.store"}  # where runs are booked, no setting of what is tried


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
    of_sweeps = [each for each in booked(out) if each.kind == "sweep" and name in each.run_id]
    if of_sweeps:
        raise _has_no_folder(name, of_sweeps)
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


def _has_no_folder(name: str, swept: list[Run]) -> DataError:
    """Say that what was meant is a setting of a sweep, and how to make a run of it."""
    first = swept[0]
    if len(swept) > 1:
        return DataError(
            f"{len(swept)} settings of a sweep have {name!r} in their ids, and a sweep leaves no "
            "run folders",
            hint="make a run of one with the command that `quorate sweep` names at its end, or "
            f"say which is meant, such as {first.run_id}, to be told its settings",
        )
    data = (first.metrics or {}).get("data", {})
    span = f", {data['start'][:10]} to {data['end'][:10]}" if "start" in data else ""
    words = [word for given in _given(first) for word in ("--set", given)]
    return DataError(
        f"{first.run_id} is a setting of a sweep, which leaves no run folder",
        hint=f"make a run of it over the same bars{span}: "
        f"quorate backtest (or demo) ... {shlex.join(words) or 'with the default settings'}",
    )


def _given(run: Run) -> list[str]:
    """Return what differs from the defaults in the settings of a run, as ``--set`` takes it."""
    known = schema()
    return [
        f"{section}.{name}={','.join(value) if isinstance(value, list) else value}"
        for section, values in run.settings.items()
        for name, value in values.items()
        if section in known and name in known[section] and f"{section}.{name}" not in _UNTOLD
        if (tuple(value) if isinstance(value, list) else value) != known[section][name].default
    ]
