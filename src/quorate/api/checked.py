"""What a folder of bars, funding, marks or open interest is worth.

In: what a check found. Out: its tables, sentences, a page, and a refusal where a rule fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quorate.errors import DataError
from quorate.lake import resampling, valued
from quorate.lake.governance import Rule, findings
from quorate.report.plain import plain

if TYPE_CHECKING:
    from quorate.lake.multiples import Claim
    from quorate.lake.quality import Quality
    from quorate.lake.successors import Likely

_SHOWN: Final = 5


@dataclass(frozen=True)
class Check:
    """What a folder of bars is worth, or one of funding, marks, index prices or open interest.

    Attributes
    ----------
    folder : str
        What was read.
    bar_minutes : int or None
        Length of a bar; None where the folder holds no bars.
    quality : lake.quality.Quality
        The tables, which are its own attributes too: ``coins, findings, days, pairs, pair_days``.
        Where it holds no bars ``n_traded`` counts the values there are, and nothing is carried.
    made_of : tuple of int
        Lengths of the files' bars, in minutes, of which longer ones were made.
    kind : str
        ``ohlcv`` for bars; else ``funding``, ``mark``, ``index`` or ``open_interest``.
    intervals : polars.DataFrame
        Where it holds no bars, a row a symbol and stretch of one interval: ``symbol, first, last,
        hours, n``.
    multiples : tuple of lake.multiples.Claim
        Symbols of the second vendor that are the first one's at a multiple by their names
        (``1000PEPEUSDT``, ``PEPEUSDT``), and what prices say.
    successors : tuple of lake.successors.Likely
        Symbols that begin where another ended, at its price or a power of ten of it: suggestions.
    renames : tuple of str
        Which symbols are one coin by a table of assets, as sentences.
    """

    folder: str
    bar_minutes: int | None
    quality: Quality
    made_of: tuple[int, ...] = ()
    kind: str = "ohlcv"
    intervals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=valued.INTERVALS))
    multiples: tuple[Claim, ...] = ()
    successors: tuple[Likely, ...] = ()
    renames: tuple[str, ...] = ()

    @property
    def coins(self) -> pl.DataFrame:
        """Return a row a coin (``Quality.coins``)."""
        return self.quality.coins

    @property
    def findings(self) -> pl.DataFrame:
        """Return a row a finding (``Quality.findings``)."""
        return self.quality.findings

    @property
    def days(self) -> pl.DataFrame:
        """Return a row a coin and day (``Quality.days``)."""
        return self.quality.days

    @property
    def pairs(self) -> pl.DataFrame:
        """Return a row a coin that the second vendor has too (``Quality.pairs``)."""
        return self.quality.pairs

    @property
    def pair_days(self) -> pl.DataFrame:
        """Return a row such a coin and day (``Quality.pair_days``)."""
        return self.quality.pair_days

    @property
    def has_failed(self) -> bool:
        """Return whether a rule that fails a series found something."""
        return findings.has_failed(self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        rows = {name: plain(each.to_dicts()) for name, each in self.quality._asdict().items()}
        return {
            "folder": self.folder,
            "kind": self.kind,
            "bar_minutes": self.bar_minutes,
            "made_of": list(self.made_of),
            "intervals": plain(self.intervals.to_dicts()),
            "multiples": [each.as_dict() for each in self.multiples],
            "successors": [each.as_dict() for each in self.successors],
            "renames": list(self.renames),
            **rows,
        }

    def made(self) -> str | None:
        """Return what the bars were made of, as a sentence; None if they are those of the files."""
        if not self.made_of or self.bar_minutes is None:
            return None
        return resampling.told(self.findings, self.made_of, self.bar_minutes)

    def same_assets(self) -> tuple[str, ...]:
        """Return which symbols are, or may be, one asset by another name, as sentences."""
        claimed = (each.told() for each in self.multiples)
        return (*claimed, *self.renames, *(each.told() for each in self.successors))

    def page(self, path: str | Path) -> Path:
        """Write the check as a page; return where it is.

        Parameters
        ----------
        path : path
            Of the page, or of a folder, where it is called ``data.html``.

        Raises
        ------
        DataError
            The place cannot be written.

        Notes
        -----
        Units: said beside every number.  Causal: shows what was found.  Missing: a dash.
        """
        from quorate.report import data_page  # Jinja: only where a page is drawn

        tables = self.folder, self.bar_minutes, self.quality, self.made_of
        every = valued.every(self.intervals)
        told = data_page.Told(*tables, self.kind, every, self.same_assets())
        return data_page.write(told, Path(path))

    def raise_if_failed(self) -> None:
        """Refuse data that a rule fails.

        Raises
        ------
        DataError
            Which coins, by which rules.
        """
        failed = self.quality.failed
        if failed.is_empty():
            return
        said = [f"{coin} ({rules})" for coin, rules in failed.select("symbol", "failed").rows()]
        more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
        raise DataError(
            f"{len(said)} of {self.coins.height} coins of {self.folder} fail: "
            f"{', '.join(said[:_SHOWN])}{more}",
            hint="look at --by-day; fetch those rows again, or leave the coins out with --symbols",
        )

    def by_day(self) -> pl.DataFrame:
        """Return how many rows each rule concerned, by symbol and UTC day, holes day by day."""
        if self.bar_minutes is None:
            return valued.by_day(self.findings)
        # of files of several lengths it is not told which of them a hole is in
        rows = self.bar_minutes if not self.made_of else self.made_of[0]
        of_rows = 0.0 if len(self.made_of) > 1 else float(rows)
        is_bar = pl.col("rule").is_in([Rule.BAR_PARTIAL.value, Rule.BAR_BROKEN.value])
        apart = pl.when(is_bar).then(float(self.bar_minutes)).otherwise(of_rows)
        return findings.by_day(self.findings, apart)
