"""The folder a run leaves: written beside its place, put there whole or not at all.

In: the tables and facts of a run. Out: ``run.json``, ``metrics.json``, Parquet tables and the page;
and, read back, the settings it was made with.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quorate.api.configure import schema
from quorate.errors import DataError
from quorate.report.reading import table as read_table
from quorate.report.reading import tree as read_json
from quorate.settings import Settings, read

__all__ = ["read_json", "read_table", "settings_of", "whole", "write_json", "write_table"]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise DataError(
            f"the run folder {folder} cannot be written: {error.strerror or error}",
            hint="free some space or name another place with --out; nothing was left behind",
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a mapping as readable JSON; NaN is refused."""
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write a table as Parquet."""
    table.write_parquet(path, compression="zstd")


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
    return Settings(values, facts.get("origins", {}))


def _tuple(value: Any) -> Any:  # noqa: ANN401  (a leaf of JSON)
    return tuple(value) if isinstance(value, list) else value
