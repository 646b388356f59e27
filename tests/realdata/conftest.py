"""Where real data are: ``QUORATE_DATA_DIR``, else ``shared/data`` beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _find() -> Path | None:
    """Return the folder of real data, or None."""
    given = os.environ.get("QUORATE_DATA_DIR")
    where = Path(given) if given else ROOT.parent / "shared" / "data"
    return where if (where / "ohlcv").is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real data, or skip."""
    found = _find()
    if found is None:
        pytest.skip(
            "no real market data: set QUORATE_DATA_DIR to a folder with ohlcv/, funding/, book/, "
            "or put one at shared/data beside the repository"
        )
    return found
