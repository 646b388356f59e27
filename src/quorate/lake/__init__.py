"""Market data: files on disk, checked, on one grid, as the panel that a run reads (Spec 13).

``layout`` stores Parquet by vendor, kind, interval, symbol and month; ``kinds`` says what a row is,
``versions`` what was known when, ``manifest`` what the files hold; ``foreign`` reads files of other
naming; ``sources`` reads rows, ``reading`` holds them against the rules of ``governance``,
``resampling`` makes longer bars of shorter ones; ``grid`` puts coins on one regular grid;
``funding`` and ``carry`` add what holding costs, joined ``asof`` each bar; ``instruments`` knows
fees and infers ticks and lots; ``load`` composes them into a ``Panel``, ``certificate`` says what
it is worth; ``synthetic`` makes a market up; ``by_hand`` adds what people asked for; ``columns``
keeps a panel on disk that memory would not hold, with ``arrays`` and ``described`` for its files
and ``generations`` to put a new one in the old one's place.
"""

from __future__ import annotations

from quorate.lake.again import again
from quorate.lake.by_hand import by_hand
from quorate.lake.grid import NEVER
from quorate.lake.load import keep, load
from quorate.lake.panel import Block, Panel, Provenance, blocks
from quorate.lake.spec import PanelSpec, Source
from quorate.lake.synthetic import synthetic

__all__ = [
    "NEVER",
    "Block",
    "Panel",
    "PanelSpec",
    "Provenance",
    "Source",
    "again",
    "blocks",
    "by_hand",
    "keep",
    "load",
    "synthetic",
]
