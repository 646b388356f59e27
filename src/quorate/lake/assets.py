"""Which asset each symbol is: a table with a stable id, for names change and assets do not.

In: a CSV or Parquet file, a row a symbol. Out: ``Listed`` by symbol. MATICUSDT and POLUSDT are one
asset at one for one, LENDUSDT is a hundredth of AAVEUSDT's. Nothing is guessed without a table.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quorate.errors import DataError, SchemaError
from quorate.lake import disk
from quorate.lake.foreign import instants

if TYPE_CHECKING:
    from pathlib import Path


class Listed(NamedTuple):
    """A symbol's asset, how many of it one coin of the symbol is, and since when that is known.

    ``known_ms`` is None where the table does not say: it was known all along.
    """

    symbol: str
    asset: str
    units: Fraction = Fraction(1)
    known_ms: int | None = None


def read(path: Path, as_of_ms: int | None = None) -> dict[str, Listed]:
    """Return a table of symbols and their assets.

    Parameters
    ----------
    path : Path
        CSV or Parquet: ``symbol, asset``, and where a coin of the symbol is not one of the asset
        ``units`` (0.01 or 1/100), and ``known_at`` where that was made known on some day.
    as_of_ms : int, optional
        Only what was known then.

    Returns
    -------
    dict
        By symbol.

    Raises
    ------
    DataError
        The file cannot be read, or says two things of a symbol.
    SchemaError
        A column is missing, or units are no number above 0.

    Notes
    -----
    Units: coins of the asset a coin of the symbol.  Causal: as ``as_of_ms`` says.  Missing: a
    symbol without a row is its own asset.  METHODS 12.
    """
    rows = _rows(path)
    if absent := [name for name in ("symbol", "asset") if name not in rows.columns]:
        raise SchemaError(
            f"{path}: no column {', '.join(absent)}; it has {', '.join(rows.columns)}",
            hint="a table of assets has symbol, asset, and perhaps units and known_at",
        )
    known: list[int | None] = [None] * rows.height
    if "known_at" in rows.columns:
        known = instants(rows["known_at"], None, f"{path}: known_at").dt.epoch("ms").to_list()
    units = rows["units"].to_list() if "units" in rows.columns else [None] * rows.height
    found: dict[str, Listed] = {}
    for symbol, asset, said, at_ms in zip(rows["symbol"], rows["asset"], units, known, strict=True):
        if as_of_ms is not None and at_ms is not None and at_ms > as_of_ms:
            continue
        row = Listed(str(symbol), str(asset), _units(said, f"{path}: units of {symbol}"), at_ms)
        if row.symbol in found:
            raise DataError(
                f"{path} has two rows of {symbol}", hint="a symbol is one asset: keep one row"
            )
        found[row.symbol] = row
    return found


def _rows(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return disk.frame(path)
    try:
        return pl.read_csv(path, infer_schema=False, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{path} cannot be read as CSV: {str(error).splitlines()[0]}",
            hint="a table of assets is CSV or Parquet: symbol, asset, units, known_at",
        ) from error


def _units(said: Any, name: str) -> Fraction:  # noqa: ANN401  (text or a number)
    if said is None or said == "":
        return Fraction(1)
    try:
        units = Fraction(str(said).replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        units = Fraction(0)
    if units <= 0:
        raise SchemaError(f"{name} are {said!r}, no number above 0", hint="write 0.01 or 1/100")
    return units
