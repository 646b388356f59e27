"""``quorate jobs``: what is planned, what became of it, one by hand, all of them until a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

import quorate
from quorate.cli import run
from quorate.live.schedule.due import GONE
from quorate.store import open_store
from quorate.store.jobs import JobRun, JobState

HOUR = 3_600_000
NOW_MS = time.time_ns() // 1_000_000
HELLO = """
[hello]
cron = "* * * * *"
does = "says hello"
command = ["sh", "-c", "echo hello; exit ${CODE:-0}"]
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "jobs.toml").write_text(HELLO)
    return tmp_path


@pytest.fixture
def kept(place):
    with open_store(place / "desk.sqlite") as store:
        book = store.jobs()
        book.record(
            [
                JobRun("cycle", NOW_MS - 30 * HOUR, JobState.MISSED, "9,000 s late"),
                JobRun("cycle", NOW_MS - 2 * HOUR, JobState.SKIPPED, "still going"),
            ]
        )
        book.claim("cycle", NOW_MS - HOUR, NOW_MS - HOUR)
        book.end("cycle", NOW_MS - HOUR, JobState.DONE, NOW_MS - HOUR + 2_500)
        book.record([JobRun("nightly", NOW_MS - 50 * HOUR, JobState.MISSED, "long ago")])
        book.claim("carry", NOW_MS - HOUR, NOW_MS)
        book.close()  # its process is gone


@pytest.mark.usefixtures("kept")
def test_the_next_and_the_last_run_of_each_job(capsys):
    assert run(["jobs", "--file", "jobs.toml"]) == 0
    said = capsys.readouterr().out
    rows = {line.split()[0]: line for line in said.splitlines()}
    assert set(rows) == {
        "job", "cycle", "health", "carry", "nightly", "attribution", "hello",
    }  # fmt: skip
    assert "done" in rows["cycle"]
    assert "2.5" in rows["cycle"]
    assert "1 skipped, 1 done" in rows["cycle"]
    assert GONE in rows["carry"]
    assert "long ago" in rows["nightly"]
    assert "says hello" in rows["hello"]


@pytest.mark.usefixtures("kept")
def test_every_run_of_some_days(capsys):
    assert run(["jobs", "--days", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    states = [" ".join(line.split()[2:4]) for line in lines[1:]]
    assert states == ["nightly missed", "cycle missed", "cycle skipped", "carry lost", "cycle done"]
    assert run(["jobs", "--days", "7", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in found["runs"]] == [
        "missed",
        "missed",
        "skipped",
        "lost",
        "done",
    ]
    assert [row["job"] for row in found["planned"]][:2] == ["cycle", "health"]
    assert [row.job for row in quorate.jobs().runs] == ["cycle", "carry", "cycle"]


@pytest.mark.usefixtures("place")
def test_without_a_store_it_says_so(capsys):
    assert run(["jobs"]) == 0
    assert "there is no store desk.sqlite" in capsys.readouterr().out


def test_one_by_hand_is_a_row_and_its_failure_the_exit_code(place, capsys, monkeypatch):
    words = ["jobs", "run", "hello", "--file", "jobs.toml", "--by", "ann"]
    assert run(words) == 0
    assert "asked for by ann" in capsys.readouterr().out
    monkeypatch.setenv("CODE", "3")
    assert run([*words, "--json"]) == 1
    row = json.loads(capsys.readouterr().out)
    assert (row["state"], row["by_hand"], row["detail"]["exit"]) == ("failed", True, 3)
    assert (place / "jobs" / row["detail"]["output"]).read_text() == "hello\n"
    assert [run_.by_hand for run_ in quorate.jobs().runs] == [True, True]


@pytest.mark.parametrize(
    ("text", "words", "why"),
    [
        (None, ["run", "hello"], "cannot be read"),
        ("[hello", ["run", "hello"], "are no TOML"),
        ("hello = 1", ["run", "hello"], "is no table"),
        (HELLO, ["run", "helo"], "there is no job helo"),
        (HELLO, ["run", "nightly"], "gives the job nightly no command"),
        ("[hello]\ncron = '* * * * *'", ["run", "hello"], "the job hello says no command"),
        ("[hello]\ncommand = ['true']", ["run", "hello"], "the job hello says no cron"),
        ("[nightly]\ncomand = ['true']", ["run", "nightly"], "there is command"),
        ("[nightly]\ncommand = 'true'", ["run", "nightly"], "give list"),
        ("[nightly]\ncommand = []", ["run", "nightly"], "give its words"),
        ("[nightly]\ncommand = ['true']\nniceness = 20", ["run", "nightly"], "give 0 to 19"),
        ("[nightly]\nmissed = 'none'", ["run", "nightly"], "give skip, latest, every"),
        ("[nightly]\nlate_s = true", ["run", "nightly"], "give int"),
        ("", ["serve"], "no job of jobs.toml has a command"),
    ],
)
def test_what_cannot_be_meant_is_refused(place, text, words, why, capsys):
    path = place / "jobs.toml"
    path.unlink() if text is None else path.write_text(text)
    assert run(["jobs", *words, "--file", "jobs.toml"]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_served_until_a_signal_each_run_is_a_row():
    words = [sys.executable, "-m", "quorate", "jobs", "serve", "--file", "jobs.toml"]
    served = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert served.stdout.readline() == "at their times, UTC: hello\n"
    end = time.monotonic() + 150
    states = []
    while "done" not in states and time.monotonic() < end:
        time.sleep(1)
        states = [str(row.state) for row in quorate.jobs().runs]
    served.send_signal(signal.SIGTERM)
    assert served.wait(30) == 0
    served.stdout.close()
    assert states[:2] == ["skipped", "done"]
