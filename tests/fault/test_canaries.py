"""Secrets that are planted in every slot are found nowhere, through the whole life of the commands.

Real processes: what they print, log, leave in files and databases, and have in their environments
and arguments is searched for every spelling of every secret.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.live.secrets.vault_server import ROLE, SECRET_ID, serving

from quorate.live.secrets.scrubber import Scrubber
from quorate.live.secrets.secret import Secret

pytestmark = [pytest.mark.fault, pytest.mark.slow]

WORDS = ("one", "two", "three")
PAIRS = [
    json.dumps({"api_key": f"cAnary+api/{word}=4411", "secret": f"cAnary+secret/{word}=9f02"})
    for word in WORDS
]
TOKENS = [f"cAnary token/{word}+5521&" for word in WORDS]
CHILD = """
import asyncio, logging, os, subprocess, sys, urllib.parse
from quorate import Secret, secrets
from quorate.live.guard.watch import opened
from quorate.live.secrets.connecting import connection
from quorate.live.secrets.entry import Scope
from quorate.live.secrets.harden import harden
from quorate.live.secrets.logs import install
from quorate.live.secrets.scrubber import KNOWN

harden(); install(KNOWN)
logging.basicConfig(level=logging.DEBUG, filename="desk.log")
provider = secrets().open(Scope(sys.argv[1]))
key = provider.get("hook").reveal()
logging.warning("hook %s", key)
logging.error("headers %r", {"X-MBX-APIKEY": key})
line = connection(provider, "binance_usdm", ("BTC/USDT:USDT",), "http://127.0.0.1:1")
print(line, provider.get("hook"), [provider.get("hook")], vars(provider))

async def tries():
    venue = opened(line)
    try:
        await venue.open()
    finally:
        await venue.close()

try:
    asyncio.run(tries())
except Exception:
    logging.exception("the venue: %s", urllib.parse.quote(key))
print(subprocess.run(["env"], capture_output=True, text=True).stdout)
raise RuntimeError(f"https://x/?k={urllib.parse.quote_plus(key)}&signature={'ab' * 32}", key)
"""


@pytest.fixture
def known():
    made = Scrubber()
    made.learn(*map(Secret, (*PAIRS, *TOKENS, SECRET_ID)))
    return made


@pytest.fixture
def life(tmp_path, known):
    """Return what runs a process to its end and searches all that it left behind."""
    outputs = []
    environ = {name: text for name, text in os.environ.items() if "SECRET" not in name}
    environ |= {"QUORATE_CONFIG_DIR": str(tmp_path / "config"), "HOME": str(tmp_path)}

    def run(*words, given="", code=0):
        args = [sys.executable, "-m", "quorate", *words] if words[0] != "-c" else words
        args = [sys.executable, *words] if words[0] == "-c" else args
        pipe = subprocess.PIPE
        with subprocess.Popen(
            args, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environ
        ) as process:
            place = Path("/proc") / str(process.pid)
            if given and place.exists():  # it waits for its standard input
                time.sleep(0.2)
                said = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
                assert not known.knows(said.decode("latin-1"))
            out, err = process.communicate(given, timeout=60)
        assert process.returncode == code, err
        outputs.append((words, out, err))
        return out + err

    yield run
    for words, out, err in outputs:
        assert not known.knows(out), words
        assert not known.knows(err), words
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.parent.name != "given":
            assert not known.knows(path.read_bytes().decode("latin-1")), path


@pytest.mark.skipif(not Path("/etc/machine-id").exists(), reason="a machine without an id")
def test_the_life_of_age_files(life, tmp_path):
    for trade in ([], ["--trade"]):
        if trade:
            life("secrets", "set", "hook", *trade, given=TOKENS[0], code=2)
            life("secrets", "enrol", "--by", "ann")
        for i in range(2):
            life("secrets", "set", "binance_usdm", *trade, given=PAIRS[i])
            life("secrets", "set", "hook", "--kind", "token", *trade, given=TOKENS[i])
        life("secrets", "rotate", "binance_usdm", *trade)
        life("secrets", "rotate", "hook", *trade)
        life("secrets", "set", "hook", "--kind", "token", *trade, given=TOKENS[2])  # three slots
        life("secrets", "set", "hook", "--kind", "venue", *trade, given=TOKENS[2], code=2)
        life("secrets", "set", "Hook", *trade, given=PAIRS[2], code=2)
        life("secrets", "set", "bybit_linear", *trade, given=TOKENS[1], code=2)  # is no pair
        scope = "trade" if trade else "read-only"
        told = life("-c", CHILD, scope, code=1)
        assert "RuntimeError" in told
        assert "<secret>" in told
    assert "previous" in life("secrets", "list")
    life("secrets", "list", "--json")
    life("secrets", "check")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        told = life("secrets", "check", "--venue", "binance_usdm", "--url", url, code=1)
    assert "cannot be opened" in told
    assert "the venue: <secret>" in (tmp_path / "desk.log").read_text()
    life("demo", "--days", "2", "--out", "runs")  # its store and pages are searched too
    (tmp_path / "config" / "secrets" / "trade.age").write_bytes(b"spoilt")
    life("secrets", "check", code=1)


def test_the_life_of_a_vault_server(life, tmp_path):
    with serving(lambda: 0) as server:
        (tmp_path / "given").mkdir(mode=0o700)

        def given():
            path = tmp_path / "given" / "wrapped"
            path.write_text(server.wrap())
            path.chmod(0o600)
            said = {"keeper": "hashicorp", "address": server.address, "role_id": ROLE}
            said["wrapped_file"] = str(path)
            return [word for n, text in said.items() for word in ("--set", f"secrets.{n}={text}")]

        kind = ("--kind", "token")
        life("secrets", "set", "hook", *kind, *given(), given=TOKENS[0])
        life("secrets", "set", "hook", *kind, *given(), given=TOKENS[1])
        life("secrets", "rotate", "hook", *given())
        assert "previous" in life("secrets", "list", *given())
        server.fault = lambda path: 503 if "data" in path else None
        life("secrets", "set", "hook", *kind, *given(), given=TOKENS[2], code=2)
        life("secrets", "check", *given(), code=1)
        server.fault = lambda _path: None
        server.may = ()
        life("secrets", "list", *given(), code=2)
        assert TOKENS[1] in json.dumps(server.kept)


def test_a_desk_leaves_no_core_and_lets_nobody_look(life):
    told = life(
        "-c",
        "from quorate.live.secrets.harden import harden; print(harden());"
        "print(open('/proc/self/limits').read())",
    )
    assert "has_core=False" in told
    line = next(line for line in told.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]
