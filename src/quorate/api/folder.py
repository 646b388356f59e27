"""The folder a run leaves: written beside its place, put there whole or not at all.

In: the tables and facts of a run. Out: ``run.json``, ``metrics.json``, Parquet tables and the page;
and, read back, the settings it was made with; and the place of the store that books it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polars.exceptions import ComputeError

from quorate.api.configure import schema
from quorate.errors import ConfigError, DataError
from quorate.lake import disk
from quorate.lake.address import on_disk
from quorate.report.reading import rows as read_rows
from quorate.report.reading import table as read_table
from quorate.report.reading import tree as read_json
from quorate.settings import Settings, read

__all__ = [
    "file_digests",
    "read_json",
    "read_rows",
    "read_table",
    "settings_of",
    "store_place",
    "whole",
    "write_json",
    "write_rows",
    "write_table",
]

_GROUP = 16_384
"""Rows of a large table that are written together."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Give a folder to write into; it takes its name only if nothing went wrong.

    Raises
    ------
    DataError
        The disk is full or the place cannot be written; nothing half-written stays.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        partial.rename(folder)
    except (OSError, ComputeError) as error:  # Polars' own word for a disk that is full
        n_bytes = sum(each.stat().st_size for each in partial.rglob("*") if each.is_file())
        shutil.rmtree(partial, ignore_errors=True)
        cause = error if isinstance(error, OSError) else OSError(errno.ENOSPC, str(error))
        raise DataError(
            f"the run folder {folder} cannot be written: {getattr(error, 'strerror', '') or error}"
            f", after {disk.amount(n_bytes)} of it{disk.lacking(cause, folder.parent, None)}",
            hint="free some space or name another place with --out; nothing was left behind",
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a run that a later judgement of it may read.

    ``run.json`` and every table but ``decisions.parquet``, which is large and chained as events in
    the store. Not the page, nor ``metrics.json``: what was booked of it is in the ledger itself.

    Notes
    -----
    Units: none.  Causal: reads a finished run.  Missing: a file that is not there has no entry.

    Examples
    --------
    >>> file_digests(Path("no-such-run"))
    {}
    """
    names = ["run.json", *sorted(each.name for each in folder.glob("*.parquet"))]
    found = {}
    for name in names:
        if name != "decisions.parquet" and (folder / name).is_file():
            with (folder / name).open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def store_place(given: str, out: Path) -> str | Path:
    """Return where the store of a folder of runs is, and make that folder.

    Parameters
    ----------
    given : str
        ``account.store``: a path, a URL, or nothing for a file in the folder of runs.
    out : Path
        The folder of runs; made if absent.

    Raises
    ------
    DataError
        The folder of runs is a file, or cannot be made.
    ConfigError
        The store's own folder does not exist: it is not made, for a wrong letter in its name
        would begin a second ledger of trials elsewhere.

    Notes
    -----
    Units: none.  Causal: no data are read.  Missing: none.  Spec 10.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as runs:
    ...     store_place("", Path(runs)).name
    'quorate.sqlite'
    """
    on_disk(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{out} cannot be the folder of runs: {error.strerror or error}",
            hint="name a folder, or a place where one can be made, with --out",
        ) from error
    if not given:
        return out / "quorate.sqlite"
    if "://" not in given or given.startswith("sqlite:///"):
        parent = Path(given.removeprefix("sqlite:///")).expanduser().parent
        if not parent.is_dir():
            raise ConfigError(
                f"account.store is {given!r}, but there is no folder {parent}",
                hint="make that folder, or name a file in one that exists",
            )
    return given


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a mapping as readable JSON; NaN is refused."""
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write a table as Parquet."""
    table.write_parquet(path, compression="zstd")


def write_rows(path: Path, table: pl.LazyFrame) -> None:
    """Write a large table as Parquet, as it is read: it is never whole in memory."""
    table.sink_parquet(path, compression="zstd", row_group_size=_GROUP)


def refuse_walk(facts: dict[str, Any]) -> None:
    """Raise ``DataError`` where a run cannot be made again: what votes changes within it."""
    if facts.get("kind") == "walkforward":
        raise DataError(
            "a walk forward is not made again: what votes changes from fold to fold",
            hint="walk again over the same days, or make a run with the fit of one fold "
            "(--models RUN/fits/fold-01)",
        )


def settings_of(facts: dict[str, Any]) -> Settings:
    """Return the settings a run was made with, from its ``run.json``.

    Notes
    -----
    Units: as each field says.  Causal: as they were.  Missing: a setting that is newer than the
    run has its default, one that is no more is left out.
    """
    known = schema()
    defaults = read(known, None, {})
    values = {
        section: {
            name: _tuple(facts["settings"].get(section, {}).get(name, default))
            for name, default in found.items()
        }
        for section, found in defaults.values.items()
    }
    beside = facts.get("settings_file")
    return Settings(values, facts.get("origins", {}), Path(beside) if beside else None)


def _tuple(value: Any) -> Any:  # noqa: ANN401  (a leaf of JSON)
    return tuple(value) if isinstance(value, list) else value
