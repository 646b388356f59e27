"""Whether a run may speak for a version: it has the recipe's settings, and the ledger booked it.

In: the folder of a run as it was read, a version, a store. Out: what the ledger has of the run, or
a ``RegistryError`` that says what is otherwise. A folder is somebody's files: what was booked when
it was made decides what counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.api.booking import FILES
from quorate.api.folder import file_digests, settings_of, store_place
from quorate.api.recipes import settings_told
from quorate.api.trials import record
from quorate.errors import QuorateError, RegistryError
from quorate.records import canonical_json
from quorate.report.arms import days_of
from quorate.report.formats import counted
from quorate.report.plain import plain
from quorate.research.windows import MIN_PURGE_DAYS, PURGE_DAYS
from quorate.statistics.trades import hits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quorate.report.reading import Run
    from quorate.research.versions import Version
    from quorate.store import Store
    from quorate.store.runs import Run as Booked

_KEPT: Final = 1e-6
"""How exactly a ledger keeps the return of a day: to seven digits, here with room."""


def require_settings(run: Run, version: Version) -> None:
    """Refuse a run whose settings are not those of a version's recipe.

    Raises
    ------
    RegistryError
        It names the first that differs, with both values. Sections that decide nothing
        (``binding.UNTOLD``) may differ.
    """
    told = settings_told(settings_of(run.about).values)
    if why := first_other(told, version.recipe.get("settings") or {}):
        raise refused(run, f"has other settings than the recipe of {version.name}: {why}")


def require_gap(run: Run) -> None:
    """Refuse a walk forward with fewer days between learning and test than Spec 3 asks.

    Raises
    ------
    RegistryError
        It names the gap, the bound and what to run. A label that is longer was refused when the
        walk was made.
    """
    days = run.about["walk"]["plan"]["purge_days"]
    if days < MIN_PURGE_DAYS:
        raise refused(
            run,
            f"left {counted(days, 'day')} between what it learned from and its test: what shows a "
            f"recipe leaves at least {MIN_PURGE_DAYS}, and no fewer than its longest label",
            hint=f"make it anew: quorate walkforward --purge-days {PURGE_DAYS}, all else as it was",
        )


def require_booked(run: Run, store: Store) -> Booked:
    """Return what a ledger has of a run; refuse a folder that holds something else.

    Raises
    ------
    RegistryError
        The run is not finished there, or its settings, its models, its data, the return of a day
        or what its trades won and lost are others; or a file of its folder (fills, benchmark,
        trades, equity, run.json) has other bytes than were booked when it was made.
    StoreError
        The ledger has no such run.
    """
    run_id = str(run.about["run_id"])
    booked = store.runs.get(run_id)
    own, kept = record(days_of(run)), store.runs.daily([run_id]).get(run_id)
    if (
        booked.status != "finished"
        or booked.data_hash != run.about["data"]["digest"]
        or not _is_of_models(run, booked)
        or not _is_of_trades(run, booked)
        or first_other(settings_told(run.about["settings"]), settings_told(booked.settings))
        or own is None
        or kept is None
        or own[:2] != kept[:2]
        or not np.allclose(own[2], kept[2], rtol=_KEPT, atol=1e-9, equal_nan=True)
    ):
        raise refused(run, "is not what the ledger booked: its folder was changed, or it broke off")
    if changed := _changed_files(run, booked):
        names = ", ".join(changed)
        raise refused(run, f"is not what the ledger booked: {names} changed since it was made")
    return booked


def require_vouched(run: Run, version: Version, out: Path) -> None:
    """Refuse a run that is not of a version's settings, or not as the ledger of ``out`` has it.

    Raises
    ------
    RegistryError, StoreError
        As ``require_settings`` and ``require_booked``.
    """
    from quorate.store import open_store  # SQLAlchemy: only where a ledger is asked

    require_settings(run, version)
    account = settings_of(run.about)["account"]
    with open_store(store_place(str(account["store"]), out)) as store:
        require_booked(run, store)


def first_other(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return in words the first setting that differs, by section and name; empty where none does.

    Examples
    --------
    >>> first_other({"consensus": {"k": 9.0}}, {"consensus": {"k": 0.5}})
    'consensus.k is 9.0, the recipe has 0.5'
    >>> first_other({"consensus": {"k": 0.5}}, {"consensus": {"k": 0.5}})
    ''
    """
    for section in sorted({*told, *wanted}):
        ours, theirs = (dict(each.get(section) or {}) for each in (told, wanted))
        for name in sorted({*ours, *theirs}):
            found = [each.get(name) for each in (ours, theirs)]
            if canonical_json(found[:1]) != canonical_json(found[1:]):
                return f"{section}.{name} is {found[0]}, the recipe has {found[1]}"
    return ""


def _changed_files(run: Run, booked: Booked) -> list[str]:
    """Return which files of a folder have other bytes than when they were booked, or are gone."""
    kept: Mapping[str, str] = (booked.metrics or {}).get(FILES, {"run.json": ""})
    own = {} if run.folder is None else file_digests(run.folder)
    return sorted(name for name in {*kept, *own} if kept.get(name) != own.get(name))


def _is_of_models(run: Run, booked: Booked) -> bool:
    """Return whether the models a folder names are those that were booked; a walk makes its own."""
    digest = (run.about.get("models") or {}).get("digest", "")
    return booked.kind == "walkforward" or not digest or f"models:{digest}" in booked.recipe


def _is_of_trades(run: Run, booked: Booked) -> bool:
    """Return whether the trades of a folder won and lost what was booked of them."""
    kept = dict((booked.metrics or {}).get("net", {}))
    found = plain(hits(run.trades["net_pnl"].to_numpy())._asdict())
    return all(kept[name] == value for name, value in found.items() if name in kept)


_NAME_ANOTHER: Final = "name a run of this recipe, as it was made"


def refused(run: Run, why: str, hint: str = _NAME_ANOTHER) -> QuorateError:
    """Return the error of a run that does not count."""
    return RegistryError(f"the run {run.about['run_id']} {why}", hint=hint)
