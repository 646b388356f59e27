"""Who works is asked for clearly, and whoever works gives the same."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from quorate.errors import ConfigError, ResearchError
from quorate.research.parallel import Workers, alone, together


def _dies_once(folder, piece):
    """Be killed in the middle of the third piece, the first time."""
    mark = Path(folder) / "killed"
    if piece == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return piece * 10


def _always_dies(_folder, _piece):
    os.kill(os.getpid(), signal.SIGKILL)


def _refuses(limit, piece):
    if piece > limit:
        raise ResearchError(f"{piece} is too much", hint="less")
    return piece


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_work_comes_back_in_order(workers):
    with together(workers) as each:
        assert each(pow, 2, [3, 1, 2, 0]) == [8, 2, 4, 1]
        assert each(pow, 2, []) == []


def test_one_worker_starts_nothing():
    with together() as each:
        assert each is alone


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_piece_is_raised_as_it_was(workers):
    with together(workers) as each, pytest.raises(ResearchError, match="3 is too much") as caught:
        each(_refuses, 2, [1, 3, 2, 4])
    assert caught.value.hint == "less"


@pytest.mark.filterwarnings("default")  # joblib may tell of the process that is gone
def test_a_killed_process_costs_no_result(tmp_path):
    with together(2) as each:
        assert each(_dies_once, str(tmp_path), list(range(6))) == [0, 10, 20, 30, 40, 50]
    assert (tmp_path / "killed").exists()


@pytest.mark.filterwarnings("default")
def test_what_kills_every_process_is_given_up(tmp_path):
    with together(2) as each, pytest.raises(ResearchError, match="killed 4 times") as caught:
        each(_always_dies, str(tmp_path), [1, 2])
    assert "memory" in caught.value.hint


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n": 0}, "workers is 0"),
        ({"backend": "spark"}, "backend is 'spark'"),
        ({"backend": "ray"}, "ray needs the address of a cluster"),
        ({"backend": "dask"}, "dask needs the address of a cluster"),
        ({"address": "10.0.0.5:6379"}, "have no address, and '10.0.0.5:6379' was given"),
        ({"n": 4, "backend": "ray", "address": "10.0.0.5:6379"}, "a cluster has as many as"),
    ],
)
def test_what_does_not_go_together_is_refused(asked, said):
    with pytest.raises(ConfigError, match=said) as caught:
        Workers(**asked)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("package", "workers", "extra"),
    [
        ("joblib", Workers(2), "research"),
        ("ray", Workers(backend="ray", address="127.0.0.1:6379"), "ray"),
        ("distributed", Workers(backend="dask", address="tcp://127.0.0.1:8786"), "dask"),
    ],
)
def test_a_library_that_is_not_there_is_told_with_its_command(package, workers, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    with (
        pytest.raises(ConfigError, match=f"package {package}, which is not installed") as caught,
        together(workers) as each,
    ):
        each(pow, 2, [1, 2])
    assert f'pip install "quorate[{extra}]"' in caught.value.hint


@pytest.mark.parametrize(
    ("backend", "address", "said"),
    [
        ("ray", "8.8.8.8:6379", r"8\.8\.8\.8 is public"),
        ("ray", "auto", "'auto' is not the address of a cluster"),
        ("ray", "10.0.0.5:6379", "no token is shown to the Ray cluster"),
        ("dask", "tls://8.8.8.8:8786", r"8\.8\.8\.8 is public"),
        ("dask", "tcp://10.0.0.5:8786", "without TLS"),
        ("dask", "10.0.0.5:8786", "without TLS"),
        ("dask", "ws://127.0.0.1:8786", "without TLS"),
    ],
)
def test_a_cluster_that_is_not_safe_is_not_spoken_to(backend, address, said, monkeypatch):
    """Before its library is even imported."""
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    for package in ("ray", "distributed"):
        monkeypatch.setitem(sys.modules, package, None)
    with (
        pytest.raises(ConfigError, match=said) as caught,
        together(Workers(backend=backend, address=address)),
    ):
        pytest.fail("it was used")
    assert caught.value.hint
