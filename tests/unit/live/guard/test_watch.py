"""The guard as a process of its own: told in five ways, and obeying what was asked before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from quorate import api
from quorate.api import commanding, killing
from quorate.errors import ConfigError, VenueError
from quorate.hands import Verb
from quorate.live.guard.record import Killed, Level, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("ccxt")
pytestmark = pytest.mark.slow


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Path]:
    """Serve an exchange and write the connection to it."""
    out = tmp_path / "exchange.txt"
    command = [sys.executable, "-m", "quorate", "exchange", "serve", "--port", "0", "--json"]
    with (
        out.open("w") as file,
        subprocess.Popen([*command, "--seconds", "120"], stdout=file) as server,
    ):
        row = waited(out)
        path = tmp_path / "connection.json"
        path.touch(mode=0o600)
        symbols = [f"{each.removesuffix('USDT')}/USDT:USDT" for each in row["symbols"]]
        path.write_text(
            json.dumps(
                {
                    "venue": "binance_usdm",
                    "api_key": row["api_key"],
                    "secret": row["secret"],
                    "symbols": symbols,
                    "url": row["url"],
                }
            )
        )
        yield path
        server.terminate()


def waited(path: Path) -> Any:
    for _ in range(3000):
        try:
            return json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            time.sleep(0.02)
    raise AssertionError(f"{path} did not come")


@contextmanager
def guarding(connection: Path, folder: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "quorate", "guard", "--connection", str(connection)]
    with subprocess.Popen([*command, "--folder", str(folder), *more]) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_a_guard_is_told_by_command_and_says_what_is_certain(
    connection: Path, tmp_path: Path
) -> None:
    with guarding(connection, tmp_path / "guard") as process:
        waited(tmp_path / "guard" / "ready.json")
        found = api.kill(tmp_path / "guard", level="cancel", why="tried", by="ann")
        assert process.wait(20) == 0
    assert found["is_safe"]
    assert (found["level"], found["why"], found["positions"]) == ("cancel", "tried", None)
    killed = Record(tmp_path / "guard").killed()
    assert killed is not None
    assert (killed.level, killed.by, found["by"]) == (Level.CANCEL, "ann", "ann")


def test_a_guard_hears_a_kill_in_the_store_and_goes_on_while_it_cannot_be_read(
    connection: Path, tmp_path: Path
) -> None:
    store, folder = tmp_path / "desk.sqlite", tmp_path / "guard"
    store.write_text("no database at all, for as long as it takes to start")
    with guarding(connection, folder, "--store", str(store)) as process:
        waited(folder / "ready.json")
        time.sleep(0.5)
        assert process.poll() is None
        store.unlink()
        api.pause(why="nothing to do with a kill", by="ann", store=store)
        time.sleep(0.5)
        assert process.poll() is None
        commanding.said(Verb.KILL, "", ("the peg is gone", "bob"), store, "main")
        assert process.wait(20) == 0
    killed = Record(folder).killed()
    assert killed is not None
    assert (killed.level, killed.by, killed.why) == (Level.FLATTEN, "store: bob", "the peg is gone")


def test_a_kill_that_was_lifted_in_the_store_is_none(tmp_path: Path) -> None:
    store = tmp_path / "desk.sqlite"
    read_on = killing.kills(store, "main")
    assert read_on(0) == (None, 0)
    commanding.said(Verb.KILL, "", ("the feed", "ann"), store, "main")
    assert read_on(0)[0].why == "the feed"
    commanding.said(Verb.ARM, "", ("looked", "bob"), store, "main")
    assert read_on(0)[0].why == "the feed", "one who asks has not armed anything"
    commanding.said(Verb.ARMED, "", ("looked", "desk"), store, "main")
    assert read_on(0) == (None, 3)
    commanding.said(Verb.KILL, "", ("again", "ann"), store, "main")
    assert read_on(3)[0].why == "again"
    assert read_on(4) == (None, 4)


def test_a_guard_is_told_by_signal(connection: Path, tmp_path: Path) -> None:
    with guarding(connection, tmp_path / "guard") as process:
        ready = waited(tmp_path / "guard" / "ready.json")
        os.kill(ready["pid"], signal.SIGUSR1)
        assert process.wait(20) == 0
    assert waited(tmp_path / "guard" / "done.json")["positions"]["left"] == "()"


def test_a_guard_is_told_over_http_by_who_has_the_token_only(
    connection: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "guard"
    with guarding(connection, folder) as process:
        port = waited(folder / "ready.json")["port"]
        token = (folder / "token").read_text()
        assert (folder / "token").stat().st_mode & 0o077 == 0

        def post(said: str, body: bytes) -> int:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/kill",
                data=body,
                headers={"Authorization": said, "Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code

        good = b'{"level":"cancel","why":"tried","by":"ann"}'
        assert post("Bearer wrong", good) == 401
        assert post("", good) == 401
        for bad in (b"", b"[]", b'{"level":"all","why":"x"}', b'{"level":"cancel"}', b"\xff"):
            assert post(f"Bearer {token}", bad) == 400
        assert process.poll() is None
        assert Record(folder).killed() is None
        assert post(f"Bearer {token}", good) == 202
        assert process.wait(20) == 0
    killed = Record(folder).killed()
    assert killed is not None
    assert killed.by == "http: ann"


def test_a_guard_whose_key_is_wrong_does_not_say_that_it_is_ready(
    connection: Path, tmp_path: Path
) -> None:
    row = json.loads(connection.read_text())
    connection.write_text(json.dumps(row | {"secret": "another"}))
    with guarding(connection, tmp_path / "guard") as process:
        assert process.wait(60) == 2
    assert not (tmp_path / "guard" / "ready.json").exists()


def test_a_flatten_that_was_acknowledged_while_a_cancel_runs_is_carried_out(
    connection: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "guard"
    with guarding(connection, folder) as process:
        ready = waited(folder / "ready.json")
        assert ready["is_tried"]
        (folder / "KILL").write_text("cancel first")
        while (folder / "KILL").exists():
            time.sleep(0.01)
        request = urllib.request.Request(
            f"http://127.0.0.1:{ready['port']}/kill",
            data=b'{"level":"flatten","why":"more"}',
            headers={"Authorization": f"Bearer {(folder / 'token').read_text()}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            assert answer.status == 202
        assert process.wait(20) == 0
    done = waited(folder / "done.json")
    assert (done["level"], done["is_safe"]) == ("flatten", True)
    assert done["positions"] is not None


def test_a_kill_that_was_in_force_before_is_carried_out_at_the_start(
    connection: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "guard"
    Record(folder).mark(Killed(level=Level.FLATTEN, by="ann", why="before", at_ms=1))
    with guarding(connection, folder) as process:
        assert process.wait(60) == 0
    assert waited(folder / "done.json")["why"] == "before"


def test_a_kill_that_nobody_hears_stays_asked_for(tmp_path: Path) -> None:
    with pytest.raises(VenueError, match="no guard answers"):
        api.kill(tmp_path, why="tried", by="ann")
    assert json.loads((tmp_path / "KILL").read_text()) == {
        "by": "ann",
        "level": "flatten",
        "why": "tried",
    }


@pytest.mark.parametrize(("level", "why"), [("all", "x"), ("cancel", " ")])
def test_a_kill_names_its_level_and_why(tmp_path: Path, level: str, why: str) -> None:
    with pytest.raises(ConfigError, match="a kill of level"):
        api.kill(tmp_path, level=level, why=why)


@pytest.mark.parametrize(("failing", "wedged"), [(0.0, False), (0.3, True)])
def test_a_drill_kills_orders_stops_and_positions_in_three_processes(
    failing: float, wedged: bool
) -> None:
    found = api.drill(40, 10, 5, failing=failing, wedged=wedged)
    assert found.is_safe
    assert found.dispatched_ms is not None
    assert found.empty_ms is not None
    assert found.flat_ms is not None
    assert found.empty_ms >= 1_000


@pytest.mark.parametrize(("orders", "stops", "coins"), [(201, 0, 1), (0, 11, 1), (1, 0, 11)])
def test_a_drill_of_more_than_the_exchange_takes_is_refused(
    orders: int, stops: int, coins: int
) -> None:
    with pytest.raises(ConfigError, match="at most 10 coins"):
        api.drill(orders, stops, coins)


def test_drills_tell_how_far_their_times_lie_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from quorate.api import drilling
    from quorate.cli import run

    made = iter(range(1, 1_000))

    def one(*counts: int, failing: float, wedged: bool) -> drilling.Drill:
        number = next(made)
        last = None if number == 200 else 3.0 * number
        return drilling.Drill(
            *counts, failing, wedged, 1.0, 1.0 * number, 2.0 * number, last, number != 200
        )

    monkeypatch.setattr(drilling, "drill", one)
    seen: list[tuple[int, int]] = []
    found = api.drills(100, 4, 2, 1, progress=lambda done, most: seen.append((done, most)))
    assert found.spread("dispatched_ms") == (50.0, 99.0, 100.0)
    assert found.spread("empty_ms") == (100.0, 198.0, 200.0)
    assert (found.is_safe, seen[-1]) == (True, (100, 100))
    with pytest.raises(ConfigError, match="0 drills"):
        api.drills(0)
    assert run(["drill", "--times", "100", "--json"]) == 1, "one of them was not certain"
    told = json.loads(capsys.readouterr().out)
    assert told["dispatched_ms"] == {"p50_ms": 150.0, "p99_ms": 199.0, "max_ms": 200.0}
    assert told["flat_ms"] == {"p50_ms": None, "p99_ms": None, "max_ms": None}
    assert (told["times"], len(told["drills"]), told["is_safe"]) == (100, 100, False)
    assert run(["drill", "--times", "2"]) == 0
    assert "every cancel sent" in capsys.readouterr().out
