"""Run the benchmarks of a checkout: every goal of speed beside its peer.

In: which rows. Out: two tables on the terminal, and whether what is held is still held. The
scripts, and the other systems, are not part of the package: they are in the checkout's
``benchmarks``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "table.py"


def bench(
    words: Sequence[str] = (),
    *,
    data: str | Path | None = None,
    check: bool = False,
    script: Path = SCRIPT,
) -> bool:
    """Measure Quorate in turn with other systems, and by itself; print ratios and figures.

    Parameters
    ----------
    words : sequence of str
        Only rows that contain one of them.
    data : path, optional
        Folder of real five-minute bars, one ``SYMBOL.parquet`` a coin, for the rows of sweeps;
        without it they are left out, and said to be.
    check : bool
        Only rows whose goal is held.
    script : Path
        What measures.

    Returns
    -------
    bool
        With ``check`` whether every goal is held, with a fifth of room; else True.

    Raises
    ------
    ConfigError
        There is no checkout around this package.

    Notes
    -----
    Units: ratios of speeds; those of each goal.  Causal: none.  Missing: a system that is not
    installed is named, and fails a check.  DESIGN 5.
    """
    if not script.is_file():
        raise ConfigError(
            f"there are no benchmarks at {script}",
            hint="clone the repository and `make setup`; the package alone does not carry them",
        )
    given = [*words, *(["--check"] if check else []), *(["--data", str(data)] if data else [])]
    done = subprocess.run([sys.executable, str(script), *given], check=False)  # noqa: S603
    return done.returncode == 0
