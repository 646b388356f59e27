"""The runs that were ever made: a row each, from the store and, where it is there, the folder.

In: a folder of runs, or settings that name another store. Out: rows, the newest last.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.api.effective import read_settings
from quorate.errors import DataError
from quorate.report.plain import plain
from quorate.statistics.cautions import FEW_TRADES

if TYPE_CHECKING:
    from quorate.settings import Settings
    from quorate.store import Run

STORE = "quorate.sqlite"
_HASH = 8


@dataclass(frozen=True)
class Row:
    """One run of the list; a number is None where the run has none, or did not end.

    ``settings`` is the beginning of a hash: runs of equal settings have equal ones. ``psr`` is the
    probability that the true Sharpe ratio is above 0, and ``min_track_record_days`` how many days
    it takes to say so at 5%; ``n_days`` are those there were.
    """

    run_id: str
    kind: str
    status: str
    begun: str
    start: str | None
    end: str | None
    venue: str | None
    n_coins: int | None
    is_synthetic: bool | None
    net_return: float | None
    sharpe: float | None
    psr: float | None
    min_track_record_days: float | None
    n_days: int | None
    n_trades: int | None
    settings: str
    message: str
    folder: str | None

    @property
    def is_scarce(self) -> bool:
        """Whether there are too few closed trades for a ratio to say anything."""
        return self.n_trades is not None and self.n_trades < FEW_TRADES

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain values, ready for JSON."""
        found: dict[str, Any] = plain(dataclasses.asdict(self) | {"is_scarce": self.is_scarce})
        return found


def runs(out: str | Path = Path("runs"), settings: Settings | None = None) -> list[Row]:
    """Return the runs of a store, the newest last.

    Parameters
    ----------
    out : str or Path
        Folder of runs.
    settings : Settings, optional
        Where ``account.store`` names a path or URL, that store is read, else the one in ``out``;
        ``quorate.read_settings`` is called when left out.

    Raises
    ------
    DataError
        ``out`` is a file.
    StoreError
        The store cannot be opened.

    Notes
    -----
    Units: fractions, per square root of a year, probability.  Causal: reads what was booked.
    Missing: None; an empty list where no run was ever made.  Spec 10.

    Examples
    --------
    >>> runs("no-such-folder")
    []
    """
    return [_row(run, Path(out)) for run in booked(out, settings)]


def booked(out: str | Path, settings: Settings | None = None) -> list[Run]:
    """Return the runs of a store as they are booked.

    Parameters
    ----------
    out, settings
        As ``runs``.

    Notes
    -----
    Units, Causal, Missing: as ``runs``.
    """
    chosen = read_settings() if settings is None else settings
    out = Path(out)
    if out.is_file():
        raise DataError(f"{out} is a file", hint="name a folder of runs with --out")
    named = str(chosen["account"]["store"])
    where: str | Path = named or out / STORE
    if _is_absent(where):
        return []
    from quorate.store import open_store  # SQLAlchemy: only where there is a store

    with open_store(where) as store:
        return store.runs.list()


def _is_absent(where: str | Path) -> bool:
    """Say whether a store is a file that is not there: looking must not make one."""
    text = str(where)
    if "://" not in text:
        return not Path(text).is_file()
    kind, _, path = text.partition(":///")
    return kind == "sqlite" and not Path(path).is_file()


def _row(run: Run, out: Path) -> Row:
    metrics = dict(run.metrics or {})
    net = metrics.get("net", {})
    folder = out / run.run_id
    data = metrics.get("data") or _data(folder)
    return Row(
        run_id=run.run_id,
        kind=run.kind,
        status=run.status,
        begun=run.started_at,
        start=data.get("start"),
        end=data.get("end"),
        venue=" + ".join(_venues(data, folder)) or None,
        n_coins=data.get("n_coins", len(data["symbols"]) if "symbols" in data else None),
        is_synthetic=data.get("is_synthetic"),
        net_return=net.get("total_return"),
        sharpe=net.get("sharpe"),
        psr=net.get("psr"),
        min_track_record_days=net.get("min_track_record_days"),
        n_days=net.get("n_days"),
        n_trades=net.get("n_trades"),
        settings=run.settings_hash[:_HASH],
        message=run.message,
        folder=str(folder) if folder.is_dir() else None,
    )


def _venues(data: dict[str, Any], folder: Path) -> list[str]:
    """Return the venues of a run; one that booked none may still say so in its folder."""
    found: list[str] = data.get("venues") or _data(folder).get("venues", [])
    return found


def _data(folder: Path) -> dict[str, Any]:
    """Return what a run folder says of its data; nothing where it is gone."""
    path = folder / "run.json"
    if not path.is_file():
        return {}
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["data"]
    return data
