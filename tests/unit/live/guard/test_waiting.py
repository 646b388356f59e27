"""A guard that waits for a venue, meets a file that is none, or a mark that cannot be read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from quorate.errors import VenueUnavailableError
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.live.guard.hearing import poll
from quorate.live.guard.record import Killed, Level, Record
from quorate.live.guard.watch import Watching

if TYPE_CHECKING:
    from pathlib import Path


def test_a_venue_that_does_not_answer_is_waited_for_and_somebody_is_called_once(
    tmp_path: Path,
) -> None:
    class Slow:
        n_tries = 0

        async def open(self) -> None:
            self.n_tries += 1
            if self.n_tries < 4:
                raise VenueUnavailableError("no answer")

    made: Any = Slow()
    pages: list[str] = []
    said: list[bool] = []
    connection: Any = None
    run_virtually(
        Watching(made, connection, tmp_path, pages.append, say=said.append).reach(), VirtualLoop(0)
    )
    assert made.n_tries == 4
    assert set(said) == {False}
    assert len(pages) == 1


def test_a_sentinel_that_is_no_file_asks_for_everything_once(tmp_path: Path) -> None:
    (tmp_path / "KILL").mkdir()
    asked: list[Killed] = []

    async def main() -> None:
        await asyncio.wait_for(poll(tmp_path, asked.append), 5)

    run_virtually(main(), VirtualLoop(0))
    (killed,) = asked
    assert killed.level is Level.FLATTEN
    assert "cannot be read" in killed.why


def test_a_mark_that_cannot_be_read_is_carried_out_in_full(tmp_path: Path) -> None:
    (tmp_path / "killed.json").write_text("{")
    found = Record(tmp_path).in_force(5)
    assert found is not None
    assert found.level is Level.FLATTEN
