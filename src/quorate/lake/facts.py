"""The files that a panel was made of, as its certificate tells of them.

In: what was read of each file (``prints``). Out: an ``Origin`` for every venue's bars, and for
every folder of funding or marks and the file of the quote currency that was read beside them; and
what the rules found in that funding and in those marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.lake.governance import findings
from quorate.lake.prints import together
from quorate.lake.sources import MINUTE_MS, instant
from quorate.lake.spec import instant_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from quorate.lake.carry import Carried
    from quorate.lake.prints import Prints
    from quorate.lake.reading import Symbol
    from quorate.lake.spec import PanelSpec, Source

_FUNDING_MS = 8 * 3_600_000


class Origin(NamedTuple):
    """One venue's files: where they lie, how many, a hash over them, the span of their rows.

    ``kind`` is ``spot`` or ``perp`` for bars, else ``funding``, ``mark`` or ``quote``. ``made_of``
    are the lengths, in minutes, of bars of the files of which longer ones were made.
    """

    venue: str
    kind: str
    folder: str
    n_files: int
    n_bytes: int
    n_rows: int
    first: str
    last: str
    digest: str
    made_of: tuple[int, ...] = ()


class Found(NamedTuple):
    """What the rules found in the funding or the marks of a venue (``governance.values``)."""

    venue: str
    kind: str
    findings: pl.DataFrame


def judged(spec: PanelSpec, carried: Sequence[Carried], span: tuple[int, int]) -> tuple[Found, ...]:
    """Return what the rules found in the funding and the marks that were read.

    Parameters
    ----------
    spec : PanelSpec
        Whose sources are the venues.
    carried : sequence of Carried
        What was read for each coin.
    span : (int, int)
        Times that are told of, milliseconds, the first included, the second not.

    Returns
    -------
    tuple of Found
        One a venue of which funding was read, and one of which marks were: of the coins that were
        read, as ``quorate data check`` finds it in the folder.

    Notes
    -----
    Units: as ``findings``.  Causal: a count of what there is.  Missing: told, never filled.
    Spec 13; METHODS 12.
    """
    made = []
    for v, source in enumerate(spec.sources):
        # two coins of one symbol share its files
        paid = {each.symbol: each for coin in carried for each in coin.found[v]}
        marks = (coin.marked[v] for coin in carried)
        marked = {each.symbol: each for each in marks if each is not None}
        for kind, own in (("funding", paid), ("mark", marked)):
            if own:
                told = [own[symbol].within(*span).findings for symbol in sorted(own)]
                made.append(Found(source.venue, kind, findings.concat(told)))
    return tuple(made)


def inputs(spec: PanelSpec, paths: Sequence[Path], prints: Prints) -> tuple[Origin, ...]:
    """Return the facts of the files that were read beside the bars.

    Parameters
    ----------
    spec : PanelSpec
        Whose sources name the folders of funding and marks, and the quote currency's file.
    paths : sequence of Path
        The files of funding and marks that were read (``carry.paths``).
    prints : Prints
        What was read of each.

    Returns
    -------
    tuple of Origin
        One a venue and kind that had a file, in the order of the sources; the quote's last.

    Notes
    -----
    Units: bytes, rows.  Causal: of whole files.  Missing: a folder of which nothing was read has
    no entry.  Spec 13.
    """
    made = []
    for source in spec.sources:
        for kind, folder in (("funding", source.funding), ("mark", source.mark)):
            own = () if folder is None else (p for p in paths if p.is_relative_to(folder))
            mine = list(dict.fromkeys(own))  # two coins of one symbol share its files
            if mine:
                made.append(_facts(source.venue, kind, str(folder), mine, prints))
    if spec.quote_usd is not None:
        made.append(_facts("", "quote", str(spec.quote_usd), [spec.quote_usd], prints))
    return tuple(made)


def open_ended(spec: PanelSpec, origins: Sequence[Origin], bar_minutes: int) -> tuple[str, ...]:
    """Return what a reader of an as-of must know: which rows end before it.

    Parameters
    ----------
    spec : PanelSpec
        Perhaps with ``as_of``.
    origins : sequence of Origin
        What was read.
    bar_minutes : int
        Length of a bar.

    Returns
    -------
    tuple of str
        Empty where none is asked for, or where no row could have become known behind the last of
        each that was read: then the same is read for good (``reach``).

    Notes
    -----
    Units: minutes.  Causal: what was read.  Missing: funding is looked for every 8 hours.  Spec 13.
    """
    if spec.as_of is None:
        return ()
    limit = instant_ms(spec.as_of)
    short = []
    for each in origins:
        step_ms = _FUNDING_MS if each.kind == "funding" else 2 * bar_minutes * MINUTE_MS
        if each.kind != "quote" and each.last and instant_ms(each.last) + step_ms <= limit:
            what = each.kind if each.kind in {"funding", "mark"} else "bars"
            short.append(f"{what} of {each.venue} from {each.last} on")
    if not short:
        return ()
    said = (
        f"As of {instant(limit)}, and the lake had no {', no '.join(short)}: rows of that time "
        "that are imported later will be seen as of then too."
    )
    return (said,)


def of_bars(source: Source, v: int, symbols: Sequence[Symbol], prints: Prints) -> Origin:
    """Return the facts of one venue's bars: rows as they were read, the span of what is left."""
    paths = [path for symbol in symbols for path in symbol.paths[v]]
    spans = [coin[v] for symbol in symbols for coin in symbol.spans]
    full = [span for span in spans if span is not None]
    return _facts(source.venue, source.kind, str(source.path), paths, prints)._replace(
        n_rows=sum(symbol.n_rows[v] for symbol in symbols),
        first=instant(min(first for first, _ in full)) if full else "",
        last=instant(max(last for _, last in full)) if full else "",
    )


def _facts(venue: str, kind: str, folder: str, paths: Sequence[Path], prints: Prints) -> Origin:
    """Return the facts of some files, with a hash over what was read of them."""
    read = [prints[path] for path in paths]
    spans = [each.span for each in read if each.span is not None]
    return Origin(
        venue,
        kind,
        folder,
        len(read),
        sum(each.n_bytes for each in read),
        sum(each.n_rows for each in read),
        instant(min(first for first, _ in spans)) if spans else "",
        instant(max(last for _, last in spans)) if spans else "",
        together(paths, prints),
    )
