"""The certificate of a panel's data: sources, spans, hashes, rules, what was found and left out.

In: what was read of each venue, and the span of the panel. Out: a ``Certificate`` that goes with
the panel into every run folder; or a refusal, where rows fail a rule and that was not accepted.
"""

from __future__ import annotations

import hashlib
import io
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quorate.errors import DataError
from quorate.lake import disk, months
from quorate.lake import quality as worth
from quorate.lake.quality import Quality
from quorate.lake.sources import instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quorate.lake.governance import Params
    from quorate.lake.grid import Grid
    from quorate.lake.reading import Read
    from quorate.lake.spec import Source

FOLDER = "certificate"
"""Where it lies in the folder of a run."""
ABOUT = "certificate.json"
_SHOWN = 5


class Origin(NamedTuple):
    """One venue's files: where they lie, how many, a hash over them, the span of their bars."""

    venue: str
    kind: str
    folder: str
    n_files: int
    n_bytes: int
    n_rows: int
    first: str
    last: str
    digest: str


class Certificate(NamedTuple):
    """What is certified of a panel's data.

    ``venues`` has each venue's files and what its bars are worth within the panel's span, the
    primary one first; further venues of its kind are compared with it in its ``pairs``. ``rules``
    are the parameters by name, ``excluded`` says why a coin is not in the panel, ``is_accepted``
    that it was loaded although a rule failed, because that was asked for. ``universe`` has the
    numbers by which members were chosen; empty where every listed coin is one.
    """

    venues: tuple[tuple[Origin, Quality], ...]
    bar_minutes: int
    rules: Mapping[str, float]
    excluded: Mapping[str, str]
    is_accepted: bool
    universe: Mapping[str, float] = MappingProxyType({})

    @property
    def failed(self) -> pl.DataFrame:
        """Return the coins that a rule fails: ``venue, symbol, failed``."""
        return pl.concat(
            each.failed.select(pl.lit(origin.venue).alias("venue"), "symbol", "failed")
            for origin, each in self.venues
        )


def certify(
    sources: Sequence[Source],
    reads: Sequence[Read],
    grid: Grid,
    rules: Params,
    told: tuple[int, int],
) -> Certificate:
    """Return the certificate of what was read, within a span.

    Parameters
    ----------
    sources : sequence of Source
        The venues, the primary one first.
    reads : sequence of Read
        What was read of each.
    grid : Grid
        The bar length.
    rules : Params
        Of governance.
    told : (int, int)
        The span that findings count in, milliseconds: the one asked for, where rows that fail may
        have left no bar.

    Returns
    -------
    Certificate
        ``is_accepted`` where a rule fails a coin; ``refuse`` it otherwise.

    Notes
    -----
    Units: bytes, rows, bps.  Causal: counts what was found.  Missing: told, not filled.
    Spec 13; METHODS 12.
    """
    span = (told[0], told[1], grid.bar_ms)
    cut = [[each and worth.within(each, *span) for each in read.judged] for read in reads]
    # spot beside perpetuals differ by the basis
    alike = [i for i in range(1, len(sources)) if sources[i].kind == sources[0].kind]
    beside = dict(zip(reads[alike[0]].names, reads[alike[0]].coins, strict=True)) if alike else {}
    venues = []
    for i, (source, read) in enumerate(zip(sources, reads, strict=True)):
        parts = [
            worth.quality(
                mine,
                [beside.get(name) for name, _ in mine.governed.coins] if i == 0 else [],
                grid.bar_minutes,
                rules,
            )
            for mine in cut[i]
            if mine is not None
        ]
        venues.append((_origin(source, read), worth.concat(parts)))
    made = Certificate(tuple(venues), grid.bar_minutes, rules._asdict(), {}, is_accepted=False)
    return made._replace(is_accepted=not made.failed.is_empty())


def refuse(certificate: Certificate) -> None:
    """Refuse data that fail a rule.

    Parameters
    ----------
    certificate : Certificate
        Of the panel.

    Raises
    ------
    DataError
        Which coins, by which rules, and what to do.

    Examples
    --------
    >>> refuse(Certificate((), 5, {}, {}, is_accepted=False))
    """
    failed = certificate.failed if certificate.venues else pl.DataFrame()
    if failed.is_empty():
        return
    told = [f"{symbol} on {venue} ({rules})" for venue, symbol, rules in failed.rows()]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    folders = {origin.venue: origin.folder for origin, _ in certificate.venues}
    raise DataError(
        f"bars fail the rules of data: {', '.join(told[:_SHOWN])}{more}",
        hint=f"see every finding with `quorate data check {folders[failed['venue'][0]]}`; fetch "
        "the rows again, leave the coin out with --symbols, or load all the same with "
        "--accept-failed, which the report says at its head",
    )


def note(certificate: Certificate) -> list[str]:
    """Return what a reader must know of data that fail a rule and were loaded all the same."""
    if not certificate.is_accepted:
        return []
    told = [f"{symbol} on {venue} ({rules})" for venue, symbol, rules in certificate.failed.rows()]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return [f"Bars that fail rules of data, loaded all the same: {', '.join(told[:_SHOWN])}{more}."]


def write(certificate: Certificate, where: Path) -> None:
    """Write a certificate into a folder: ``certificate.json`` and its tables as Parquet.

    Parameters
    ----------
    certificate : Certificate
        Of a panel.
    where : Path
        A folder of its own; made if missing.

    Raises
    ------
    DataError
        The disk refuses the bytes.

    Notes
    -----
    Units: as ``Quality``.  Causal: as ``certify``.  Missing: as ``certify``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> empty = Certificate((), 5, {"suspect_z": 8.0}, {}, is_accepted=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(empty, Path(folder))
    ...     read(Path(folder)) == empty
    True
    """
    for i, (_, each) in enumerate(certificate.venues):
        for name, table in zip(_tables(i), each, strict=True):
            content = io.BytesIO()
            table.write_parquet(content, compression="zstd")
            disk.replace(where / name, content.getvalue())
    about = {
        "venues": [origin._asdict() for origin, _ in certificate.venues],
        "bar_minutes": certificate.bar_minutes,
        "rules": dict(certificate.rules),
        "excluded": dict(certificate.excluded),
        "is_accepted": certificate.is_accepted,
        "universe": dict(certificate.universe),
        "found": _counts(certificate),
    }
    disk.replace(where / ABOUT, (json.dumps(about, indent=1) + "\n").encode())


def read(where: Path) -> Certificate:
    """Read a certificate back from where ``write`` put it.

    Raises
    ------
    DataError
        There is none, or it is not whole.
    """
    try:
        about = json.loads((where / ABOUT).read_bytes())
        venues = tuple(
            (
                Origin(**each),
                Quality(*(disk.frame(where / name) for name in _tables(i))),
            )
            for i, each in enumerate(about["venues"])
        )
        return Certificate(
            venues,
            about["bar_minutes"],
            about["rules"],
            about["excluded"],
            about["is_accepted"],
            about["universe"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{where} holds no certificate that can be read: {error}",
            hint="it was not written to its end, or changed since: make the run or panel again",
        ) from error


def _counts(certificate: Certificate) -> list[dict[str, Any]]:
    """Return how many rows each rule concerned, by venue and coin, for those who read JSON."""
    rows: list[dict[str, Any]] = []
    for origin, each in certificate.venues:
        counted = each.findings.group_by("symbol", "rule").agg(pl.col("n").sum())
        rows += [
            {"venue": origin.venue, **row} for row in counted.sort("symbol", "rule").to_dicts()
        ]
    return rows


def _tables(i: int) -> list[str]:
    """Return the files of one venue's tables."""
    return [f"{i}.{name}.parquet" for name in Quality._fields]


def _origin(source: Source, read: Read) -> Origin:
    """Return the facts of one venue's files, with a hash over their bytes."""
    digest = hashlib.blake2b(digest_size=16)
    n_bytes = 0
    for path, content in zip(read.paths, months.each(read.paths), strict=True):
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
        sum(each.n_rows for each in read.judged if each is not None),
        instant(min(int(each.open_ms[0]) for each in full)) if full else "",
        instant(max(int(each.open_ms[-1]) for each in full)) if full else "",
        digest.hexdigest(),
    )
