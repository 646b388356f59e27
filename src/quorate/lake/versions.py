"""What was known when: several versions of a row stand beside each other, none is overwritten.

In: rows with ``ts`` (when it happened) and ``known_at`` (when we learned it). Out: the same with
new rows put in, or what a reader of some moment sees. A row that says what was known already adds
nothing; one that says otherwise, with the same ``ts``, is a correction and stands beside the old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.errors import DataError
from quorate.lake.kinds import INSTANT, KINDS, KNOWN_AT, is_increasing

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

_IS_NEW: Final = "_is_new"
CORRECTIONS: Final[dict[str, PolarsDataType]] = {
    "ts": INSTANT,
    "column": pl.String,
    "old": pl.String,
    "new": pl.String,
    KNOWN_AT: INSTANT,
}
"""The columns of a list of corrections; values as text, since columns differ in type."""
NONE: Final = pl.DataFrame(schema=CORRECTIONS)
_OPTIONAL: Final = {
    name for kind in KINDS.values() for name, field in kind.fields.items() if field.is_optional
}
_ORDER: Final = {
    name: place
    for place, name in enumerate(dict.fromkeys(n for kind in KINDS.values() for n in kind.fields))
}


class Merged(NamedTuple):
    """Stored rows with new ones put in: how many were, and which correct what was known."""

    rows: pl.DataFrame
    n_added: int
    corrections: pl.DataFrame


def merge(
    stored: pl.DataFrame | None, given: pl.DataFrame, corrected_ms: int | None = None
) -> Merged:
    """Put rows beside those stored.

    Parameters
    ----------
    stored : polars.DataFrame or None
        Sorted by ``ts`` and ``known_at``, as this function returns them.
    given : polars.DataFrame
        From ``kinds.bring``. An optional column that it lacks, or has no value in, says nothing:
        the stored values stay.
    corrected_ms : int, optional
        For history that does not say when it was learned: a row that says otherwise than the
        latest stored one became known then, one that says the same is left out.

    Returns
    -------
    Merged
        Sorted by ``ts`` and ``known_at``.

    Raises
    ------
    DataError
        Two rows say different things about the same ``ts`` and were known at the same moment.

    Notes
    -----
    Units: milliseconds.  Causal: a row changes nothing that a reader of an earlier moment sees.
    Missing: null equals null, NaN equals NaN.  Spec 13, METHODS 12.
    """
    if stored is None or stored.is_empty() or _is_after(stored, given):
        if is_increasing(given["ts"]):
            rows = given if stored is None else pl.concat([stored, given], how="diagonal")
            return Merged(_ordered(rows), given.height, NONE)
        stored = given.clear() if stored is None else stored
    empty = [name for name in values(given) if name in _OPTIONAL and given[name].is_null().all()]
    blank = given.select(empty).clear()
    given = given.drop(empty)
    if _says_the_same(stored, given, is_dated=corrected_ms is None):
        return Merged(stored, 0, NONE)
    if corrected_ms is not None:
        given = _as_corrections(stored, given, corrected_ms)
    rows = pl.concat([_together(stored, given), blank], how="diagonal")
    is_same_ts = pl.col("ts") == pl.col("ts").shift(1)
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(1)) for name in values(rows)
    )
    is_same_moment = is_same_ts & (pl.col(KNOWN_AT) == pl.col(KNOWN_AT).shift(1))
    contradicts = rows.filter((is_same_moment & differs & pl.col(_IS_NEW)).fill_null(value=False))
    if not contradicts.is_empty():
        raise _contradiction(contradicts)
    keep = ~pl.col(_IS_NEW) | ~is_same_ts.fill_null(value=False) | differs
    rows = rows.filter(keep)
    is_ours = pl.col(_IS_NEW) | pl.col(_IS_NEW).shift(1)
    found = _corrections(rows, is_ours)
    n_added = int(rows[_IS_NEW].sum())
    return Merged(_ordered(rows.drop(_IS_NEW)), n_added, found)


def seen(rows: pl.DataFrame, as_of_ms: int | None = None) -> pl.DataFrame:
    """Return each row as a reader of some moment saw it, the latest where none is named.

    Parameters
    ----------
    rows : polars.DataFrame
        Sorted by ``ts`` and ``known_at``.
    as_of_ms : int, optional
        The moment; what became known later is not there.

    Notes
    -----
    Units: milliseconds.  Causal: what it is for.  Missing: a row not yet known is absent.
    Spec 13.

    Examples
    --------
    >>> rows = pl.DataFrame({"ts": [1, 1, 2], "close": [5.0, 6.0, 7.0], "known_at": [2, 9, 3]})
    >>> seen(rows)["close"].to_list(), seen(rows, 3)["close"].to_list()
    ([6.0, 7.0], [5.0, 7.0])
    """
    if as_of_ms is not None:
        rows = rows.filter(pl.col(KNOWN_AT).to_physical() <= as_of_ms)
    if is_increasing(rows["ts"]):
        return rows
    return rows.filter((pl.col("ts") != pl.col("ts").shift(-1)).fill_null(value=True))


def corrections(rows: pl.DataFrame) -> pl.DataFrame:
    """Return every value that replaced another one: ``ts, column, old, new, known_at``."""
    return _corrections(rows, pl.lit(value=True))


def values(rows: pl.DataFrame) -> list[str]:
    """Return the columns that are neither times nor marks."""
    return [name for name in rows.columns if name not in {"ts", KNOWN_AT, _IS_NEW}]


def n_corrected(rows: pl.DataFrame) -> int:
    """Return how many rows say otherwise than the version of them before."""
    if is_increasing(rows["ts"]):
        return 0
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(1)) for name in values(rows)
    )
    is_same_ts = (pl.col("ts") == pl.col("ts").shift(1)).fill_null(value=False)
    return int(rows.select((is_same_ts & differs).sum()).item())


def _is_after(stored: pl.DataFrame, given: pl.DataFrame) -> bool:
    """Return whether every given row happened after every stored one."""
    return given.is_empty() or bool(given["ts"][0] > stored["ts"][-1])


def _says_the_same(stored: pl.DataFrame, given: pl.DataFrame, *, is_dated: bool) -> bool:
    """Return whether the given rows are the latest stored ones, seen again: the usual case."""
    latest = seen(stored)
    names = ["ts", *values(given)]
    if latest.height != given.height or not set(names) <= set(latest.columns):
        return False
    if is_dated and not bool((latest[KNOWN_AT] <= given[KNOWN_AT]).all()):
        return False
    return latest.select(names).equals(given.select(names))


def _together(stored: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Return all rows in order; a column that the given ones lack is what it was."""
    silent = [name for name in values(stored) if name not in given.columns]
    rows = pl.concat(
        [
            stored.with_columns(pl.lit(value=False).alias(_IS_NEW)),
            given.with_columns(pl.lit(value=True).alias(_IS_NEW)),
        ],
        how="diagonal",
    ).sort("ts", KNOWN_AT, _IS_NEW, maintain_order=True)
    if silent:
        rows = rows.with_columns(
            pl.when(pl.col(_IS_NEW))
            .then(pl.col(name).forward_fill().over("ts"))
            .otherwise(pl.col(name))
            .alias(name)
            for name in silent
        )
    return rows


def _as_corrections(stored: pl.DataFrame, given: pl.DataFrame, at_ms: int) -> pl.DataFrame:
    """Leave out what says the same as the latest, and date what says otherwise."""
    latest = seen(stored)
    common = [name for name in values(given) if name in latest.columns]
    fresh = [name for name in values(given) if name not in latest.columns]
    beside = latest.select("ts", *(pl.col(name).alias(f"_was_{name}") for name in common))
    joined = given.join(
        beside.with_columns(pl.lit(value=True).alias("_is_known")),
        on="ts",
        how="left",
        maintain_order="left",
    )
    differs = pl.any_horizontal(
        pl.lit(value=False),
        *(pl.col(name).ne_missing(pl.col(f"_was_{name}")) for name in common),
        *(pl.col(name).is_not_null() for name in fresh),
    )
    is_known = pl.col("_is_known").fill_null(value=False)
    return (
        joined.filter(~is_known | differs)
        .with_columns(
            pl.when(is_known)
            .then(pl.lit(at_ms).cast(INSTANT))
            .otherwise(pl.col(KNOWN_AT))
            .alias(KNOWN_AT)
        )
        .select(given.columns)
        .sort("ts", KNOWN_AT, maintain_order=True)
    )


def _corrections(rows: pl.DataFrame, chosen: pl.Expr) -> pl.DataFrame:
    """Return the values that replaced others in the chosen rows."""
    if is_increasing(rows["ts"]):
        return NONE
    is_same_ts = pl.col("ts") == pl.col("ts").shift(1)
    names = values(rows)
    beside = rows.with_columns(pl.col(name).shift(1).alias(f"_was_{name}") for name in names)
    beside = beside.filter((is_same_ts & chosen).fill_null(value=False))
    parts = [
        beside.filter(pl.col(name).ne_missing(pl.col(f"_was_{name}"))).select(
            "ts",
            pl.lit(name).alias("column"),
            pl.col(f"_was_{name}").cast(pl.String).alias("old"),
            pl.col(name).cast(pl.String).alias("new"),
            KNOWN_AT,
        )
        for name in names
    ]
    return pl.concat(parts).sort("ts", KNOWN_AT, "column", maintain_order=True)


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the columns in the order of their kind, whichever came first."""
    names = sorted(values(rows), key=lambda name: _ORDER.get(name, len(_ORDER)))
    wanted = ["ts", *names, KNOWN_AT]
    return rows if rows.columns == wanted else rows.select(wanted)


def _contradiction(rows: pl.DataFrame) -> DataError:
    ts, known_at = (f"{rows[name][0]:%Y-%m-%d %H:%M:%S}Z" for name in ("ts", KNOWN_AT))
    return DataError(
        f"two different rows of {ts} are said to have become known at the same moment, "
        f"{known_at} ({rows.height} such rows)",
        hint="a correction is known later than what it corrects: give known_at, the time of the "
        "fetch; rows that contradict each other in one file are the vendor's to explain",
    )
