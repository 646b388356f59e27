"""The certificate of a panel's data: sources, spans, hashes, rules, what was found and left out.

In: what was read of each venue, and the span of the panel. Out: a ``Certificate`` that goes with
the panel into every run folder; or a refusal, where rows fail a rule and that was not accepted.
"""

from __future__ import annotations

import io
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quorate.errors import DataError
from quorate.lake import disk, reading
from quorate.lake import quality as worth
from quorate.lake.prints import together
from quorate.lake.quality import Quality
from quorate.lake.sources import MINUTE_MS, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quorate.lake.governance import Params
    from quorate.lake.prints import Prints
    from quorate.lake.reading import Judged, Symbol
    from quorate.lake.sources import Series
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


def worths(
    sources: Sequence[Source],
    judged: Sequence[Judged | None],
    told: tuple[int, int],
    bar_minutes: int,
    rules: Params,
) -> tuple[Quality | None, ...]:
    """Return what one symbol's bars are worth within a span, an entry a venue.

    Parameters
    ----------
    sources : sequence of Source
        The venues, the primary one first.
    judged : sequence of Judged or None
        The symbol on each.
    told : (int, int)
        The span that findings count in, milliseconds: the one asked for, where rows that fail may
        have left no bar.
    bar_minutes : int
        Length of a bar.
    rules : Params
        Of governance.

    Notes
    -----
    Units: as ``Quality``.  Causal: counts what was found.  Missing: None where the venue has no
    file.  Spec 13; METHODS 12.
    """
    bar_ms = bar_minutes * MINUTE_MS
    cut = [each and worth.within(each, *told, bar_ms) for each in judged]
    # spot beside perpetuals differ by the basis
    alike = [i for i in range(1, len(sources)) if sources[i].kind == sources[0].kind]
    mine = judged[0]
    beside: dict[str, Series | None] = {}
    if alike and mine is not None:
        names = [name for name, _ in mine.governed.coins]
        beside = dict(zip(names, reading.aligned(mine, judged[alike[0]]), strict=False))
    return tuple(
        each
        and worth.quality(
            each,
            [beside.get(name) for name, _ in each.governed.coins] if i == 0 else [],
            bar_minutes,
            rules,
        )
        for i, each in enumerate(cut)
    )


def certify(
    sources: Sequence[Source],
    symbols: Sequence[Symbol],
    found: Sequence[Sequence[Quality | None]],
    bars: tuple[int, Params],
    prints: Prints,
) -> Certificate:
    """Return the certificate of what was read.

    Parameters
    ----------
    sources : sequence of Source
        The venues, the primary one first.
    symbols : sequence of Symbol
        What was read.
    found : sequence of sequence of Quality or None
        What each of them is worth (``worths``).
    bars : (int, Params)
        The length of a bar in minutes, and the rules of governance.
    prints : Prints
        What was read of each file.

    Returns
    -------
    Certificate
        ``is_accepted`` where a rule fails a coin; ``refuse`` it otherwise.

    Notes
    -----
    Units: bytes, rows, bps.  Causal: counts what was found.  Missing: told, not filled.
    Spec 13; METHODS 12.
    """
    venues = []
    for v, source in enumerate(sources):
        parts = [each[v] for each in found]
        told = worth.concat([part for part in parts if part is not None])
        venues.append((_origin(source, v, symbols, prints), told))
    made = Certificate(tuple(venues), bars[0], bars[1]._asdict(), {}, is_accepted=False)
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


def _origin(source: Source, v: int, symbols: Sequence[Symbol], prints: Prints) -> Origin:
    """Return the facts of one venue's files, with a hash over what was read of them."""
    paths = [path for symbol in symbols for path in symbol.paths[v]]
    spans = [coin[v] for symbol in symbols for coin in symbol.spans]
    full = [span for span in spans if span is not None]
    return Origin(
        source.venue,
        source.kind,
        str(source.path),
        len(paths),
        sum(prints[path].n_bytes for path in paths),
        sum(symbol.n_rows[v] for symbol in symbols),
        instant(min(first for first, _ in full)) if full else "",
        instant(max(last for _, last in full)) if full else "",
        together(paths, prints),
    )
