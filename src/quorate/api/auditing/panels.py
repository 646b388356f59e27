"""The panel itself: made from what was known at a time, it must be the later one cut there.

In: a panel and a way to make it as it would have been made then. Out: findings by array and coin.
Of a panel that was loaded from plain folders the way is known: its files are copied as far as they
went, row by row, and loaded again by the same spec. Prices, statuses, funding as known, membership,
who is gone and the worth of the quote currency are compared, and who is in the panel at all.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Array, Meaning, Place, Sheet, stamp
from quorate.core.types import Bar
from quorate.errors import QuorateError
from quorate.lake import assets, forming, layout, load
from quorate.lake.address import is_object
from quorate.lake.silence import delisted
from quorate.lake.sources import MINUTE_MS, SNAP_MS, epoch_ms
from quorate.lake.spacing import infer_minutes
from quorate.lake.spec import from_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.lake import Panel, PanelSpec

_MEANINGS = {
    Test.CUT: Meaning(
        "Made from what was known then, the panel said otherwise.",
        "find the step that joins or fills this column: a row may be used once its bar has "
        "closed (open + length), never at its open or at midnight of its own day; nothing is "
        "filled backwards, scaled or ranked over what comes later",
    ),
    Test.SURVIVORS: Meaning(
        "The coin was in the panel then and is not in the later one: who was left out was chosen "
        "by what became of it.",
        "put dead coins back: choose by rules that read the days before (in_universe=True, "
        "`quorate data universe`)",
    ),
}

_LATER = Meaning(
    "The coin is in the panel because it came into the universe later: before that nobody trades "
    "it, but ranks, breadth and dispersion over coins read its bars.",
    "load every coin that was listed, in the universe or not, so that nobody's later fate decides "
    "what is ranked",
)
_NOT_COVERED = (
    "panel: the last row of each plain file, left out as if it were still forming",
    "panel: ticks, lots and fees of coins, which are facts of the whole panel",
    "panel: whether the files of dead coins are there at all (`quorate data universe --until`)",
)


def audit(
    panel: Panel,
    made_at: Callable[[int], Panel],
    cuts: Sequence[int],
    sheet: Sheet,
    tick: Callable[[], None],
) -> None:
    """Make the panel as of some times and hold it against the whole.

    Parameters
    ----------
    panel : Panel
        The whole.
    made_at : callable
        From an instant in milliseconds to the panel of what was known then.
    cuts : sequence of int
        Rows: what had closed before each is known.
    sheet : Sheet
        Where findings go.
    tick : callable
        Called after each.
    """
    for cut in cuts:
        try:
            then = made_at(panel.close_ms(cut - 1))
        except QuorateError as error:
            sheet.not_covered.append(f"panel: none could be made at a cut: {error.message}")
        else:
            sheet.n_times += 1
            _compare(panel, then, cut, sheet)
        tick()
    sheet.not_covered += _NOT_COVERED


def _compare(panel: Panel, then: Panel, cut: int, sheet: Sheet) -> None:
    """Hold the rows that both have against each other, coin by coin."""
    first = max(0, then.k0 - panel.k0)
    end = min(cut, then.k0 - panel.k0 + then.n_bars)
    mine = slice(first, end)
    its = slice(first + panel.k0 - then.k0, end + panel.k0 - then.k0)
    if end <= first:
        sheet.not_covered.append("panel: a cut before the first bar of what was known then")
        return
    _hold(sheet, "quote_usd", then.quote_usd[its], panel.quote_usd[mine], Place(panel, first))
    known = {symbol: c for c, symbol in enumerate(then.symbols)}
    is_whole = its.stop == then.n_bars  # what is known at its end is known at this one
    gone = delisted(panel.bars.status, panel.k0, panel.bar_minutes, end)
    for c, symbol in enumerate(panel.symbols):
        here = Place(panel, first, coins=(symbol,))
        is_there = np.asarray(panel.bars.status[mine, c : c + 1]) != Bar.ABSENT
        if symbol not in known:
            _unknown(panel, c, mine, is_there[:, 0], sheet)
            continue
        d = known[symbol]
        for name in panel.bars._fields:
            early, late = (
                np.asarray(getattr(each.bars, name)[rows, i : i + 1])
                for each, rows, i in ((then, its, d), (panel, mine, c))
            )
            _hold(sheet, f"bars.{name}", early, late, here)
        for name in panel.market._fields:
            early, late = (
                np.ascontiguousarray(getattr(each.market, name)[rows, :, i : i + 1])
                for each, rows, i in ((then, its, d), (panel, mine, c))
            )
            _hold(sheet, f"market.{name}", early, late, here._replace(names=panel.venue_names))
        early, late = (
            np.asarray(each.member[rows, i : i + 1])
            for each, rows, i in ((then, its, d), (panel, mine, c))
        )
        _hold(sheet, "member", early, late, here)
        if is_whole:
            early, late = (each[i : i + 1, None] for each, i in ((then.delisted_k, d), (gone, c)))
            _hold(sheet, "delisted_k", early, late, here._replace(first=end - 1))
    for symbol in then.symbols:
        if symbol not in panel.symbols:
            at = stamp(panel, end - 1)
            sheet.note(
                Test.SURVIVORS, "coins", _MEANINGS[Test.SURVIVORS],
                coin=symbol, at=at, then="there", later="left out",
            )  # fmt: skip
    sheet.count(Test.SURVIVORS, len(then.symbols))


def _unknown(
    panel: Panel, c: int, rows: slice, is_there: np.ndarray[Any, np.dtype[np.bool_]], sheet: Sheet
) -> None:
    """Note a coin that was not in the panel then and has bars in the later one."""
    sheet.count(Test.CUT, is_there.size)
    if not is_there.any():
        return
    is_member = np.asarray(panel.member[rows, c])[is_there].any()
    test, meaning = (Test.CUT, _MEANINGS[Test.CUT]) if is_member else (Test.SURVIVORS, _LATER)
    at = stamp(panel, rows.start + int(is_there.argmax()))
    sheet.note(
        test, "coins", meaning, int(is_there.sum()),
        coin=panel.symbols[c], at=at, then="not there", later="there",
    )  # fmt: skip


def _hold(sheet: Sheet, what: str, then: Array, later: Array, place: Place) -> None:
    sheet.hold(Test.CUT, what, then, later, place, _MEANINGS[Test.CUT])


def why_not(panel: Panel) -> str:
    """Return why a panel cannot be made as of a time; nothing if it can."""
    made = panel.source.made
    if made is None:
        return "it was put together by hand; give made_at, which makes it as of a time"
    if made.get("call") == "synthetic":
        return "a synthetic market is drawn whole; give made_at to audit one of your own"
    if made.get("call") != "load":
        return "it was kept on disk; audit it as it is loaded from its files"
    spec = from_plain(made)
    places = [place for source in spec.sources for place in (source.path, source.funding)]
    if any(place is not None and not _is_plain(place) for place in places):
        return (
            "a lake is not cut by its rows' times but by when they were known; give made_at, "
            "such as lambda ms: quorate.load(..., as_of=...)"
        )
    return ""


def from_files(panel: Panel) -> Callable[[int], Panel]:
    """Return a way to make a loaded panel as of a time, from copies of its files that end there.

    Parameters
    ----------
    panel : Panel
        One of which ``why_not`` says nothing.
    """
    spec = from_plain(panel.source.made or {})

    def made_at(known_ms: int) -> Panel:
        with tempfile.TemporaryDirectory(prefix="quorate-audit-") as scratch:
            return load(_cut(spec, panel, known_ms, Path(scratch)))

    return made_at


def _is_plain(where: Path) -> bool:
    """Return whether a place is a folder of ``SYMBOL.parquet`` files."""
    return not is_object(where) and where.is_dir() and any(where.glob("*.parquet"))


class _Rule(NamedTuple):
    """How files are copied.

    ``drops_last``: the whole panel left out the last row of each file that opens after
    ``forming_ms``, for it might have been forming. ``reads_next``: the reader will leave out the
    last row, so that it needs one more.
    """

    only: frozenset[str] | None = None
    drops_last: bool = False
    forming_ms: int = forming.ALWAYS
    reads_next: bool = False


def _cut(spec: PanelSpec, panel: Panel, known_ms: int, where: Path) -> PanelSpec:
    """Copy what was known by a time of every file that a spec names."""
    sources = []
    for v, source in enumerate(spec.sources):
        mine = where / str(v)
        # a coin that is asked for by name must have rows, and may have none yet
        only = panel_symbols(spec, source.path) if v == 0 else None
        drops = spec.drop_last is not False
        since = forming.since(layout.files(source.path))
        _copy(source.path, mine / "bars", known_ms, _Rule(only, drops, since))
        if source.funding is not None:
            _copy(source.funding, mine / "funding", known_ms, _Rule())
        if source.mark is not None:
            _copy(source.mark, mine / "mark", known_ms, _Rule(reads_next=True))
        sources.append(
            replace(
                source,
                path=mine / "bars",
                funding=source.funding and mine / "funding",
                mark=source.mark and mine / "mark",
            )
        )
    quote = spec.quote_usd
    if quote is not None:
        (where / "quote").mkdir(parents=True)
        _copy_file(quote, where / "quote" / quote.name, known_ms, _Rule())
        quote = where / "quote" / quote.name
    return replace(
        spec,
        sources=tuple(sources),
        symbols=None,
        quote_usd=quote,
        bar_minutes=panel.bar_minutes,
        drop_last=False,
        accept_failed=True,
    )


def panel_symbols(spec: PanelSpec, folder: Path) -> frozenset[str] | None:
    """Return the files that a spec takes of its first folder; None for all."""
    if spec.symbols is None:
        return None
    listed = {} if spec.assets is None else assets.read(spec.assets)
    wanted = {listed[symbol].asset for symbol in spec.symbols if symbol in listed}
    also = {symbol for symbol, row in listed.items() if row.asset in wanted}
    return frozenset({*spec.symbols, *also} & set(layout.files(folder)))


def _copy(folder: Path, where: Path, known_ms: int, rule: _Rule) -> None:
    """Copy the files of a plain folder as far as their rows were known."""
    where.mkdir(parents=True)
    for symbol, paths in layout.files(folder).items():
        if rule.only is None or symbol in rule.only:
            for path in paths:
                _copy_file(path, where / path.name, known_ms, rule)


def _copy_file(path: Path, where: Path, known_ms: int, rule: _Rule) -> None:
    """Copy the rows of a file that had closed, or settled, by a time; no file without rows."""
    rows = pl.read_parquet(path)
    at_ms = epoch_ms(rows, str(path))
    is_bars = "close" in rows.columns and len(at_ms) > 1
    minutes = infer_minutes(at_ms, str(path), is_strict=False) if is_bars else None
    known = at_ms + (minutes or 0) * MINUTE_MS <= known_ms + SNAP_MS
    if rule.drops_last and len(at_ms) and at_ms.max() > rule.forming_ms:
        known &= at_ms < at_ms.max()
    if rule.reads_next and not known.all():
        known |= at_ms == at_ms[~known].min()
    kept = rows.filter(pl.Series(known))
    if kept.height:
        kept.write_parquet(where)
