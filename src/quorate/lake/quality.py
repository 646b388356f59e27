"""What a panel's data are worth: where they came from, which rules were applied, what they found.

In: what was read of each venue. Out: a ``Quality`` that goes with the panel into every run folder,
and from there onto a page: the certificate of the data.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quorate.errors import DataError
from quorate.lake import reconcile
from quorate.lake.governance import findings
from quorate.lake.grid import Grid, window
from quorate.lake.instruments import infer_tick
from quorate.lake.sources import instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.lake.reading import Read
    from quorate.lake.sources import Series
    from quorate.lake.spec import Source

_SHOWN = 5
COUNTS: findings.Schema = {
    "venue": pl.String,
    "symbol": pl.String,
    "day": pl.Date,
    "rule": pl.String,
    "severity": pl.String,
    "n": pl.Int64,
}
AGREEMENT: findings.Schema = {
    "venue": pl.String,
    "symbol": pl.String,
    "other": pl.String,
    "n_bars": pl.Int64,
    "median_bps": pl.Float64,
    "p99_bps": pl.Float64,
    "max_bps": pl.Float64,
    "agree_frac": pl.Float64,
    "n_days": pl.Int64,
    "n_quarantined": pl.Int64,
}


class Origin(NamedTuple):
    """One venue's files: where they lie, what they are, what was in them."""

    venue: str
    kind: str
    folder: str
    n_files: int
    n_bytes: int
    n_rows: int
    first: str
    last: str
    digest: str


class Quality(NamedTuple):
    """What is certified of a panel's data.

    ``rules`` are the parameters by name; ``counts`` how many rows each rule concerned, by venue,
    coin and UTC day within the span; ``agreement`` a row a coin and other venue of the same kind;
    ``excluded`` why a coin is not in the panel; ``is_accepted`` whether it was loaded although a
    rule failed, because that was asked for.
    """

    origins: tuple[Origin, ...]
    rules: Mapping[str, float]
    counts: pl.DataFrame
    agreement: pl.DataFrame
    excluded: Mapping[str, str]
    is_accepted: bool

    @property
    def failed(self) -> pl.DataFrame:
        """Return the counts of the rules that fail a coin."""
        return self.counts.filter(pl.col("severity") == "failed")


def origin(source: Source, read: Read) -> Origin:
    """Return the facts of one venue's files, with a hash over their bytes.

    Parameters
    ----------
    source : Source
        The venue.
    read : Read
        What was read of it.

    Notes
    -----
    Units: bytes, rows.  Causal: as the files are now.  Missing: an empty venue has no span.
    Spec 13.
    """
    digest = hashlib.blake2b(digest_size=16)
    n_bytes = 0
    for path in read.paths:
        content = path.read_bytes()
        digest.update(path.name.encode())
        digest.update(content)
        n_bytes += len(content)
    full = [series for series in read.coins if series is not None and series.open_ms.size > 0]
    return Origin(
        source.venue,
        source.kind,
        str(source.path),
        len(read.paths),
        n_bytes,
        read.n_rows,
        instant(min(int(each.open_ms[0]) for each in full)) if full else "",
        instant(max(int(each.open_ms[-1]) for each in full)) if full else "",
        digest.hexdigest(),
    )


def counted(venue: str, found: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """Return a venue's findings within the grid's span, by coin and day (``COUNTS``).

    Parameters
    ----------
    venue : str
        Its name.
    found : polars.DataFrame
        From ``reading.read``.
    grid : Grid
        The span.

    Notes
    -----
    Units: rows.  Causal: counts.  Missing: none.
    """
    end = grid.first_ms + grid.n_bars * grid.bar_ms
    at = pl.col("at").dt.epoch("ms")
    inside = found.filter((at + pl.col("n") * grid.bar_ms > grid.first_ms) & (at < end))
    days = findings.by_day(inside)
    return days.select(pl.lit(venue).alias("venue"), *list(COUNTS)[1:]).cast(pl.Schema(COUNTS))


def agreement(sources: Sequence[Source], reads: Sequence[Read], grid: Grid) -> pl.DataFrame:
    """Compare each further venue of the primary's kind with it, coin by coin (``AGREEMENT``).

    Parameters
    ----------
    sources : sequence of Source
        The venues.
    reads : sequence of Read
        Their coins.
    grid : Grid
        The span and bar length.

    Notes
    -----
    Units: bps.  Causal: reads all bars of the span.  Missing: a coin that another venue does not
    have has no row; spot beside perpetuals differ by the basis and are not compared.  Spec 13.
    """
    first = sources[0]
    lines = []
    for source, read in zip(sources[1:], reads[1:], strict=True):
        if source.kind != first.kind:
            continue
        for name, mine, other in zip(reads[0].names, reads[0].coins, read.coins, strict=True):
            if mine is None or other is None:
                continue
            tick = infer_tick(other.close)
            told = reconcile.compare(
                _inside(mine, grid), _inside(other, grid), tick, grid.bar_minutes
            )
            if told.open_ms.size == 0:
                continue
            apart, days = reconcile.summary(told), reconcile.daily(told)
            lines.append(
                {
                    "venue": first.venue,
                    "symbol": name,
                    "other": source.venue,
                    **{key: getattr(apart, key) for key in list(AGREEMENT)[3:8]},
                    "n_days": days.height,
                    "n_quarantined": int(days["quarantined"].sum()),
                }
            )
    return pl.DataFrame(lines, schema=AGREEMENT)


def refuse(counts: pl.DataFrame, folder: str) -> None:
    """Refuse data that fail a rule.

    Parameters
    ----------
    counts : polars.DataFrame
        Of the panel's span (``COUNTS``).
    folder : str
        Where to look.

    Raises
    ------
    DataError
        A rule that fails a coin found something: which, where, how often, since when.

    Examples
    --------
    >>> refuse(pl.DataFrame(schema=COUNTS), "bars")
    """
    failed = (
        counts.filter(pl.col("severity") == "failed")
        .group_by("venue", "symbol", "rule")
        .agg(pl.col("n").sum(), pl.col("day").min().alias("first"))
        .sort("venue", "symbol", "rule")
    )
    if failed.is_empty():
        return
    told = [
        f"{row['symbol']} on {row['venue']} ({row['rule']}, {row['n']} rows, first on "
        f"{row['first']})"
        for row in failed.head(_SHOWN).iter_rows(named=True)
    ]
    more = f" and {failed.height - _SHOWN} more" if failed.height > _SHOWN else ""
    raise DataError(
        f"bars fail the rules of data: {', '.join(told)}{more}",
        hint=f"see every finding with `quorate data check {folder}`; fetch the rows again, leave "
        "the coin out with --symbols, or load all the same with --accept-failed, which the report "
        "says at its head",
    )


def plain(quality: Quality) -> dict[str, Any]:
    """Write a certificate as plain JSON.

    Examples
    --------
    >>> counts, pairs = pl.DataFrame(schema=COUNTS), pl.DataFrame(schema=AGREEMENT)
    >>> empty = Quality((), {}, counts, pairs, {}, is_accepted=False)
    >>> from_plain(plain(empty)).counts.schema == counts.schema
    True
    """
    return {
        "origins": [each._asdict() for each in quality.origins],
        "rules": dict(quality.rules),
        "counts": quality.counts.with_columns(pl.col("day").cast(pl.String)).to_dict(
            as_series=False
        ),
        "agreement": quality.agreement.to_dict(as_series=False),
        "excluded": dict(quality.excluded),
        "is_accepted": quality.is_accepted,
    }


def from_plain(made: Mapping[str, Any]) -> Quality:
    """Read a certificate back from what ``plain`` wrote."""
    counts = pl.DataFrame(made["counts"], schema={**COUNTS, "day": pl.String})
    return Quality(
        tuple(Origin(**each) for each in made["origins"]),
        made["rules"],
        counts.with_columns(pl.col("day").str.to_date()),
        pl.DataFrame(made["agreement"], schema=AGREEMENT),
        made["excluded"],
        made["is_accepted"],
    )


def _inside(series: Series, grid: Grid) -> Series:
    return window(series, grid.first_ms, grid.first_ms + grid.n_bars * grid.bar_ms)
