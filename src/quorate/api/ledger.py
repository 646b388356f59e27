"""The ledger of trials: one for all that a user tries on a machine, wherever the runs are written.

In: settings and a folder of runs. Out: a ``Book`` in which every run is booked twice before it
starts: in the store of its folder, which has all of it, and in the ledger, which has what counts
trials. Another folder is no new beginning, and a folder that is deleted takes no trial with it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quorate.api import folder
from quorate.api.trials import trials_of
from quorate.core.kernel import source_hash
from quorate.errors import ConfigError, MigrationError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from quorate.api.trials import Data, Own
    from quorate.settings import Settings
    from quorate.statistics.accounts import Trials
    from quorate.store import Store
    from quorate.store.runs import Daily

FILE: Final = "ledger.sqlite"
_COUNTED: Final = ("net", "data")
"""What the ledger keeps of the metrics of a run; its folder's store has all of them."""


def place() -> Path:
    """Return the file of the ledger: in ``QUORATE_STATE_DIR``, else where the system keeps state.

    Returns
    -------
    Path
        ``ledger.sqlite`` in ``QUORATE_STATE_DIR``, else in ``quorate`` below ``XDG_STATE_HOME``,
        else below ``~/.local/state``. Nothing is made.

    Raises
    ------
    ConfigError
        ``QUORATE_STATE_DIR`` is no whole path: each working folder would have a ledger of its own.
    StoreError
        There is no home folder.
    """
    chosen = os.environ.get("QUORATE_STATE_DIR")
    if chosen:
        if not Path(chosen).is_absolute():
            raise ConfigError(
                f"QUORATE_STATE_DIR is {chosen!r}, which is another folder in each working folder",
                hint="give its whole path",
            )
        return Path(chosen) / FILE
    base = Path(os.environ.get("XDG_STATE_HOME") or "")
    if base.is_absolute():
        return base / "quorate" / FILE
    try:
        return Path.home() / ".local" / "state" / "quorate" / FILE
    except RuntimeError as error:
        raise StoreError(f"the ledger of trials has no place: {error}", hint=_ELSEWHERE) from error


_ELSEWHERE: Final = (
    "set QUORATE_STATE_DIR to a folder that can be written, the same one for all you try: a run "
    "that no ledger has would be a trial that nobody counts"
)


class Book:
    """Where runs are booked: the store of a folder of runs, and the ledger beside it.

    Parameters
    ----------
    store : Store
        Of the folder of runs.
    ledger : Store or None
        None where the store is the ledger.
    """

    def __init__(self, store: Store, ledger: Store | None) -> None:
        self.store = store
        self._ledger = ledger

    def begin(self, settings: Mapping[str, Any], data: Data, recipe: str, kind: str) -> str:
        """Book a run in both before it starts, and return its id.

        Parameters
        ----------
        settings : Mapping
            Its sections, and those that make another trial of it.
        data : Data
            From ``trials.data_of``.
        recipe, kind : str
            Which engines vote and by which fits; which command began it.

        Raises
        ------
        StoreError
            One of them cannot be written: no run goes on that is in one alone.

        Notes
        -----
        Units: none.  Causal: written before the run reads a bar.  Missing: none.  METHODS 5.5.
        """
        said: dict[str, Any] = {
            "data_hash": data.digest,
            "code_hash": source_hash(),
            "recipe": recipe,
            "kind": kind,
            "span": data.span,
        }
        run_id = self.store.runs.begin(settings, **said)
        if self._ledger is not None:
            try:
                self._ledger.runs.begin(settings, **said, run_id=run_id)
            except BaseException as error:
                self.store.runs.finish(run_id, "failed", message=str(error))
                raise
        return run_id

    def finish(
        self,
        run_id: str,
        metrics: Mapping[str, Any] | None = None,
        daily: Daily | None = None,
    ) -> None:
        """Say in both that a run has finished; the ledger keeps what counts it.

        Parameters
        ----------
        run_id : str
            From ``begin``.
        metrics : Mapping, optional
            What it came to.
        daily : tuple, optional
            Its returns, as ``RunBook.finish`` takes them.
        """
        if self._ledger is not None:
            kept = {name: told for name, told in (metrics or {}).items() if name in _COUNTED}
            self._ledger.runs.finish(run_id, "finished", kept, daily=daily)
        self.store.runs.finish(run_id, "finished", metrics, daily=daily)

    def fail(self, run_id: str, why: BaseException) -> None:
        """Say in both that a run has failed: it stays a trial."""
        if self._ledger is not None:
            self._ledger.runs.finish(run_id, "failed", message=str(why))
        self.store.runs.finish(run_id, "failed", message=str(why))

    def trials(self, data: Data, own: Own | None = None) -> Trials:
        """Return the trials that either has on overlapping data, as ``trials_of``."""
        books = [self.store.runs] if self._ledger is None else [self.store.runs, self._ledger.runs]
        return trials_of(books, data, own)


@contextmanager
def opened(settings: Settings, out: Path | None) -> Iterator[Book]:
    """Open the store of a folder of runs, and the ledger.

    Parameters
    ----------
    settings : Settings
        ``account.store`` names the store; left out it is a file in the folder.
    out : Path or None
        Folder of runs, made if absent; None opens the ledger alone, for what is written nowhere.

    Yields
    ------
    Book

    Raises
    ------
    DataError, ConfigError, StoreError
        The folder, the store or the ledger cannot be made or opened: a run that could not be
        counted is not made.

    Notes
    -----
    Units: none.  Causal: no data are read.  Missing: made.  Spec 10, METHODS 5.5.
    """
    from quorate.store import open_store  # SQLAlchemy: only where a run is booked

    with ExitStack() as stack:
        if out is None:
            yield Book(stack.enter_context(_opened(place())), None)
            return
        where = folder.store_place(str(settings["account"]["store"]), out)
        store = stack.enter_context(open_store(where))
        path = place()
        ledger = None if _is_at(store, path) else stack.enter_context(_opened(path))
        yield Book(store, ledger)


def _opened(path: Path) -> Store:
    from quorate.store import open_store

    try:
        return open_store(path)
    except MigrationError:
        raise
    except StoreError as error:
        raise StoreError(
            f"the ledger of trials {path} cannot be opened: {error.message}",
            hint=error.hint if error.retryable else _ELSEWHERE,
        ) from error


def _is_at(store: Store, path: Path) -> bool:
    """Whether a store is this very file."""
    url = store.engine.url
    return url.get_backend_name() == "sqlite" and Path(str(url.database)).resolve() == (
        path.resolve()
    )
