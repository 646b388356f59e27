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
from quorate.lake import beside, disk, facts, resampling
from quorate.lake import quality as worth
from quorate.lake.facts import Found, Origin
from quorate.lake.multiples import Claim
from quorate.lake.quality import Quality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quorate.lake.governance import Params
    from quorate.lake.prints import Prints
    from quorate.lake.quote import Rate
    from quorate.lake.reading import Symbol
    from quorate.lake.shelf import Shelf
    from quorate.lake.spec import PanelSpec, Source

FOLDER = "certificate"
"""Where it lies in the folder of a run."""
ABOUT = "certificate.json"
_SHOWN = 5


class Certificate(NamedTuple):
    """What is certified of a panel's data.

    ``venues`` has each venue's files and what its bars are worth within the panel's span, the
    primary one first; further venues of its kind are compared with it in its ``pairs``. ``rules``
    are the parameters by name, ``excluded`` says why a coin is not in the panel, ``is_accepted``
    that it was loaded although a rule failed, because that was asked for. ``universe`` has the
    numbers by which members were chosen; empty where every listed coin is one. ``inputs`` are the
    files that were read beside the bars: funding, marks, the quote currency, and ``valued`` what
    the rules found in the funding within the span. ``multiples`` has the
    further venues' symbols that are by their names the primary's at a multiple, and what prices
    say; ``renames`` which symbols are one coin by the table of assets, a venue and a sentence each.
    ``damaged`` says which of its own tables could not be read back, and why; they are empty
    then.
    """

    venues: tuple[tuple[Origin, Quality], ...]
    bar_minutes: int
    rules: Mapping[str, float]
    excluded: Mapping[str, str]
    is_accepted: bool
    universe: Mapping[str, float] = MappingProxyType({})
    inputs: tuple[Origin, ...] = ()
    damaged: tuple[str, ...] = ()
    multiples: tuple[tuple[str, Claim], ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    valued: tuple[Found, ...] = ()

    @property
    def uncompared(self) -> list[str]:
        """Return which venues were not compared with the primary one, being of another kind."""
        return beside.uncompared([(origin.venue, origin.kind) for origin, _ in self.venues])

    @property
    def failed(self) -> pl.DataFrame:
        """Return the coins that a rule fails: ``venue, symbol, failed``."""
        rows = [
            each.failed.select(pl.lit(origin.venue).alias("venue"), "symbol", "failed")
            for origin, each in self.venues
        ]
        none = pl.DataFrame(schema=dict.fromkeys(("venue", "symbol", "failed"), pl.String))
        return pl.concat([none, *rows])


def worths(
    spec: PanelSpec,
    symbol: Symbol,
    told: tuple[int, int],
    bars: tuple[int, Params],
    given: tuple[Shelf, Rate | None],
) -> tuple[Quality | None, ...]:
    """Return what one symbol's bars are worth within a span, an entry a venue.

    Parameters
    ----------
    spec : PanelSpec
        Its sources are the venues, the primary one first.
    symbol : Symbol
        What was read of it on each.
    told : (int, int)
        The span that is told of, open times in milliseconds (``scope.told``): the one asked for,
        for rows that fail may have left no bar at its ends.
    bars : (int, Params)
        Length of a bar, and the rules of governance.
    given : (Shelf, Rate or None)
        Where the bars lie, and what the quote currency is worth.

    Notes
    -----
    Units: as ``Quality``.  Causal: counts what was found.  Missing: None where the venue has no
    file.  Spec 13; METHODS 12.
    """
    shelf, rate = given
    others = symbol.aside[1:]
    v = beside.witness(spec, symbol.name, [each and each.judged for each in others])
    other = None if v is None else others[v]
    near = None if other is None else beside.Witness(other, symbol.lives, rate, bars[0])
    return tuple(
        each and worth.quality(each, near if i == 0 else None, bars, shelf, told)
        for i, each in enumerate(symbol.aside)
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
        What those that count are worth (``worths``).
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
        parts = [part for each in found if (part := each[v]) is not None]
        origin = facts.of_bars(source, v, symbols, prints)
        made_of = resampling.made_of((symbol.minutes[v] for symbol in symbols), bars[0])
        venues.append((origin._replace(made_of=made_of), worth.concat(parts)))
    claims = tuple(
        (source.venue, claim)
        for v, source in enumerate(sources)
        for symbol in symbols
        if (claim := symbol.claims[v]) is not None
    )
    made = Certificate(
        tuple(venues), bars[0], bars[1]._asdict(), {}, is_accepted=False, multiples=claims
    )
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
    failed = certificate.failed
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
    for i, given in enumerate(certificate.valued):
        disk.replace(where / _valued(i), disk.parquet(given.findings))
    about = {
        "venues": [origin._asdict() for origin, _ in certificate.venues],
        "bar_minutes": certificate.bar_minutes,
        "rules": dict(certificate.rules),
        "excluded": dict(certificate.excluded),
        "is_accepted": certificate.is_accepted,
        "universe": dict(certificate.universe),
        "inputs": [each._asdict() for each in certificate.inputs],
        "multiples": [
            {"venue": venue, **claim.as_dict()} for venue, claim in certificate.multiples
        ],
        "renames": [list(each) for each in certificate.renames],
        "valued": [{"venue": each.venue, "kind": each.kind} for each in certificate.valued],
        "found": _counts(certificate),
        "uncompared": certificate.uncompared,
    }
    disk.replace(where / ABOUT, (json.dumps(about, indent=1) + "\n").encode())


def read(where: Path) -> Certificate:
    """Read a certificate back from where ``write`` put it.

    Raises
    ------
    DataError
        There is none, or it is not whole.
    """
    found = salvage(where)
    if found.damaged:
        raise DataError(
            f"{where} holds no certificate that can be read: {'; '.join(found.damaged)}",
            hint="it was not written to its end, or changed since: make the run or panel again",
        )
    return found


def salvage(where: Path) -> Certificate:
    """Read what can be read of a certificate, and say what cannot.

    Parameters
    ----------
    where : Path
        The folder that ``write`` wrote into.

    Returns
    -------
    Certificate
        ``damaged`` names every part that is missing, cut short or of other columns: tables that are
        empty here, or all of it where ``certificate.json`` is one of them.

    Notes
    -----
    Units: as ``Quality``.  Causal: as ``certify``.  Missing: told, not guessed.

    Examples
    --------
    >>> from pathlib import Path
    >>> salvage(Path("no-such-folder")).damaged
    ('certificate.json: No such file or directory',)
    """
    try:
        about = json.loads((where / ABOUT).read_bytes())
        origins = [_known(each) for each in about["venues"]]
        names = ("bar_minutes", "rules", "excluded", "is_accepted", "universe")
        inputs = tuple(_known(each) for each in about.get("inputs", ()))
        claims = tuple((each["venue"], Claim.of_dict(each)) for each in about.get("multiples", ()))
        values = {name: about[name] for name in names}
        linked = tuple((venue, said) for venue, said in about.get("renames", ()))
        beside_them = [(each["venue"], each["kind"]) for each in about.get("valued", ())]
        made = Certificate((), **values, inputs=inputs, multiples=claims, renames=linked)
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        lost = (f"{ABOUT}: {said}",)
        return Certificate((), 0, {}, {}, is_accepted=False, damaged=lost)
    damaged: list[str] = []
    tables = [
        Quality(*(_table(where / name, damaged) for name in _tables(i)))
        for i in range(len(origins))
    ]
    valued = tuple(
        Found(*of, _table(where / _valued(i), damaged)) for i, of in enumerate(beside_them)
    )
    venues = tuple(zip(origins, tables, strict=True))
    return made._replace(venues=venues, valued=valued, damaged=tuple(damaged))


def _known(made: Mapping[str, Any]) -> Origin:
    return Origin(**{**made, "made_of": tuple(made.get("made_of", ()))})


def _table(path: Path, damaged: list[str]) -> pl.DataFrame:
    """Read a table, or note why it cannot be read and return it empty."""
    schema = worth.SCHEMAS[path.name.split(".")[1]]
    none = pl.DataFrame(schema=schema)
    try:
        found = disk.frame(path)
    except DataError as error:
        damaged.append(f"{path.name}: {error.message.removeprefix(str(path)).strip()}")
        return none
    if found.schema != none.schema:
        damaged.append(f"{path.name}: it has the columns {', '.join(found.columns)}")
        return none
    return found


def _counts(certificate: Certificate) -> list[dict[str, Any]]:
    """Return how many rows each rule concerned, by venue and coin, for those who read JSON."""
    found = [
        *((origin.venue, origin.kind, each.findings) for origin, each in certificate.venues),
        *((each.venue, each.kind, each.findings) for each in certificate.valued),
    ]
    rows: list[dict[str, Any]] = []
    for venue, kind, findings in found:
        counted = findings.group_by("symbol", "rule").agg(pl.col("n").sum())
        rows += [
            {"venue": venue, "kind": kind, **row}
            for row in counted.sort("symbol", "rule").to_dicts()
        ]
    return rows


def _tables(i: int) -> list[str]:
    """Return the files of one venue's tables."""
    return [f"{i}.{name}.parquet" for name in Quality._fields]


def _valued(i: int) -> str:
    """Return the file of what was found in the i-th folder of funding or marks."""
    return f"input{i}.findings.parquet"
