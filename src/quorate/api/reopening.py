"""An old run as a ``Result`` again, from its folder.

In: a folder, an id or the beginning of one. Out: the same object that ``quorate.run`` returned.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl

from quorate.api.finding import find
from quorate.api.folder import read_json, read_rows, read_table
from quorate.api.result import Result

_OTHERS = frozenset({"run_id", "folder", "metrics", "facts", "kept"})


def read(run: str | Path, *, out: str | Path = Path("runs")) -> Result:
    """Read an old run.

    Parameters
    ----------
    run : str or Path
        Folder, id, or the beginning of an id of a run below ``out``.
    out : str or Path
        Folder of runs.

    Returns
    -------
    Result
        As ``quorate.run`` returned it.

    Raises
    ------
    DataError
        There is no such run, or a file of it is missing or broken.

    Notes
    -----
    Units: as the tables.  Causal: reads a finished run.  Missing: a table that the version of the
    run did not write is empty.  Spec 12.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import quorate
    >>> with TemporaryDirectory() as runs:
    ...     made = quorate.run(quorate.synthetic(n_coins=1, days=1), out=Path(runs))
    ...     read(made.run_id[:15], out=runs).equity.equals(made.equity)
    True
    """
    folder = find(run, Path(out))
    facts = read_json(folder, "run.json")
    tables: dict[str, Any] = {
        each.name: _table(folder, each.name) for each in fields(Result) if each.name not in _OTHERS
    }
    return Result(
        run_id=facts["run_id"],
        folder=folder,
        metrics=read_json(folder, "metrics.json"),
        kept=read_rows(folder, "decisions.parquet"),
        facts=facts,
        **tables,
    )


def _table(folder: Path, name: str) -> pl.DataFrame:
    file = f"{name}.parquet"
    is_new = name not in {"equity", "trades", "fills"}
    if is_new and not (folder / file).is_file():
        return pl.DataFrame()
    return read_table(folder, file)
